"""One retention query, whichever form of the request it came in; and the tables of what it may name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from insights_engine.dates import add_months
from insights_engine.entities import ActionEntity, EventEntity, action_ids
from insights_engine.filters import COHORT_TYPES, EVERYTHING, Group, leaves
from insights_engine.intervals import INTERVALS, Interval
from insights_engine.project import Project
from insights_engine.trend.model import BreakdownBy

MAX_INTERVALS = 1000
DEFAULT_BREAKDOWN_LIMIT = 25
# A cell's key is row * CELL + column.
CELL = 100_000
RECURRING, FIRST_TIME, FIRST_EVER = "retention_recurring", "retention_first_time", "retention_first_ever_occurrence"


@dataclass(frozen=True, slots=True)
class Period:
    """`index` is the SQL of an event's place in the window, from `{day}`, `{ts}` and `{start}` (the first period).

    intDiv rounds towards 0, so that what it divides is lifted above 0 whatever the event's date.

    `step` moves a local time by whole periods. `unit` and `per` are of 24-hour windows: a period is `per` crossed
    boundaries of `unit`.
    """

    name: str
    interval: Interval
    index: str
    step: Callable[[datetime, int], datetime]
    unit: Literal["hour", "day"]
    per: int


def _hours(at: datetime, n: int) -> datetime:
    return (at.astimezone(UTC) + timedelta(hours=n)).astimezone(at.tzinfo)


PERIODS = {
    row.name: row
    for row in (
        Period(
            "Hour",
            INTERVALS["hour"],
            "intDiv(toInt64(toUnixTimestamp({ts})) - {start:Int64} + 36000000000, 3600) - 10000000",
            _hours,
            "hour",
            1,
        ),
        Period(
            "Day", INTERVALS["day"], "toInt64({day}) - {start:Int64}", lambda at, n: at + timedelta(days=n), "hour", 24
        ),
        Period(
            "Week",
            INTERVALS["week"],
            "intDiv(toInt64({day}) - {start:Int64} + 70000, 7) - 10000",
            lambda at, n: at + timedelta(weeks=n),
            "day",
            7,
        ),
        Period(
            "Month", INTERVALS["month"], "toInt64(toRelativeMonthNum({day})) - {start:Int64}", add_months, "day", 30
        ),
    )
}

# How an actor enters a cohort.
RETENTION_TYPES = {
    RECURRING: "in every period with the target event",
    FIRST_TIME: "in the period of the first event ever that matches the target and all filters",
    FIRST_EVER: "in the period of the first target event ever, if it passes its own filters",
}
WINDOW_MODES = ("strict_calendar_dates", "24_hour_windows")
AGGREGATIONS = ("count", "sum", "avg")
MEANS = ("simple", "weighted", "none")


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
    retention_type: str = RECURRING
    filter: Group = EVERYTHING
    filter_test_accounts: bool = False
    group_index: int | None = None
    sampling: float | None = None
    breakdown: BreakdownBy = _NO_BREAKDOWN
    cumulative: bool = False
    minimum_occurrences: int = 1
    brackets: tuple[int, ...] = ()
    rolling_windows: bool = False
    aggregation: str = "count"
    aggregation_property: str | None = None
    aggregation_property_type: str = "event"
    mean: str = "simple"
    # The older form's line graph: cohorts of the first period alone.
    first_cohort_only: bool = False
    # The older form: triangular rows, weeks from Sunday, one row a breakdown value.
    is_legacy: bool = False

    @property
    def columns(self) -> int:
        return len(self.brackets) + 1 if self.brackets else self.total_intervals

    @property
    def breakdown_limit(self) -> int:
        return self.breakdown.limit or DEFAULT_BREAKDOWN_LIMIT

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
