"""A question that can be answered: what was read of a query node, or of flat filters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from insights_engine import kinds

from insights_api.asked import CREDENTIALS, in_address

if TYPE_CHECKING:
    from datetime import datetime

    from insights_engine.answer import Answer
    from insights_engine.project import Project
    from insights_engine.results.entry import Moves
    from insights_engine.services import Services

_WITHIN_A_DAY = re.compile(r"\d[hM]")
_WRITTEN_OUT = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")
# Flat questions whose answers tell where the people behind them are: `module:function` of this package.
PEOPLE = {"RetentionQuery": "people_links:add_to_retention", "FunnelsQuery": "people_links:add_to_funnel"}


@dataclass(frozen=True, slots=True)
class Question:
    """`asked` is as it came, `query` what was read of it.

    `site`: flat questions that name one get the addresses of the people behind the answer.
    """

    kind: str
    asked: Mapping[str, Any]
    is_node: bool
    query: Any
    site: str | None = None

    def answer(self, project: Project, services: Services, now: datetime) -> Answer:
        found = kinds.answer(self.kind, self.query, project, services, now)
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
    return question_within(*kinds.unwrapped(value, field))


def question_within(node: dict[str, Any], field: str) -> Question:
    """Of a node that `kinds.unwrapped` gave, and where it stands."""
    return Question(node["kind"], node, True, kinds.parse_node(node["kind"], node, field))


def question_of_flat(values: Mapping[str, Any], kind: str | None = None, site: str | None = None) -> Question:
    """Of flat filters; without a kind, of that which they name themselves."""
    kind = kind or kinds.kind_of_flat(values)
    return Question(kind, values, False, kinds.parse_legacy(kind, values), site)


def question_again(told: Mapping[str, Any]) -> Question:
    """What `told` gave, perhaps elsewhere."""
    if told["is_node"]:
        return question_of_node(told["asked"])
    return question_of_flat(told["asked"], told["kind"], told["site"])
