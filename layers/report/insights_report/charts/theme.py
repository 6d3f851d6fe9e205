"""How all pictures look: their size, colours, letters, and the frame around what a form draws.

Colours differ in lightness from their neighbours and lines in their dashes, so that a print in grey can be read. The
letters are those that the drawing library brings with it: a function in Lambda has no others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from insights_report.charts.text import MOST, columns, cut

Spec = dict[str, Any]
# In points; a picture has twice as many pixels.
WIDTH, SCALE, MARGIN = 600, 2, 14
INSIDE = WIDTH - 2 * MARGIN
FONT = "Liberation Sans"
VEGA_LITE = "https://vega.github.io/schema/vega-lite/v6.json"
VEGA = "https://vega.github.io/schema/vega/v6.json"

INK, MUTED, GRID, TRACK, PAPER = "#1f2733", "#5b6675", "#e4e8ee", "#eef2f8", "#ffffff"
MAIN = "#3d7de0"
LINES = (
    *("#2563eb", "#d97706", "#0f766e", "#db2777", "#6d28d9"),
    *("#65a30d", "#7c3f1d", "#0284c7", "#b91c1c", "#64748b"),
)
FILLS = (
    *("#3d7de0", "#f9bc5c", "#0f766e", "#f29bb4", "#6d4aad"),
    *("#a5d588", "#8b5a2b", "#8ccdea", "#b42346", "#bcc2cc"),
)
DASHES = ([1, 0], [7, 3], [2, 2], [9, 3, 2, 3], [4, 2], [12, 3], [1, 3], [6, 2, 1, 2, 1, 2], [3, 5], [10, 2, 4, 2])
MOST_SERIES = len(LINES)
# From white to the main colour, for heat maps.
HEAT = ("#f3f7fd", "#cfe0f8", "#8db6ef", "#3d7de0", "#1d4fa8")

# (least value, what an axis divides by, what it writes behind).
_SCALES = ((1e12, "1e12", " T"), (1e9, "1e9", " B"), (1e6, "1e6", " M"), (0.0, "1", ""))
_UNREADABLE = 1e15

CONFIG: Spec = {
    "font": FONT,
    "background": PAPER,
    "padding": MARGIN,
    "view": {"stroke": None},
    "title": {
        **{"anchor": "start", "frame": "bounds", "limit": INSIDE, "offset": 14, "fontSize": 15, "color": INK},
        **{"subtitleColor": MUTED, "subtitleFontSize": 11, "subtitlePadding": 5},
    },
    "axis": {
        **{"labelColor": MUTED, "labelFontSize": 11, "titleColor": MUTED, "titleFontSize": 11},
        **{"titleFontWeight": "normal", "gridColor": GRID, "domainColor": "#b6bfca", "ticks": False, "labelPadding": 6},
    },
    "legend": {
        **{"title": None, "orient": "bottom", "labelColor": INK, "labelFontSize": 11, "symbolStrokeWidth": 2.5},
        **{"symbolSize": 130, "rowPadding": 4, "columnPadding": 16, "offset": 12},
    },
    "text": {"font": FONT, "color": INK, "fontSize": 11},
}


def titled(name: str, notes: Iterable[str]) -> Spec:
    """The insight's name above the picture, and under it what is to be known of it."""
    below = " · ".join(note for note in notes if note)
    title = {"text": cut(name, 120) or "Insight"}
    return {**title, "subtitle": below} if below else title


def frame(name: str, drawn: Spec, *, height: int, notes: Iterable[str] = ()) -> Spec:
    """A Vega-Lite spec of the picture's width. `height` is that of the whole."""
    return {
        "$schema": VEGA_LITE,
        "width": WIDTH,
        "height": height,
        "autosize": {"type": "fit", "contains": "padding"},
        "title": titled(name, notes),
        "config": CONFIG,
        **drawn,
    }


def nothing(name: str, notes: Iterable[str] = (), said: str = "No data") -> Spec:
    """The frame without a picture."""
    return frame(
        name,
        {
            "data": {"values": [{"said": said}]},
            "mark": {"type": "text", "fontSize": 18, "color": MUTED},
            "encoding": {"text": {"field": "said", "type": "nominal"}},
        },
        height=200,
        notes=notes,
    )


def bounds(values: Iterable[float | None]) -> tuple[float, float]:
    """The least and the largest, 0 among them: lengths are compared from there."""
    found = [value for value in values if value is not None]
    return min([0.0, *found]), max([0.0, *found])


def amounts(values: Iterable[float | None], **more: Any) -> Spec:
    """The axis and scale of numbers: thousands have separators, from millions on there is a letter."""
    low, high = bounds(values)
    largest = max(high, -low)
    axis: Spec = {"title": None, "tickCount": 5, "domain": False, **more}
    if largest >= _UNREADABLE:
        axis["format"] = ".2~e"
    else:
        _, divisor, letter = next(row for row in _SCALES if largest >= row[0])
        axis["labelExpr"] = f"format(datum.value / {divisor}, ',') + '{letter}'"
    # Of nothing but zeros, and of what is too large to be rounded up, the ends are said.
    scale: Spec = {"nice": largest < MOST / 10, "zero": True}
    if low == high:
        scale["domain"] = [0, 1]
    return {"axis": axis, "scale": scale}


def dates(labels: Sequence[str], **more: Any) -> Spec:
    """The axis of periods: as many labels as have room, the first among them."""
    room = max(1, (INSIDE - 50) // (6 * max(map(columns, labels), default=1) + 18))
    step = -(-len(labels) // room)
    return {
        "type": "ordinal",
        "sort": None,
        "axis": {
            "title": None,
            "grid": False,
            "labelAngle": 0,
            "values": list(labels[::step]),
            "labelLimit": 160,
            **more,
        },
    }


def legend(names: Sequence[str]) -> Spec:
    """Under the picture, in as many columns as the names leave room for."""
    across = legend_columns(names)
    return {"columns": across, "labelLimit": INSIDE // across - 40, "values": list(names)}


def legend_columns(names: Sequence[str]) -> int:
    widest = min(60, max(map(columns, names), default=1))
    return max(1, min(4, INSIDE // (6 * widest + 45)))


def legend_height(names: Sequence[str]) -> int:
    """What a legend adds to a picture's height; one name needs none."""
    return 18 * -(-len(names) // legend_columns(names)) + 14 if len(names) > 1 else 0
