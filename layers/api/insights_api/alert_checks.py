"""What an alert makes of a trend: which values it looks at, whether they cross a bound, and what is said of it. Pure.

A value is that of the last interval that is over, or of the running one where the alert says so; of an insight that
shows totals it is the total. With a breakdown, each of its values counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from insights_engine.dates import earlier
from insights_engine.errors import ValidationError
from insights_engine.intervals import buckets
from insights_engine.project import Project
from insights_engine.trend.breakdowns import NULL

if TYPE_CHECKING:
    from insights_engine.trend.model import TrendQuery

# Of a breakdown: how many of the values that cross a bound are named.
_MOST_NAMED = 10
_MOST_LABEL = 150
_SECOND = timedelta(seconds=1)


class Condition(NamedTuple):
    """What is held against the bounds: `measure` of the value before and the value; `needs_before`: a change."""

    name: str
    noun: str
    needs_before: bool
    measure: Callable[[float, float], float]


CONDITIONS = {
    row.name: row
    for row in (
        Condition("absolute_value", "value", False, lambda _, value: value),
        Condition("relative_increase", "increase", True, lambda before, value: value - before),
        Condition("relative_decrease", "decrease", True, lambda before, value: before - value),
    )
}
# Bounds as numbers, or as shares of the value before: 0.2 is 20%.
THRESHOLDS = ("absolute", "percentage")


@dataclass(frozen=True, slots=True)
class Rule:
    """What an alert asks of its insight."""

    condition: Condition
    is_share: bool
    lower: float | None
    upper: float | None
    series_index: int
    is_ongoing: bool

    @classmethod
    def of(cls, alert: Mapping[str, Any]) -> Rule:
        """From the alert's item."""
        threshold, config = alert["threshold"]["configuration"], alert["config"]
        return cls(
            CONDITIONS[alert["condition"]["type"]],
            threshold["type"] == "percentage",
            threshold["bounds"]["lower"],
            threshold["bounds"]["upper"],
            config["series_index"],
            config["check_ongoing_interval"],
        )

    @property
    def back(self) -> int:
        """How many intervals before the running one are looked at."""
        return int(not self.is_ongoing) + int(self.condition.needs_before)


class Reading(NamedTuple):
    """One line of the trend; `before` is its value in the interval before, where that is looked at."""

    label: str
    value: float
    before: float = 0.0


class Outcome(NamedTuple):
    """`value`: what was held against the bounds; of several lines the first that crosses one, null where none does.

    `breaches`: a sentence each.
    """

    value: float | None
    breaches: tuple[str, ...] = ()


def check_fits(rule: Rule, query: TrendQuery) -> None:
    """Raises ValidationError for an alert that its insight can never answer."""
    count = len(query.formulas or query.series)
    if rule.series_index >= count:
        raise ValidationError(
            f"series_index {rule.series_index} is not there: the insight has {count}, counted from 0",
            attr="config__series_index",
        )
    if rule.condition.needs_before and _is_total(query):
        raise ValidationError(
            "The insight shows a total, which has no interval before; use absolute_value", attr="condition__type"
        )
    if rule.is_share and not rule.condition.needs_before:
        raise ValidationError(
            "A percentage is of the value before; use absolute, or a relative condition",
            attr="threshold__configuration__type",
        )


def narrowed(rule: Rule, query: TrendQuery, project: Project, now: datetime) -> TrendQuery:
    """The same question about the intervals that are looked at, up to now, so that a check reads little.

    Totals, sums that run on and averages over several intervals are of the insight's own range. Of a breakdown, the sum
    of the values that are not shown is left out.
    """
    query = replace(query, compare=False, compare_to=None, breakdown=replace(query.breakdown, hide_other=True))
    if _is_total(query) or query.display.is_cumulative or query.smoothing > 1:
        return query
    interval, monday = query.interval, project.weeks_start_on_monday
    at = interval.floor(now.astimezone(project.zone), monday)
    for _ in range(rule.back):
        at = interval.floor(earlier(at, _SECOND), monday)
    start = at.strftime("%Y-%m-%d") if interval.of_day else at.isoformat()
    return replace(query, date_from=start, date_to=None, explicit_date=False)


