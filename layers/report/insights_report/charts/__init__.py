"""Pictures of insights, without a browser: an answer becomes a description of a picture, and that becomes a PNG.

Which form an answer has is a row of a table. Names, values of breakdowns and titles are written by anybody who can send
an event: they are in the descriptions as values, never inside of an expression, and nothing is fetched for a picture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from insights_report.charts import bars, funnels, grids, heatmaps, lines, paths, totals
from insights_report.charts.series import Row, Series, labels_of, series_of, totals_of
from insights_report.charts.theme import SCALE, VEGA, Spec, nothing
from insights_report.charts.values import value_rows_of

OverTime = Callable[[str, Sequence[Series], Sequence[str]], Spec]
AtOnce = Callable[[str, Sequence[Series]], Spec]

# Of each display of trends, by what its answer has: values over time, one value a row, or a week by its hours.
OVER_TIME: dict[str, OverTime] = {
    "ActionsLineGraph": lines.spec,
    "ActionsLineGraphCumulative": lines.spec,
    "ActionsAreaGraph": lines.areas,
    "ActionsBar": bars.stacked,
    "ActionsStackedBar": bars.stacked,
    "ActionsUnstackedBar": bars.unstacked,
}
AT_ONCE: dict[str, AtOnce] = {
    "BoldNumber": totals.number,
    "ActionsBarValue": totals.bars,
    "ActionsPie": totals.pie,
    "ActionsTable": totals.table,
    "WorldMap": lambda name, found: totals.bars(name, found, "country"),
}
BY_HOUR = {"CalendarHeatmap": heatmaps.calendar}


OF_EVERY_OBJECT = frozenset(
    {
        *("constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString"),
        *("valueOf", "__proto__", "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__"),
    }
)


def draw(kind: str, result: Any, *, name: str, display: str | None = None) -> bytes:
    """A PNG, 1200 pixels wide. The same answer gives the same bytes. Raises ValueError for a kind that has no form."""
    return png(spec(kind, result, name=name, display=display))


def spec(kind: str, result: Any, *, name: str, display: str | None = None) -> Spec:
    """What is to be drawn of a query node's answer, as Vega-Lite or Vega describe it."""
    if kind not in FORMS:
        raise ValueError(f'There is no picture of "{kind}"; there are those of {", ".join(FORMS)}')
    return FORMS[kind](name, result, display) if result else nothing(name)


def png(described: Spec) -> bytes:
    """Raises ValueError for a description that asks for something to be fetched: the library refuses no images."""
    import vl_convert

    convert = vl_convert.vega_to_png if described["$schema"] == VEGA else vl_convert.vegalite_to_png
    return bytes(convert(_as_values(described), scale=SCALE, allowed_base_urls=[]))


def _as_values(described: Any) -> Any:
    """With a space behind each text that every object of JavaScript has a property of: Vega looks names up in plain
    objects, and finds what it never put there. The space is not seen.
    """
    if isinstance(described, dict):
        if "url" in described:
            raise ValueError("Nothing is fetched for a picture, so its description has no url")
        return {key: _as_values(value) for key, value in described.items()}
    if isinstance(described, list | tuple):
        return [_as_values(value) for value in described]
    return f"{described} " if isinstance(described, str) and described in OF_EVERY_OBJECT else described


def _trend(name: str, rows: list[Row], display: str | None) -> Spec:
    """By its display, where the answer has what that shows: an answer may be older than the display."""
    if any("calendar_heatmap_data" in row for row in rows):
        return BY_HOUR["CalendarHeatmap"](name, rows)
    if any("aggregated_value" in row for row in rows):
        return AT_ONCE.get(display or "", totals.bars)(name, totals_of(rows))
    if display in AT_ONCE:
        return AT_ONCE[display](name, totals_of(rows))
    return OVER_TIME.get(display or "", lines.spec)(name, series_of(rows), labels_of(rows))


def _stickiness(name: str, rows: list[Row], display: str | None) -> Spec:
    """One series is bars, several are lines, whatever else is asked for it is over time."""
    form = OVER_TIME.get(display or "", bars.stacked if len(rows) == 1 else lines.spec)
    return form(name, series_of(rows), labels_of(rows))


def _values(name: str, result: Any, display: str | None) -> Spec:
    return grids.table(name, value_rows_of(result))


# One row a kind of query node.
FORMS: dict[str, Callable[[str, Any, str | None], Spec]] = {
    "TrendsQuery": _trend,
    "LifecycleQuery": lambda name, rows, _: bars.lifecycle(name, rows),
    "StickinessQuery": _stickiness,
    "RetentionQuery": lambda name, rows, _: heatmaps.retention(name, rows),
    "PathsQuery": lambda name, rows, _: paths.spec(name, rows),
    "FunnelsQuery": lambda name, result, _: funnels.spec(name, result),
    "HogQLQuery": _values,
    "EventsQuery": _values,
}
