"""The numbers of an insight as a person reads them in a mail: few columns, the newest or the largest rows. Pure.

Cells are numbers, which are written where they are shown, or texts. All that there is stands in the CSV.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from insights_report.charts.series import Row, Series, labels_of, largest, series_of, totals_of
from insights_report.charts.text import clean, duration, number, percent, span, unique
from insights_report.charts.values import said, value_rows_of
from insights_report.funnel_rows import Group, groups_of, is_histogram, is_trend, value_of
from insights_report.path_rows import Edge, edges_of, short_names
from insights_report.report import Table
from insights_report.retention_rows import Cell, cohorts_of, column_names

MOST_DATES, MOST_SERIES, MOST_ROWS, MOST_PERIODS = 31, 6, 20, 12
_DATE = "Date"
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def table_of(kind: str, result: Any) -> Table:
    """Empty where there are no numbers. Raises ValueError for a kind that has no table."""
    if kind not in TABLES:
        raise ValueError(f'There is no table of "{kind}"; there are those of {", ".join(TABLES)}')
    return TABLES[kind](result) if result else Table((), ())


def _trend(rows: Sequence[Row]) -> Table:
    """By what the answer has: a week by its hours, one value a row, or values over time."""
    if any("calendar_heatmap_data" in row for row in rows):
        return _calendar(rows)
    if any("aggregated_value" in row for row in rows):
        return _totals(totals_of(rows))
    return _over_time(series_of(rows), labels_of(rows), _DATE, MOST_DATES)


def _over_time(found: Sequence[Series], labels: Sequence[Any], first: str, most: int | None) -> Table:
    """A row a date, the newest last; of many series those with most to see."""
    kept, others = largest(found, MOST_SERIES)
    kept, others = kept[:MOST_SERIES], others + max(0, len(kept) - MOST_SERIES)
    start = max(0, len(labels) - most) if most else 0
    rows = [
        (span([label]), *(one.values[place] if place < len(one.values) else None for one in kept))
        for place, label in enumerate(labels)
    ]
    heads = [*(one.name for one in kept), *([f"and {others} more"] if others else [])]
    shown = [(*row, "…") if others else row for row in rows[start:]]
    return Table((first, *heads), tuple(shown), start, is_newest_last=first == _DATE)


def _totals(found: Sequence[Series]) -> Table:
    """A row a value; with what it is compared with in a column of its own."""
    now = [one for one in found if not one.is_previous]
    before = {one.of: one.values[0] for one in found if one.is_previous}
    rows = [(one.name, one.values[0], *([before.get(one.of)] if before else [])) for one in now]
    heads = ("", "Value", "Before") if before else ("", "Value")
    return Table(heads, tuple(rows[:MOST_ROWS]), len(rows[MOST_ROWS:]))


def _calendar(rows: Sequence[Row]) -> Table:
    """The sums of the weekdays, a column a series."""
    kept = [row for row in rows if row.get("compare_label") != "previous"][:MOST_SERIES]
    sums = [
        {int(cell["row"]): number(cell["value"]) for cell in row["calendar_heatmap_data"]["rowAggregations"]}
        for row in kept
    ]
    days = ((day, *(found.get(place, 0) for found in sums)) for place, day in enumerate(_WEEKDAYS, 1))
    return Table(("Weekday", *unique(clean(row.get("label")) for row in kept)), tuple(days))


def _lifecycle(rows: Sequence[Row]) -> Table:
    found = [
        Series(status, status, one.values)
        for row, one in zip(rows, series_of(rows), strict=True)
        for status in [clean(row.get("status")).capitalize()]
    ]
    return _over_time(found, labels_of(rows), _DATE, MOST_DATES)


def _stickiness(rows: Sequence[Row]) -> Table:
    """From one day on: of many those with fewest are most of it."""
    whole = _over_time(series_of(rows), labels_of(rows), "Came on", None)
    return Table(whole.columns, whole.rows[:MOST_DATES], max(0, len(whole.rows) - MOST_DATES))


def _retention(rows: Sequence[Row]) -> Table:
    """A row a cohort: its size, then the share that came back, or what a property adds up to."""
    found, names = cohorts_of(rows), column_names(rows)
    kept = [
        (cohort.name, cohort.size, *_padded([_came_back(cell) for cell in cohort.cells], len(names)))
        for cohort in found
    ]
    width = 2 + MOST_PERIODS
    heads = ("Cohort", "Size", *unique(names))[:width]
    return Table(heads, tuple(row[:width] for row in kept[:MOST_DATES]), len(kept[MOST_DATES:]))


def _came_back(cell: Cell) -> Any:
    if cell.is_ahead:
        return ""
    return percent(cell.share) if cell.value is None else cell.value


def _padded(cells: Sequence[Any], width: int) -> list[Any]:
    return [*cells, *[""] * (width - len(cells))]


def _paths(rows: Sequence[Row]) -> Table:
    found = edges_of(rows)
    names = short_names(found)
    lines = tuple(
        (*(f"{step}. {names[name]}" for step, name in (edge.source, edge.target)), edge.value, _seconds(edge))
        for edge in found[:MOST_ROWS]
    )
    return Table(("From", "To", "People", "Average time"), lines, len(found[MOST_ROWS:]))


def _seconds(edge: Edge) -> str:
    return duration(None if edge.milliseconds is None else edge.milliseconds / 1000)


def _funnel(result: Any) -> Table:
    """By what the answer has: seconds and how many, shares over time, or steps."""
    if is_histogram(result):
        bins = [(duration(second), number(count)) for second, count in result.get("bins") or []]
        return Table(("Time to convert from", "People"), tuple(bins))
    if is_trend(result):
        names = unique(value_of(row) or "Conversion" for row in result)
        found = [Series(shown, shown, one.values) for shown, one in zip(names, series_of(result), strict=True)]
        made = _over_time(found, result[0].get("labels") or [], _DATE, MOST_DATES)
        rows = ((date, *(_of_hundred(share) for share in shares)) for date, *shares in made.rows)
        return replace(made, rows=tuple(rows))
    return _steps(groups_of(result))


def _of_hundred(share: Any) -> Any:
    return percent(share / 100) if isinstance(share, int | float) else share


def _steps(found: Sequence[Group]) -> Table:
    """A row a step; with a breakdown each value's steps follow one another."""
    heads = ("Step", "People", "Conversion", "Of the step before", "Average time", "Median time")
    several = len(found) > 1 or any(group.name for group in found)
    rows = [
        (
            *([group.name] if several else []),
            f"{place}. {step.name}",
            step.count,
            percent(step.share),
            percent(step.of_last) if place > 1 else "",
            duration(step.average) if place > 1 else "",
            duration(step.median) if place > 1 else "",
        )
        for group in found
        for place, step in enumerate(group.steps, 1)
    ]
    return Table(("Value", *heads) if several else heads, tuple(rows[:MOST_DATES]), len(rows[MOST_DATES:]))


def _values(result: Any) -> Table:
    """The first rows: which those are is the statement's to say."""
    names, rows, is_cut = value_rows_of(result)
    cells = tuple(tuple(value if _is_number(value) else said(value) for value in row) for row in rows[:MOST_ROWS])
    return Table(tuple(unique(map(clean, names))), cells, len(rows[MOST_ROWS:]), is_cut=is_cut)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


# One row a kind of query node.
TABLES: dict[str, Callable[[Any], Table]] = {
    "TrendsQuery": _trend,
    "LifecycleQuery": _lifecycle,
    "StickinessQuery": _stickiness,
    "RetentionQuery": _retention,
    "PathsQuery": _paths,
    "FunnelsQuery": _funnel,
    "HogQLQuery": _values,
    "EventsQuery": _values,
}
