"""Which questions there are, a row a kind of query node: the one place that tells one kind from another.

Each kind is a package of the engine with the same modules: `node` and `legacy` read the two forms of a request into one
frozen query, `answer` plans, compiles, reads and shapes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from insights_engine.errors import ParseError, nearest, unknown

if TYPE_CHECKING:
    from datetime import datetime

    from insights_engine.answer import Answer
    from insights_engine.project import Project
    from insights_engine.services import Services

# Nodes that wrap the one to answer, as `source`.
WRAPPERS = ("InsightVizNode", "DataVisualizationNode", "DataTableNode")
_MOST_WRAPPERS = 5


class Kind(NamedTuple):
    """`older`: what flat filters call it as `insight`; none where it cannot be asked for in that form."""

    package: str
    older: tuple[str, ...] = ()


KINDS = {
    "TrendsQuery": Kind("trend", ("TRENDS", "SESSIONS")),
    "LifecycleQuery": Kind("lifecycle", ("LIFECYCLE",)),
    "StickinessQuery": Kind("stickiness", ("STICKINESS",)),
    "RetentionQuery": Kind("retention", ("RETENTION",)),
    "PathsQuery": Kind("path", ("PATHS",)),
    "FunnelsQuery": Kind("funnel", ("FUNNELS",)),
    "HogQLQuery": Kind("hogql.statements"),
    "EventsQuery": Kind("hogql.events"),
}
# Nodes that ask for the people behind a part of an insight's answer; alone, or in an ActorsQuery.
OF_PEOPLE = ("InsightActorsQuery", "FunnelsActorsQuery", "StickinessActorsQuery")
# What reads whatever it names, persons too.
STATEMENTS = frozenset({"HogQLQuery", "EventsQuery"})
OLDER_NAMES = {name: kind for kind, row in KINDS.items() for name in row.older}
# Every module of the above that is loaded by the first question of its kind.
MODULES = tuple(
    f"insights_engine.{row.package}.{part}"
    for row in KINDS.values()
    for part in ("node", "legacy", "answer")
    if row.older or part != "legacy"
)


def unwrapped(value: Any, field: str = "query") -> tuple[dict[str, Any], str]:
    """The node of a known kind inside its wrappers, and where it is. Raises ParseError."""
    for _ in range(_MOST_WRAPPERS):
        kind = value.get("kind") if isinstance(value, dict) else None
        if kind is None:
            raise ParseError(f"{field} must be a query node, an object with a kind")
        if isinstance(kind, str) and kind in WRAPPERS:
            value, field = value.get("source"), f"{field}.source"
            continue
        if not isinstance(kind, str) or kind not in KINDS:
            hint = nearest(kind, KINDS) or f"; known are: {', '.join(KINDS)}"
            raise ParseError(f'{field}.kind "{str(kind)[:100]}" is not known{hint}')
        return value, field
    raise ParseError(f"{field} is wrapped too often")


def people_node(value: Any, field: str = "query") -> tuple[dict[str, Any], str] | None:
    """A node that asks for people, also inside of those that wrap it, and where it is; null for anything else."""
    for _ in range(_MOST_WRAPPERS):
        if isinstance(value, dict) and value.get("kind") in WRAPPERS:
            value, field = value.get("source"), f"{field}.source"
    asks = isinstance(value, dict) and value.get("kind") in ("ActorsQuery", *OF_PEOPLE)
    return (value, field) if asks else None


def kind_of_flat(values: Mapping[str, Any], known: Mapping[str, str] = OLDER_NAMES) -> str:
    """The kind of node that asks the same, by `insight`; `shown_as=Stickiness` chooses by itself."""
    insight = values.get("insight") or "TRENDS"
    name = insight.upper() if isinstance(insight, str) else insight
    if name == "TRENDS" and values.get("shown_as") == "Stickiness":
        name = "STICKINESS"
    if not isinstance(name, str) or name not in known:
        raise unknown("insight", insight, known)
    return known[name]


def parse_node(kind: str, node: dict[str, Any], field: str = "query") -> Any:
    """The node as its kind's frozen query. Raises ParseError and ValidationError."""
    return _function(kind, "node", "parse_node")(node, field)


def parse_legacy(kind: str, values: Mapping[str, Any]) -> Any:
    """Flat filters as their kind's frozen query. Raises ValidationError."""
    return _function(kind, "legacy", "parse_legacy")(values)


def answer(kind: str, query: Any, project: Project, services: Services, now: datetime) -> Answer:
    """Raises ValidationError, and Overloaded when ClickHouse hits a limit."""
    found: Answer = _function(kind, "answer", "answer")(query, project, services, now)
    return found


def _function(kind: str, module: str, name: str) -> Callable[..., Any]:
    """Imported where it is needed: a function answers few kinds."""
    found: Callable[..., Any] = getattr(import_module(f"insights_engine.{KINDS[kind].package}.{module}"), name)
    return found