def judged(
    rule: Rule,
    query: TrendQuery,
    project: Project,
    now: datetime,
    found: tuple[Sequence[Mapping[str, Any]], Mapping[str, str]],
) -> Outcome:
    """`found`: rows and resolved range of the answer. Raises ValidationError where the intervals are not there."""
    rows, span = found
    lines = [r for r in rows if r["order"] == rule.series_index and r.get("compare_label") != "previous"]
    if _is_total(query):
        readings = [Reading(str(row["label"]), float(row["aggregated_value"] or 0)) for row in lines]
        return _outcome(rule, readings, "")
    index = _place(rule, query, project, now, span)
    when = f"{'current' if rule.is_ongoing else 'previous'} {query.interval.name}"
    return _outcome(rule, [_reading(rule, row, index) for row in lines], when)


def _is_total(query: TrendQuery) -> bool:
    return query.display.kind != "series"


def _place(rule: Rule, query: TrendQuery, project: Project, now: datetime, span: Mapping[str, str]) -> int:
    """Where the interval that counts stands in a row."""
    start, end = (datetime.fromisoformat(span[name]).astimezone(project.zone) for name in ("date_from", "date_to"))
    starts = buckets(query.interval, start, end, project.weeks_start_on_monday)
    if not rule.is_ongoing:
        instant = now.timestamp()
        starts = [at for at in starts if query.interval.following(at).timestamp() <= instant]
    needed = 1 + int(rule.condition.needs_before)
    if len(starts) < needed:
        over = "" if rule.is_ongoing else " that are over"
        raise ValidationError(
            f"The insight's range has {len(starts)} intervals{over} of a {query.interval.name}; it takes {needed}",
            attr="insight",
        )
    return len(starts) - 1


def _reading(rule: Rule, row: Mapping[str, Any], index: int) -> Reading:
    values = row["data"]
    before = float(values[index - 1]) if rule.condition.needs_before else 0.0
    return Reading(str(row["label"]), float(values[index]), before)


def _outcome(rule: Rule, readings: Iterable[Reading], when: str) -> Outcome:
    """Without any line, as of a breakdown of no events, there is a zero: that nothing comes is worth saying."""
    read = list(readings) or [Reading("the insight", 0.0)]
    measured = [(reading, _measure(rule, reading)) for reading in read]
    crossing = [(value, said) for reading, value in measured if (said := _breach(rule, reading, value, when))]
    if not crossing:
        return Outcome(_finite(measured[0][1]) if len(measured) == 1 else None)
    named = [said for _, said in crossing[:_MOST_NAMED]]
    if len(crossing) > _MOST_NAMED:
        named.append(f"And {len(crossing) - _MOST_NAMED} more.")
    return Outcome(_finite(crossing[0][0]), tuple(named))


def _measure(rule: Rule, reading: Reading) -> float:
    """A share of nothing is infinite, but of no change, which is none."""
    measured = rule.condition.measure(reading.before, reading.value)
    if not rule.is_share or measured == 0:
        return measured
    return measured / abs(reading.before) if reading.before else math.copysign(math.inf, measured)


def _breach(rule: Rule, reading: Reading, measured: float, when: str) -> str | None:
    """What is said of a value beyond a bound; one that equals it is not beyond."""
    if rule.upper is not None and measured > rule.upper:
        where = f"above the upper bound ({_shown(rule.upper, is_share=rule.is_share)})"
    elif rule.lower is not None and measured < rule.lower:
        where = f"below the lower bound ({_shown(rule.lower, is_share=rule.is_share)})"
    else:
        return None
    figures = [] if math.isinf(measured) else [_shown(measured, is_share=rule.is_share)]
    if rule.condition.needs_before:
        figures.append(f"from {_shown(reading.before)} to {_shown(reading.value)}")
    of = f" for the {when}" if when else ""
    named = " ".join(reading.label.replace(NULL, "(none)").split())[:_MOST_LABEL]  # events say it, so one line of it
    return f"The {rule.condition.noun} of {named}{of} ({', '.join(figures)}) is {where}."


def _shown(number: float, *, is_share: bool = False) -> str:
    """`1,234.5`; `20%`. Four decimals at most."""
    text = f"{number * 100 if is_share else number:,.4f}".rstrip("0").rstrip(".")
    return (text if text != "-0" else "0") + ("%" if is_share else "")


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
