"""One trend query, whichever form of the request it came in. Frozen, checked, without a clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from insights_engine.definitions import cohorts_in
from insights_engine.entities import AnyOf, Entity, action_ids
from insights_engine.filters import COHORT_TYPES, EVERYTHING, Group, leaves
from insights_engine.intervals import INTERVALS, Interval
from insights_engine.project import Project
from insights_engine.trend.displays import DEFAULT_DISPLAY, Display
from insights_engine.trend.maths import TOTAL, Math

MAX_SERIES = 26
MAX_BREAKDOWNS = 3
MAX_BREAKDOWN_LIMIT = 1000
ALL_USERS: Literal["all"] = "all"


@dataclass(frozen=True, slots=True)
class Series:
    entity: Entity
    math: Math = TOTAL
    math_name: str | None = None
    math_property: str | None = None
    math_property_type: str = "event"
    math_hogql: str | None = None
    math_group_type_index: int | None = None
    math_multiplier: float | None = None
    filter: Group = EVERYTHING
    field: str = "series"


@dataclass(frozen=True, slots=True)
class Breakdown:
    """By one property; `bins` cuts its numbers into that many ranges of equal width."""

    property: str
    type: str = "event"
    group_type_index: int | None = None
    normalize_url: bool = False
    bins: int | None = None
    field: str = "breakdown"


@dataclass(frozen=True, slots=True)
class BreakdownBy:
    """All breakdowns of a query. `as_list`: values are lists even for one; `cohorts` excludes properties."""

    properties: tuple[Breakdown, ...] = ()
    cohorts: tuple[int | Literal["all"], ...] = ()
    as_list: bool = False
    limit: int | None = None
    hide_other: bool = False

    @property
    def expressions(self) -> list[str]:
        return [b.property for b in self.properties if b.type == "hogql"]

    def __bool__(self) -> bool:
        return bool(self.properties or self.cohorts)


@dataclass(frozen=True, slots=True)
class Formula:
    text: str
    custom_name: str | None = None
    # Where it stood in the request.
    field: str = "formula"

    @property
    def label(self) -> str:
        return self.custom_name or f"Formula ({self.text})"


@dataclass(frozen=True, slots=True)
class TrendQuery:
    series: tuple[Series, ...]
    date_from: str | None = None
    date_to: str | None = None
    explicit_date: bool = False
    interval: Interval = INTERVALS["day"]
    filter: Group = EVERYTHING
    filter_test_accounts: bool = False
    breakdown: BreakdownBy = BreakdownBy()
    display: Display = DEFAULT_DISPLAY
    formulas: tuple[Formula, ...] = ()
    compare: bool = False
    compare_to: str | None = None
    smoothing: int = 1
    sampling: float | None = None
    # Lifecycle only: groups of that type instead of persons.
    actor_group_index: int | None = None

    @property
    def breakdown_limit(self) -> int:
        return self.breakdown.limit or self.display.breakdown_limit

    def has_expression(self, project: Project) -> bool:
        """Whether anything in it may be SQL that a user wrote; an action or cohort may hold some as well."""
        tests = str(project.test_account_filters) if self.filter_test_accounts else ""
        trees = self.filters()
        return bool(
            any(leaf.type in ("hogql", *COHORT_TYPES) for tree in trees for leaf in leaves(tree))
            or any(s.math.source == "hogql" or action_ids(s.entity) for s in self.series)
            or self.breakdown.expressions
            or "hogql" in tests
        )

    def filters(self) -> list[Group]:
        """Every filter in the query, those of combined series' members included."""
        members = [s.entity.members for s in self.series if isinstance(s.entity, AnyOf)]
        return [self.filter, *(s.filter for s in self.series), *(own for pairs in members for _, own in pairs)]

    def referred(self) -> tuple[set[int], list[Group], set[int | str]]:
        """Actions, filters (which may name cohorts) and cohorts, by id or name, that the query refers to."""
        actions = {i for s in self.series for i in action_ids(s.entity)}
        written = cohorts_in(*(s.math_hogql for s in self.series), *self.breakdown.expressions)
        return actions, self.filters(), {c for c in self.breakdown.cohorts if isinstance(c, int)} | written


def echo(query: TrendQuery, resolved: dict[str, Any]) -> dict[str, Any]:
    """The resolved query as clients of the legacy form read it back, nulls dropped."""
    by = query.breakdown
    values: dict[str, Any] = {
        "insight": "TRENDS",
        **resolved,
        "entity_type": "events",
        "interval": query.interval.name,
        "display": query.display.name,
        "formula": query.formulas[0].text if query.formulas else None,
        "compare": True if query.compare else None,
        "compare_to": query.compare_to,
        "smoothing_intervals": query.smoothing if query.smoothing > 1 else None,
        "sampling_factor": query.sampling,
        "filter_test_accounts": True if query.filter_test_accounts else None,
        "breakdown": [b.property for b in by.properties] or list(by.cohorts) or None,
        "breakdown_type": "cohort" if by.cohorts else by.properties[0].type if by.properties else None,
        "breakdown_limit": by.limit,
    }
    if by.properties and not by.as_list:
        values["breakdown"] = by.properties[0].property
    return {name: value for name, value in values.items() if value is not None}
