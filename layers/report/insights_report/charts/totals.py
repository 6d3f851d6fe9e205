"""One value a row: a big number, bars by value, a pie, a table. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from insights_report.charts.series import Series, largest
from insights_report.charts.text import cut, more, percent, written
from insights_report.charts.theme import (
    FILLS,
    GRID,
    INK,
    INSIDE,
    MAIN,
    MUTED,
    PAPER,
    TRACK,
    Spec,
    bounds,
    frame,
    legend,
    legend_height,
    nothing,
)

MOST_BARS, _MOST_PARTS, _MOST_ROWS = 15, 9, 20
_ROW = 26


def number(name: str, found: Sequence[Series]) -> Spec:
    """Alone it is written large, with how it was before; several are bars."""
    now = [one for one in found if not one.is_previous]
    if len(now) > 1:
        return bars(name, found)
    if not now or now[0].values[0] is None:
        return nothing(name, [one.name for one in now])
    value = now[0].values[0]
    before = next((one.values[0] for one in found if one.is_previous), None)
    said = written(value)
    texts = [{"text": said, "y": 70, "size": min(64, round(INSIDE / 0.6 / len(said))), "tone": INK}]
    if before is not None:
        texts.append({"text": change(value, before), "y": 128, "size": 14, "tone": MUTED})
    drawn = {
        "data": {"values": texts},
        "mark": {"type": "text", "fontWeight": "bold", "x": {"expr": "width / 2"}},
        "encoding": {
            "text": {"field": "text", "type": "nominal"},
            "y": {"field": "y", "type": "quantitative", "axis": None, "scale": {"domain": [0, 150], "reverse": True}},
            "size": {"field": "size", "type": "quantitative", "scale": None, "legend": None},
            "color": {"field": "tone", "type": "nominal", "scale": None},
        },
    }
    return frame(name, drawn, height=230, notes=[now[0].name])


def change(value: float, before: float) -> str:
    """`▲ 12.5% from 1,000 before`; from nothing there is no share."""
    if value == before:
        return f"as before: {written(before)}"
    arrow = "▲" if value > before else "▼"
    share = f"{percent(abs(value - before) / abs(before))} " if before else ""
    return f"{arrow} {share}from {written(before)} before"


def bars(name: str, found: Sequence[Series], of: str = "value") -> Spec:
    """A bar a row with its number, as long as it is much."""
    kept, left_out = largest([one for one in found if one.values[0] is not None], MOST_BARS)
    if not kept:
        return nothing(name)
    low, high = bounds(one.values[0] for one in kept)
    rows = [
        {"name": one.name, "value": one.values[0], "said": written(one.values[0]), "was": int(one.is_previous)}
        for one in kept
    ]
    # Numbers stand beyond the bars' ends, and so need room there.
    room = max(high - low, 1e-9) * 0.16
    domain = [low - room if low < 0 else 0, high + room if high > 0 or low == 0 else 0]
    y = {
        **{"field": "name", "type": "nominal", "sort": None},
        "scale": {"domain": [one.name for one in kept], "paddingInner": 0.3},
        "axis": {"title": None, "domain": False, "labelLimit": 210, "labelColor": INK},
    }
    x = {"field": "value", "type": "quantitative", "axis": None, "scale": {"domain": domain, "nice": False}}
    shade = {"condition": {"test": "datum.was == 1", "value": 0.45}, "value": 1}
    number_text = {"type": "text", "dx": {"expr": "datum.value < 0 ? -6 : 6"}}
    drawn = {
        "data": {"values": rows},
        "encoding": {"y": y, "x": x},
        "layer": [
            {"mark": {"type": "bar", "color": MAIN, "cornerRadiusEnd": 2}, "encoding": {"opacity": shade}},
            {
                "mark": {**number_text, "align": {"expr": "datum.value < 0 ? 'right' : 'left'"}},
                "encoding": {"text": {"field": "said", "type": "nominal"}},
            },
        ],
    }
    return frame(name, drawn, height=max(140, 90 + _ROW * len(kept)), notes=[more(left_out, of)])


def pie(name: str, found: Sequence[Series]) -> Spec:
    """The parts of a whole, the rest as one; where there is less than nothing of one they are no parts."""
    now = [one for one in found if not one.is_previous]
    values = [(one.name, one.values[0]) for one in now if one.values[0]]
    if any(value < 0 for _, value in values) or not values:
        return bars(name, found)
    values.sort(key=lambda pair: -pair[1])
    rest = values[_MOST_PARTS:]
    parts = values[:_MOST_PARTS] + ([(f"{len(rest)} more", sum(value for _, value in rest))] if rest else [])
    whole = sum(value for _, value in parts)
    names = [f"{cut(part, 40)}: {written(value)} ({percent(value / whole)})" for part, value in parts]
    rows = [
        {
            "name": name,
            "value": value / whole,
            "place": place,
            "said": percent(value / whole) if value / whole > 0.05 else "",
        }
        for place, (name, (_, value)) in enumerate(zip(names, parts, strict=True))
    ]
    return frame(name, _ring(rows, names), height=360 + max(20, legend_height(names)))


def _ring(rows: list[Spec], names: list[str]) -> Spec:
    fill = {
        **{"field": "name", "type": "nominal", "sort": None},
        "scale": {"domain": names, "range": list(FILLS[: len(names)])},
        "legend": {**legend(names), "symbolType": "square"},
    }
    return {
        "data": {"values": rows},
        "encoding": {
            "theta": {"field": "value", "type": "quantitative", "stack": "zero"},
            "order": {"field": "place", "type": "quantitative"},
        },
        "layer": [
            {
                "mark": {"type": "arc", "outerRadius": 120, "innerRadius": 62, "stroke": PAPER, "strokeWidth": 2},
                "encoding": {"color": fill},
            },
            {
                "mark": {"type": "text", "radius": 142},
                "encoding": {"text": {"field": "said", "type": "nominal"}},
            },
        ],
    }


def table(name: str, found: Sequence[Series], of: str = "row") -> Spec:
    """Names and their numbers, line by line."""
    kept, left_out = found[:_MOST_ROWS], len(found[_MOST_ROWS:])
    if not kept:
        return nothing(name)
    rows = [
        {
            "line": line,
            "name": cut(one.name, 70),
            "said": written(one.values[0]),
            "ground": TRACK if line % 2 else PAPER,
        }
        for line, one in enumerate(kept)
    ]
    text = {"y": {"field": "line", "type": "ordinal", "axis": None, "scale": {"paddingInner": 0}}}
    drawn = {
        "data": {"values": rows},
        "encoding": text,
        "layer": [
            {
                "mark": {"type": "bar", "x": 0, "x2": "width", "stroke": GRID, "strokeWidth": 0.5},
                "encoding": {"color": {"field": "ground", "type": "nominal", "scale": None}},
            },
            {
                "mark": {"type": "text", "align": "left", "x": 10, "limit": INSIDE - 140},
                "encoding": {"text": {"field": "name", "type": "nominal"}},
            },
            {
                "mark": {"type": "text", "align": "right", "x": {"expr": "width - 10"}, "fontWeight": "bold"},
                "encoding": {"text": {"field": "said", "type": "nominal"}},
            },
        ],
    }
    return frame(name, drawn, height=75 + _ROW * len(kept), notes=[more(left_out, of)])
