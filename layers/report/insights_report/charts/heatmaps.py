"""Retention as cohorts by period, and a week by its hours: the more, the darker. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from insights_report.charts.series import Row, named
from insights_report.charts.text import clean, cut, more, number, percent, unique, written
from insights_report.charts.theme import HEAT, INK, MUTED, PAPER, Spec, frame, nothing
from insights_report.retention_rows import Cohort, cohorts_of, column_names

MOST_ROWS, MOST_COLUMNS = 26, 14
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_ROW = 25
_LETTERS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))
# From this place on the scale's colours are so dark that letters on them are white.
_IS_DARK = "datum.heat >= 0.68"


def retention(name: str, rows: Sequence[Row]) -> Spec:
    """The share of each cohort in its cell, or what a property adds up to; nothing where the window has ended."""
    found = cohorts_of(rows)
    if not found:
        return nothing(name)
    kept, names = found[:MOST_ROWS], column_names(rows)
    cells = _retention_cells(kept, names[:MOST_COLUMNS])
    notes = [
        more(len(found) - len(kept), "cohort"),
        more(len(names) - MOST_COLUMNS, "period"),
    ]
    sides = [{"row": key, "side": written(cohort.size)} for key, cohort in zip(_keys(kept), kept, strict=True)]
    drawn = _drawn(cells, _keys(kept), unique(names[:MOST_COLUMNS]), sides)
    return frame(
        name, drawn, height=_ROW * len(kept) + 105, notes=["size of the cohort, then the share that came back", *notes]
    )


def calendar(name: str, rows: Sequence[Row]) -> Spec:
    """Weekdays by hours of one series; the weekdays' sums stand beside."""
    shown = [row for row in rows if row.get("compare_label") != "previous"]
    if not shown:
        return nothing(name)
    counted = shown[0].get("calendar_heatmap_data") or {}
    found = {(int(c["row"]), int(c["column"])): number(c["value"]) for c in counted.get("data") or []}
    most = max([abs(value or 0) for value in found.values()], default=0)
    if not most:
        return nothing(name, [clean(shown[0].get("label"))])
    cells = [
        _cell(day, f"{hour:02d}", (value or 0) / most, _short(value, 4) if value else "")
        for place, day in enumerate(_WEEKDAYS, 1)
        for hour in range(24)
        for value in [found.get((place, hour), 0)]
    ]
    sums = {int(c["row"]): c["value"] for c in counted.get("rowAggregations") or []}
    sides = [{"row": day, "side": written(sums.get(place, 0))} for place, day in enumerate(_WEEKDAYS, 1)]
    notes = [named(shown)[0][0], "by weekday and hour", more(len(shown) - 1, "series", "series")]
    hours = [f"{hour:02d}" for hour in range(24)]
    return frame(name, _drawn(cells, list(_WEEKDAYS), hours, sides, size=8), height=_ROW * 7 + 105, notes=notes)


def _retention_cells(kept: Sequence[Cohort], names: Sequence[str]) -> list[Spec]:
    values = [cell.value for cohort in kept for cell in cohort.cells if cell.value is not None]
    most = max(map(abs, values), default=0) or 1
    return [
        _cell(key, column, *_shown(cell, most))
        for key, cohort in zip(_keys(kept), kept, strict=True)
        for column, cell in zip(unique(names), cohort.cells, strict=False)
        if not cell.is_ahead
    ]


def _shown(cell: Any, most: float) -> tuple[float, str]:
    if cell.value is not None:
        return max(0.0, cell.value / most), _short(cell.value, 6)
    return cell.share or 0.0, percent(cell.share)


def _cell(row: str, column: str, heat: float, said: str) -> Spec:
    return {"row": row, "column": column, "heat": heat, "said": said}


def _short(value: float | None, width: int) -> str:
    """What a cell has room for: `9,500`, `12.5k`, `3M`."""
    if value is None or len(written(value)) <= width:
        return written(value)
    size, letter = next(((abs(value) / size, text) for size, text in _LETTERS if abs(value) >= size), (value, ""))
    texts = [f"{'-' if value < 0 else ''}{written(round(size, digits))}{letter}" for digits in (1, 0)]
    return next((text for text in texts if len(text) <= width), texts[-1])


def _keys(kept: Sequence[Cohort]) -> list[str]:
    return unique(cut(cohort.name, 34) for cohort in kept)


def _drawn(cells: list[Spec], rows: list[str], names: list[str], sides: list[Spec], size: int = 10) -> Spec:
    """`sides` are the numbers between the rows' names and their cells."""
    y = {
        **{"field": "row", "type": "nominal", "sort": None, "scale": {"domain": rows, "paddingInner": 0.06}},
        "axis": {"title": None, "domain": False, "labelLimit": 200, "labelPadding": 62, "labelColor": INK},
    }
    x = {
        **{"field": "column", "type": "nominal", "sort": None, "scale": {"domain": names, "paddingInner": 0.04}},
        "axis": {"title": None, "domain": False, "orient": "top", "labelAngle": 0, "labelOverlap": True},
    }
    heat = {
        **{"field": "heat", "type": "quantitative", "legend": None},
        "scale": {"domain": [0, 0.25, 0.5, 0.75, 1], "range": list(HEAT), "clamp": True},
    }
    return {
        "layer": [
            {
                "data": {"values": cells},
                "mark": {"type": "rect", "cornerRadius": 2},
                "encoding": {"x": x, "y": y, "color": heat},
            },
            {
                "data": {"values": cells},
                "mark": {"type": "text", "fontSize": size},
                "encoding": {
                    **{"x": x, "y": y, "text": {"field": "said", "type": "nominal"}},
                    "color": {"condition": {"test": _IS_DARK, "value": PAPER}, "value": INK},
                },
            },
            {
                "data": {"values": sides},
                "mark": {"type": "text", "x": -10, "align": "right", "color": MUTED},
                "encoding": {"y": y, "text": {"field": "side", "type": "nominal"}},
            },
        ],
    }
