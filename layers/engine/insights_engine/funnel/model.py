"""One funnel query, whichever form of the request it came in; and the tables of what it may name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from insights_engine.entities import AnyOf, Entity, action_ids
from insights_engine.filters import COHORT_TYPES, EVERYTHING, Group, leaves
from insights_engine.intervals import INTERVALS, Interval
from insights_engine.project import Project
from insights_engine.trend.model import BreakdownBy, Series, TrendQuery

ORDERED, STRICT, UNORDERED = "ordered", "strict", "unordered"
ORDERS = {
    ORDERED: "the steps in their order; other events may lie between",
    STRICT: "the steps in their order, and no other event of the person between",
    UNORDERED: "the steps in any order",
}
STEPS, TIME_TO_CONVERT, TRENDS = "steps", "time_to_convert", "trends"
VIZ_TYPES = {
    STEPS: "how many reached each step, and how long it took them",
    TIME_TO_CONVERT: "a histogram of the seconds from one step to another",
    TRENDS: "the share that converted, by when they entered",
}
FIRST_TOUCH, LAST_TOUCH, ALL_EVENTS, STEP = "first_touch", "last_touch", "all_events", "step"
ATTRIBUTIONS = {
    FIRST_TOUCH: "the first value of the person's steps",
    LAST_TOUCH: "the last value of the person's steps",
    ALL_EVENTS: "the value that every step of the run has",
    STEP: "the value of one step, or of any in an unordered funnel",
}
# A month is as long as the longest.
UNITS = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=31),
}
DEFAULT_WINDOW, DEFAULT_UNIT = 14, "day"
# Longer than any range that can be asked for.
MAX_WINDOW = timedelta(days=366 * 200)
MAX_BINS = 90
DEFAULT_BREAKDOWN_LIMIT = 25
# The steps of an unordered funnel that one event could fill are told apart by looking at each set of them.
MAX_OVERLAPPING = 5


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Who does this after step `from_step` and before step `to_step` (from 0) of a run is out of it."""

    entity: Entity
    from_step: int
    to_step: int
    filter: Group = EVERYTHING


_NO_BREAKDOWN = BreakdownBy()


@dataclass(frozen=True, slots=True)
class FunnelQuery:
    """`from_step` and `to_step` count from 0; None is the first and the last."""

    steps: tuple[Series, ...]
    date_from: str | None = None
    date_to: str | None = None
    explicit_date: bool = False
    interval: Interval = INTERVALS["day"]
    filter: Group = EVERYTHING
    filter_test_accounts: bool = False
    sampling: float | None = None
    # The actor: the person, the group of a type, or what an expression gives.
    group_index: int | None = None
    actor_expression: str | None = None
    order: str = ORDERED
    viz: str = STEPS
    window: timedelta = UNITS[DEFAULT_UNIT] * DEFAULT_WINDOW
    from_step: int | None = None
    to_step: int | None = None
    bins: int | None = None
    exclusions: tuple[Exclusion, ...] = ()
    breakdown: BreakdownBy = _NO_BREAKDOWN
    attribution: str = FIRST_TOUCH
    attribution_step: int = 0
    is_legacy: bool = False

    @classmethod
    def of(cls, shared: TrendQuery) -> FunnelQuery:
        """What a funnel has in common with a trend."""
        return cls(
            steps=shared.series,
            date_from=shared.date_from,
            date_to=shared.date_to,
            explicit_date=shared.explicit_date,
            interval=shared.interval,
            filter=shared.filter,
            filter_test_accounts=shared.filter_test_accounts,
            sampling=shared.sampling,
            group_index=shared.actor_group_index,
            breakdown=shared.breakdown,
        )

    @property
    def first(self) -> int:
        return self.from_step or 0

    @property
    def last(self) -> int:
        return len(self.steps) - 1 if self.to_step is None else self.to_step

    @property
    def actor_field(self) -> str:
        """What the request calls the expression, for its errors."""
        return "funnel_aggregate_by_hogql" if self.is_legacy else "funnelsFilter.funnelAggregateByHogQL"

    @property
    def breakdown_limit(self) -> int:
        return self.breakdown.limit or DEFAULT_BREAKDOWN_LIMIT

    def entities(self) -> list[Entity]:
        return [step.entity for step in self.steps] + [exclusion.entity for exclusion in self.exclusions]

    def filters(self) -> list[Group]:
        members = [entity.members for entity in self.entities() if isinstance(entity, AnyOf)]
        return [
            self.filter,
            *(step.filter for step in self.steps),
            *(exclusion.filter for exclusion in self.exclusions),
            *(own for pairs in members for _, own in pairs),
        ]

    def has_expression(self, project: Project) -> bool:
        """Whether anything in it may be SQL that a user wrote."""
        kinds = {leaf.type for tree in self.filters() for leaf in leaves(tree)}
        return bool(
            self.actor_expression
            or kinds & {"hogql", *COHORT_TYPES}
            or any(action_ids(entity) for entity in self.entities())
            or self.breakdown.expressions
            or self.breakdown.cohorts
            or (self.filter_test_accounts and "hogql" in str(project.test_account_filters))
        )
