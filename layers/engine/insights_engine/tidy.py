"""Any insight as CSV of one form: a line an observation, and columns that do not depend on what there is to say.

A kind of query node is one row of FORMS: its columns, and what an answer says in them, line by line. What an
observation does not have is an empty cell. A statement's columns are those that it selects. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from insights_engine.entities import ALL_EVENTS
from insights_engine.retention.csv import breakdown_value, value_of
from insights_engine.spreadsheets import Line

if TYPE_CHECKING:
    from insights_engine.answer import Answer
    from insights_engine.retention.answer import Retention


@dataclass(frozen=True, slots=True)
class Form:
    """`columns` and what each says, none where an answer has its own; `lines` are the observations, in their order."""

    columns: dict[str, str]
    lines: Callable[[Any], Iterator[Line]]

    def header(self, found: Answer) -> Line:
        return tuple(self.columns) or tuple(found.additions["columns"])


def tidy(kind: str, found: Answer) -> Iterator[Line]:
    """The header and the observations of the answer to a node of that kind."""
    form = FORMS[kind]
    return chain([form.header(found)], form.lines(found))


def _trends(found: Answer) -> Iterator[Line]:
    """Of a heatmap its cells, not their sums: of distinct persons these are no sums."""
    for row in found.result:
        own = (row["order"], *_named(row), _breakdown(row), row.get("compare_label"))
        if "calendar_heatmap_data" in row:
            for cell in row["calendar_heatmap_data"]["data"]:
                yield *own, None, cell["row"], cell["column"], cell["value"]
        elif "aggregated_value" in row:
            yield *own, None, None, None, row["aggregated_value"]
        else:
            for date, value in zip(row["days"], row["data"], strict=True):
                yield *own, date, None, None, value


def _lifecycle(found: Answer) -> Iterator[Line]:
    for row in found.result:
        for date, value in zip(row["days"], row["data"], strict=True):
            yield *_named(row), row["status"], date, value


def _stickiness(found: Answer) -> Iterator[Line]:
    for row in found.result:
        for intervals, value in zip(row["days"], row["data"], strict=True):
            yield row["order"], *_named(row), row.get("compare_label"), intervals, value


def _retention(found: Retention) -> Iterator[Line]:
    for row in found.result:
        cohort = (row["label"], row["date"]) if "date" in row else (None, None)
        cells = row["values"]
        own = (*cohort, breakdown_value(row), cells[0]["count"] if cells else 0)
        for period, cell, share in zip(found.labels, cells, row["shares"], strict=False):
            yield *own, period, cell["count"], round(share * 100, 4), value_of(cell)


def _paths(found: Answer) -> Iterator[Line]:
    for edge in found.result:
        yield edge["source"], edge["target"], edge["value"], edge["average_conversion_time"]


def _funnels(found: Answer) -> Iterator[Line]:
    """Its answers are steps, with a breakdown a list of them a value; how long it took; and a rate a date."""
    shown = found.result
    if isinstance(shown, dict):
        for seconds, count in shown["bins"]:
            yield *[None] * 5, seconds, count, None, shown["average_conversion_time"], None
        return
    for rows in shown if shown and isinstance(shown[0], list) else [shown]:
        yield from _rates(rows) if rows and "days" in rows[0] else _steps(rows)


def _rates(series: list[dict[str, Any]]) -> Iterator[Line]:
    for row in series:
        for date, count, rate in zip(row["days"], row["reached_from_step_count"], row["data"], strict=True):
            yield _breakdown(row), None, None, None, date, None, count, rate, None, None


def _steps(rows: list[dict[str, Any]]) -> Iterator[Line]:
    entered = rows[0]["count"] if rows else 0
    for row in rows:
        rate = round(100 * row["count"] / entered, 2) if entered else 0
        own = (_breakdown(row), row["order"], row["name"] or ALL_EVENTS, row["custom_name"], None, None)
        yield *own, row["count"], rate, row["average_conversion_time"], row["median_conversion_time"]


def _rows(found: Answer) -> Iterator[Line]:
    """As they are: what was selected is the observation."""
    yield from found.result


def _named(row: dict[str, Any]) -> tuple[str, str | None]:
    """A series by its own name, without the breakdown value or status that its label may have; a formula has none."""
    action = row.get("action") or {}
    return action.get("name") or row["label"], action.get("custom_name")


def _breakdown(row: dict[str, Any]) -> str | None:
    """As text; several are one."""
    value = row.get("breakdown_value")
    if isinstance(value, list):
        return "::".join(str(part) for part in value)
    return None if value is None else str(value)


_ORDER = {"order": "Number of the series or formula, from 0; two may have one name."}
_SERIES = {"series": "The event's or action's name, or the formula.", "custom_name": "The one that was asked with."}
_BREAKDOWN = {"breakdown": "Value of the breakdown, several joined by `::`; of cohorts their numbers."}
_COMPARE = {"compare": "`current` or `previous`."}
_TIMES = {
    "average_conversion_time": "Mean seconds from the step before.",
    "median_conversion_time": "Median seconds from the step before.",
}

FORMS: dict[str, Form] = {
    "TrendsQuery": Form(
        {
            **_ORDER,
            **_SERIES,
            **_BREAKDOWN,
            **_COMPARE,
            "date": "Begin of the bucket; empty for a value of the whole range.",
            "weekday": "Of a calendar heatmap: 1 (Monday) to 7.",
            "hour": "Of a calendar heatmap: 0 to 23. Cells that are 0 are left out.",
            "value": "The number.",
        },
        _trends,
    ),
    "LifecycleQuery": Form(
        {
            **_SERIES,
            "status": "`new`, `returning`, `resurrecting` or `dormant`.",
            "date": "Begin of the bucket.",
            "value": "People; negative for `dormant`.",
        },
        _lifecycle,
    ),
    "StickinessQuery": Form(
        {
            **_ORDER,
            **_SERIES,
            **_COMPARE,
            "intervals": "In how many intervals, or with `cumulative` in so many or more.",
            "value": "People.",
        },
        _stickiness,
    ),
    "RetentionQuery": Form(
        {
            "cohort": "The row: `Day 0`. Empty, as the date, where a row is of all cohorts.",
            "date": "Begin of the cohort's period.",
            **_BREAKDOWN,
            "size": "How many began.",
            "period": "The column: `Day 1`, or `Day 1-4` of a bracket.",
            "count": "How many came back.",
            "percentage": "Of those that began, or of the period before.",
            "value": "What the property adds up to, where one is added up.",
        },
        _retention,
    ),
    "PathsQuery": Form(
        {
            "source": "Step and path item that it leads from.",
            "target": "Step and path item that it leads to.",
            "value": "How many went.",
            "average_conversion_time": "Mean milliseconds between the two.",
        },
        _paths,
    ),
    "FunnelsQuery": Form(
        {
            **_BREAKDOWN,
            "order": "Number of the step, from 0.",
            **_SERIES,
            "date": "Of a trend: begin of the period of entry.",
            "seconds": "Of the time to convert: where the bin begins; the last one is where all end.",
            "count": "People at the step, in the bin, or that entered in the period.",
            "percentage": "Of the first step, or of those that entered in the period.",
            **_TIMES,
        },
        _funnels,
    ),
    "HogQLQuery": Form({}, _rows),
    "EventsQuery": Form({}, _rows),
}
