"""Which insight answers a request: one row a kind of query node, and one a value of the legacy `insight` parameter."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from insights_acl import project_slots, rate_limits
from insights_acl.access import Access
from insights_engine.errors import ParseError, nearest, unknown

from insights_api.questions import CREDENTIALS, in_address

if TYPE_CHECKING:
    from datetime import datetime

    from fastapi import Request
    from insights_engine.answer import Answer
    from insights_engine.clickhouse import Cost
    from insights_engine.project import Project
    from insights_engine.results.entry import Moves
    from insights_engine.services import Services

# Nodes that wrap the one to answer, as `source`.
WRAPPERS = frozenset({"InsightVizNode", "DataVisualizationNode", "DataTableNode"})


class Kind(NamedTuple):
    """Where the two forms of a question are read, and where it is answered: `module:function` of the engine.

    `flat` is empty where there is no such form.
    """

    node: str
    flat: str
    answer: str


KINDS = {
    "TrendsQuery": Kind("trend.node:parse_node", "trend.legacy:parse_legacy", "trend.answer:answer"),
    "LifecycleQuery": Kind("lifecycle.answer:parse_node", "trend.legacy:parse_legacy", "lifecycle.answer:answer"),
    "StickinessQuery": Kind(
        "stickiness.model:parse_node", "stickiness.model:parse_filters_form", "stickiness.answer:answer"
    ),
    "RetentionQuery": Kind("retention.node:parse_node", "retention.legacy:parse_legacy", "retention.answer:answer"),
    "PathsQuery": Kind("path.node:parse_node", "path.legacy:parse_legacy", "path.answer:answer"),
    "FunnelsQuery": Kind("funnel.node:parse_node", "funnel.legacy:parse_legacy", "funnel.answer:answer"),
    "HogQLQuery": Kind("hogql.statements.node:parse_node", "", "hogql.statements.answer:answer"),
    "EventsQuery": Kind("hogql.events_query:parse_node", "", "hogql.events_answer:answer"),
}
# What reads whatever it names, persons too.
STATEMENTS = frozenset({"HogQLQuery", "EventsQuery"})
# The kinds that the older parameters ask for.
KIND_OF = {
    "TRENDS": "TrendsQuery",
    "SESSIONS": "TrendsQuery",
    "LIFECYCLE": "LifecycleQuery",
    "STICKINESS": "StickinessQuery",
    "PATHS": "PathsQuery",
    "FUNNELS": "FunnelsQuery",
}
_WITHIN_A_DAY = re.compile(r"\d[hM]")
_WRITTEN_OUT = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")
# Flat questions whose answers tell where the people behind them are: `module:function` of this package.
PEOPLE = {"RetentionQuery": "people_links:add_to_retention", "FunnelsQuery": "people_links:add_to_funnel"}


@dataclass(frozen=True, slots=True)
class Question:
    """One that can be answered. `asked` is as it came, `query` what was read of it.

    `site`: flat questions that name one get the addresses of the people behind the answer.
    """

    kind: str
    asked: Mapping[str, Any]
    is_node: bool
    query: Any
    site: str | None = None

    def answer(self, project: Project, services: Services, now: datetime) -> Answer:
        found: Answer = _function(KINDS[self.kind].answer)(self.query, project, services, now)
        if self._tells_people:
            module, _, name = PEOPLE[self.kind].partition(":")
            getattr(import_module(f"insights_api.{module}"), name)(found, project.id, self.asked, self.site)
        return found

    def told(self) -> dict[str, Any]:
        """What `question_again` makes it from; never what a request was let in with."""
        asked = {name: value for name, value in self.asked.items() if name not in CREDENTIALS}
        return {"kind": self.kind, "asked": asked, "is_node": self.is_node, "site": self.site}

    @property
    def shown(self) -> str:
        """What of the request stands in the answer."""
        return f"{self.site}?{urlencode(in_address(self.asked))}" if self._tells_people else ""

    @property
    def interval(self) -> str | None:
        """The width of the buckets, where the question has some."""
        query = getattr(self.query, "trend", self.query)
        row = getattr(query, "interval", None) or getattr(query, "period", None)
        return row.name.lower() if row is not None else None

    @property
    def moves(self) -> Moves:
        """`-1d` is another day tomorrow, `-1h` another hour soon."""
        query = getattr(self.query, "trend", self.query)
        ends = (query.date_from, query.date_to)
        if all(end is not None and (end == "all" or _WRITTEN_OUT.match(end)) for end in ends):
            return "never"
        return "always" if any(end is not None and _WITHIN_A_DAY.search(end) for end in ends) else "daily"

    @property
    def _tells_people(self) -> bool:
        return self.site is not None and not self.is_node and self.kind in PEOPLE


def question_of_node(value: Any, field: str = "query") -> Question:
    """Of a query node, wrappers taken off. Raises ParseError for what is none."""
    node, field = unwrapped(value, field)
    return Question(node["kind"], node, True, parsed_node(node["kind"], node, field))


def question_of_flat(values: Mapping[str, Any], kind: str | None = None, site: str | None = None) -> Question:
    """Of flat filters; without a kind, of that which they name themselves."""
    kind = kind or kind_of_filters(values)
    return Question(kind, values, False, parsed_flat(kind, values), site)


def question_again(told: Mapping[str, Any]) -> Question:
    """What `told` gave, perhaps elsewhere."""
    if told["is_node"]:
        return question_of_node(told["asked"])
    return question_of_flat(told["asked"], told["kind"], told["site"])


def parsed_node(kind: str, node: dict[str, Any], field: str = "query") -> Any:
    """The node as its kind's frozen query."""
    return _function(KINDS[kind].node)(node, field)


