"""One retention query, whichever form of the request it came in; and the tables of what it may name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from insights_engine.entities import ActionEntity, EventEntity, action_ids
from insights_engine.filters import COHORT_TYPES, EVERYTHING, Group, leaves
from insights_engine.project import Project
from insights_engine.retention.periods import PERIODS, Period
from insights_engine.trend.model import MAX_BREAKDOWN_LIMIT, BreakdownBy

MAX_INTERVALS = 1000
DEFAULT_BREAKDOWN_LIMIT = 25
# A cell's key is row * CELL + column.
CELL = 100_000


@dataclass(frozen=True, slots=True)
class RetentionType:
    """How an actor enters a cohort: in every period with a target event, or `enters_once`, with the first one ever.

    `own_filters_later`: the first one is looked for whatever the target's own filters say, and must then pass them.
    """

    help: str
    enters_once: bool = True
    own_filters_later: bool = False


RETENTION_TYPES = {
    "retention_recurring": RetentionType("in every period with the target event", enters_once=False),
    "retention_first_time": RetentionType(
        "in the period of the first event ever that matches the target and all filters"
    ),
    "retention_first_ever_occurrence": RetentionType(
        "in the period of the first target event ever, if it passes its own filters", own_filters_later=True
    ),
}
RECURRING, FIRST_TIME = RETENTION_TYPES["retention_recurring"], RETENTION_TYPES["retention_first_time"]

# A cell's value from the property's sum and the number of actors; where there is none the actors are counted.
Aggregation = Callable[[float, float], float] | None
AGGREGATIONS: dict[str, Aggregation] = {
    "count": None,
    "sum": lambda amount, _: amount,
    "avg": lambda amount, actors: amount / actors if actors else 0.0,
}
# Whether an actor's periods run from its own first target event.
WINDOW_MODES = {"strict_calendar_dates": False, "24_hour_windows": True}

# A share of a cell: of column 0, or of the column before it.
REFERENCES: dict[str, Callable[[int], int]] = {"total": lambda column: 0, "previous": lambda column: max(column - 1, 0)}
# What a row weighs in the mean, by its size.
MEANS: dict[str, Callable[[float], float] | None] = {"simple": lambda _: 1, "weighted": lambda size: size, "none": None}


_PAGEVIEW = EventEntity("$pageview")
_NO_BREAKDOWN = BreakdownBy()


@dataclass(frozen=True, slots=True)
class Side:
    """The target or the returning event, with the filter of its own."""

    entity: EventEntity | ActionEntity = _PAGEVIEW
    filter: Group = EVERYTHING
    field: str = ""

    @property
    def kind(self) -> str | int | None:
        """What the event is, whatever it is called: an action's id or an event's name."""
        return self.entity.action_id if isinstance(self.entity, ActionEntity) else self.entity.event


_EITHER = Side()


@dataclass(frozen=True, slots=True)
class RetentionQuery:
    target: Side = _EITHER
    returning: Side = _EITHER
    period: Period = PERIODS["Day"]
    total_intervals: int = 11
    date_from: str | None = None
    date_to: str | None = None
    retention_type: RetentionType = RECURRING
    filter: Group = EVERYTHING
    filter_test_accounts: bool = False
    group_index: int | None = None
    sampling: float | None = None
    breakdown: BreakdownBy = _NO_BREAKDOWN
    cumulative: bool = False
    minimum_occurrences: int = 1
    brackets: tuple[int, ...] = ()
    rolling_windows: bool = False
    aggregation: Aggregation = None
    aggregation_property: str | None = None
    aggregation_property_type: str = "event"
    reference: str = "total"
    mean: str = "simple"
    # The older form's line graph: cohorts of the first period alone.
    first_cohort_only: bool = False
    # The older form: triangular rows, weeks from Sunday, one row a breakdown value.
    is_legacy: bool = False

    @property
    def columns(self) -> int:
        return len(self.brackets) + 1 if self.brackets else self.total_intervals

    @property
    def is_pooled(self) -> bool:
        """The older form's breakdown has one row a value, for all cohorts."""
        return self.is_legacy and bool(self.breakdown)

    @property
    def breakdown_limit(self) -> int:
        """The older form has a row for every value."""
        return self.breakdown.limit or (MAX_BREAKDOWN_LIMIT if self.is_legacy else DEFAULT_BREAKDOWN_LIMIT)

    def filters(self) -> list[Group]:
        return [self.filter, self.target.filter, self.returning.filter]

    def has_expression(self, project: Project) -> bool:
        """Whether anything in it may be SQL that a user wrote."""
        kinds = {leaf.type for tree in self.filters() for leaf in leaves(tree)}
        return bool(
            kinds & {"hogql", *COHORT_TYPES}
            or action_ids(self.target.entity)
            or action_ids(self.returning.entity)
            or any(b.type == "hogql" for b in self.breakdown.properties)
            or (self.filter_test_accounts and "hogql" in str(project.test_account_filters))
        )
