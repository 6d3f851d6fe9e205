"""Values over time as lines, or as areas that lie on one another. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from insights_report.charts.series import Series, largest, thinned
from insights_report.charts.text import days, more, span, unique
from insights_report.charts.theme import (
    DASHES,
    FILLS,
    INSIDE,
    LINES,
    Spec,
    amounts,
    dates,
    frame,
    legend,
    legend_height,
    nothing,
)

_HEIGHT = 320
# Up to here each point is marked.
_MARKED_POINTS = 45


def spec(name: str, found: Sequence[Series], labels: Sequence[str], *, unit: str = "", of: str = "series") -> Spec:
    """`unit` stands behind the axis' numbers, `of` says what is left out where there are too many."""
    kept, left_out = largest(found)
    kept, texts, size = thinned(kept, unique(days(labels)))
    if not texts or not kept:
        return nothing(name)
    names = [one.name for one in kept]
    notes = [_said(kept), span(labels), more(left_out, of, of), _thinned(size)]
    drawn = {
        "data": {"values": _points(kept, texts)},
        "mark": {
            "type": "line",
            "strokeWidth": _stroke(texts),
            "strokeJoin": "round",
            "point": _points_mark(kept, texts),
        },
        "encoding": {
            "x": {"field": "at", **dates(texts), "scale": {"type": "point", "domain": texts, "padding": 0.3}},
            "y": _amounts(kept, unit),
            "color": {**_by_series(names, _colours(kept, LINES)), "legend": _legend(names)},
            "strokeDash": {**_by_series(names, _dashes(kept)), "legend": _legend(names)},
            "opacity": {
                **_by_series(names, [0.55 if one.is_previous else 1 for one in kept]),
                "legend": _legend(names),
            },
        },
    }
    return frame(name, drawn, height=_HEIGHT + legend_height(names), notes=notes)


def areas(name: str, found: Sequence[Series], labels: Sequence[str]) -> Spec:
    """Parts of a whole lie on one another. What is compared with another time is no part of it: those are lines."""
    has_negative = any(value is not None and value < 0 for one in found for value in one.values)
    if any(one.is_previous for one in found) or has_negative or len(labels) < 2:
        return spec(name, found, labels)
    kept, left_out = largest(found)
    kept, texts, size = thinned(kept, unique(days(labels)))
    names = [one.name for one in kept]
    sums = [sum(one.values[i] or 0 for one in kept if i < len(one.values)) for i in range(len(texts))]
    drawn = {
        "data": {"values": _points(kept, texts)},
        "mark": {"type": "area", "line": {"strokeWidth": 1.2}, "fillOpacity": 0.75},
        "encoding": {
            "x": {"field": "at", **dates(texts), "scale": {"type": "point", "domain": texts, "padding": 0.3}},
            "y": {"field": "value", "type": "quantitative", "stack": "zero", **amounts(sums)},
            "color": {**_by_series(names, _colours(kept, FILLS)), "legend": _legend(names)},
            "order": {"field": "place", "type": "quantitative"},
        },
    }
    notes = [_said(kept), span(labels), more(left_out, "series", "series"), _thinned(size)]
    return frame(name, drawn, height=_HEIGHT + legend_height(names), notes=notes) if kept else nothing(name)


def _points(kept: Sequence[Series], texts: Sequence[str]) -> list[Spec]:
    return [
        {"at": at, "value": value, "series": one.name, "place": place}
        for place, one in enumerate(kept)
        for at, value in zip(texts, one.values, strict=False)
    ]


def _points_mark(kept: Sequence[Series], texts: Sequence[str]) -> bool | Spec:
    """Where a value stands between gaps there is no line to see."""
    has_gaps = any(value is None for one in kept for value in one.values)
    few = len(texts) <= _MARKED_POINTS and len(kept) <= 4
    return {"filled": True, "size": 90 if len(texts) == 1 else 22} if few or has_gaps or len(texts) == 1 else False


def _stroke(texts: Sequence[str]) -> float:
    """Thin enough that neighbours stay apart."""
    return 2.2 if len(texts) <= 120 else 1.4 if len(texts) <= 400 else 0.9


def _amounts(kept: Sequence[Series], unit: str) -> Spec:
    made = {"field": "value", "type": "quantitative", **amounts(value for one in kept for value in one.values)}
    if unit == "%" and "labelExpr" in made["axis"]:
        made["axis"]["labelExpr"] += " + '%'"
    return made


def _by_series(names: Sequence[str], marks: Sequence[object]) -> Spec:
    return {
        "field": "series",
        "type": "nominal",
        "sort": None,
        "scale": {"type": "ordinal", "domain": list(names), "range": list(marks)},
    }


def _legend(names: Sequence[str]) -> Spec | None:
    return {**legend(names), "symbolType": "stroke", "symbolSize": 600} if len(names) > 1 else None


def _places(kept: Sequence[Series]) -> list[int]:
    """The number of what each is of."""
    order = list(dict.fromkeys(one.of for one in kept))
    return [order.index(one.of) for one in kept]


def _colours(kept: Sequence[Series], palette: Sequence[str]) -> list[str]:
    return [palette[place % len(palette)] for place in _places(kept)]


def _dashes(kept: Sequence[Series]) -> list[list[int]]:
    """What it is compared with is dotted; that alone tells the two periods of one series apart."""
    return [
        [2, 3] if one.is_previous else DASHES[place % len(DASHES)]
        for one, place in zip(kept, _places(kept), strict=True)
    ]


def _said(kept: Sequence[Series]) -> str:
    """The name of the one that there is: it has no legend."""
    return kept[0].name[: INSIDE // 10] if len(kept) == 1 else ""


def _thinned(size: int) -> str:
    return f"each point is the highest of {size:,}" if size > 1 else ""