def parsed_flat(kind: str, values: Mapping[str, Any]) -> Any:
    """Flat filters as their kind's frozen query."""
    return _function(KINDS[kind].flat)(values)


def _function(place: str) -> Callable[..., Any]:
    """Imported where it is needed: a function answers few kinds."""
    module, _, name = place.partition(":")
    found: Callable[..., Any] = getattr(import_module(f"insights_engine.{module}"), name)
    return found


def answer_node(value: Any, access: Access, field: str = "query") -> Answer:
    """The answer of a query node, computed now. Raises ParseError for what is none."""
    return answered_now(question_of_node(value, field), access)


def unwrapped(value: Any, field: str = "query") -> tuple[dict[str, Any], str]:
    """The node of a known kind inside its wrappers, and where it is. Raises ParseError."""
    for _ in range(5):
        if not isinstance(value, dict):
            raise ParseError(f"{field} must be a query node, an object with a kind")
        kind = value.get("kind")
        if isinstance(kind, str) and kind in WRAPPERS:
            value, field = value.get("source"), f"{field}.source"
            continue
        if not isinstance(kind, str) or kind not in KINDS:
            raise ParseError(f'{field}.kind "{str(kind)[:100]}" is not known{nearest(kind, KINDS)}')
        return value, field
    raise ParseError(f"{field} is wrapped too often")


def answer_filters(values: Mapping[str, Any], access: Access) -> Answer:
    """The answer of flat filters, computed now."""
    return answered_now(question_of_flat(values), access)


def answered_now(question: Question, access: Access) -> Answer:
    """For what is not kept, such as an export: it counts in the key's rate, and has its place among the project's."""
    rate_limits.take_to_compute(access)
    with project_slots.slot(access.services, access.project.id):
        return question.answer(access.project, access.services, access.now)


def kind_of_filters(values: Mapping[str, Any], known: Mapping[str, str] = KIND_OF) -> str:
    """The kind of node that asks the same, by `insight`; `shown_as=Stickiness` chooses by itself."""
    insight = values.get("insight") or "TRENDS"
    name = insight.upper() if isinstance(insight, str) else insight
    if name == "TRENDS" and values.get("shown_as") == "Stickiness":
        name = "STICKINESS"
    if not isinstance(name, str) or name not in known:
        raise unknown("insight", insight, known)
    return known[name]


def what_it_took(found: Answer, request: Request) -> dict[str, Any]:
    """What an answer that is never kept cost in ClickHouse, and with `?explain=true` how it came about."""
    took = what_it_cost(found.total_cost)
    return took | {"explain": explanation(found)} if wants_explanation(request) else took


def wants_explanation(request: Request) -> bool:
    """`?explain=true`: the statements that gave the answer, and why."""
    return request.query_params.get("explain", "").lower() in ("true", "1")


def what_it_cost(cost: Cost) -> dict[str, Any]:
    return {
        "timings": [{"k": "clickhouse", "t": round(cost.milliseconds / 1000, 6)}],
        "query_cost": {
            "rows_read": cost.rows_read,
            "bytes_read": cost.bytes_read,
            "clickhouse_ms": cost.milliseconds,
        },
    }


def explanation(found: Answer) -> dict[str, Any]:
    """The statements that gave the answer, and why there are two where there are."""
    explain: dict[str, Any] = {
        "sql": found.sql.text,
        "parameters": found.sql.params,
        "resolved_date_range": found.resolved_date_range,
        "applied_filters": found.applied_filters,
    }
    if found.before is not None:
        first = {"sql": found.before.sql.text, "parameters": found.before.sql.params, "why": found.before.why}
        explain["ran_before"] = [first]
    return explain
