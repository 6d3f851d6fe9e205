"""A funnel: its steps as bars, how many converted over time, or how long it took them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from insights_report.charts import bars, lines
from insights_report.charts.series import Series, series_of
from insights_report.charts.text import cut, duration, more, number, percent, unique, written
from insights_report.charts.theme import FILLS, INK, MAIN, MUTED, TRACK, Spec, frame, legend, legend_height, nothing
from insights_report.funnel_rows import Group, groups_of, is_histogram, is_trend, value_of

MOST_STEPS, MOST_VALUES = 20, 6
# Beyond a step's bar: `1,234,567 · 12 min 30 s`.
_ROOM = 0.45


def spec(name: str, result: Any) -> Spec:
    """The form is told by the answer: pairs of seconds and counts, shares over time, or steps."""
    if is_histogram(result):
        return _time_to_convert(name, result)
    if is_trend(result):
        found = [
            Series(shown, shown, one.values)
            for shown, one in zip(unique(value_of(row) for row in result), series_of(result), strict=True)
        ]
        return lines.spec(name, found, result[0].get("labels") or [], unit="%", of="values")
    found_groups = groups_of(result)
    if not found_groups:
        return nothing(name)
    return _one(name, found_groups[0]) if len(found_groups) == 1 else _several(name, found_groups)


def _time_to_convert(name: str, result: Mapping[str, Any]) -> Spec:
    found = [(duration(second), number(count)) for second, count in result.get("bins") or []]
    if not any(count for _, count in found):
        return nothing(name)
    average = result.get("average_conversion_time")
    return bars.histogram(name, found, [f"time to convert, {duration(average)} on average", "how many by time"])


def _one(name: str, group: Group) -> Spec:
    """A line a step: its share of those who entered, how many they are, and how long it took them."""
    steps = group.steps[:MOST_STEPS]
    rows = [
        {
            **{"step": key, "share": step.share or 0.0, "whole": 1, "said": percent(step.share)},
            "people": written(step.count) + (f" · {duration(step.median)}" if step.median is not None else ""),
        }
        for key, step in zip(_keys(steps), steps, strict=True)
    ]
    y = _names(_keys(steps), 0.55)
    bar: Spec = {"type": "bar", "cornerRadius": 2}
    drawn = {
        "data": {"values": rows},
        "encoding": {"y": y},
        "layer": [
            {"mark": {**bar, "color": TRACK}, "encoding": {"x": _shares("whole", _ROOM)}},
            {"mark": {**bar, "color": MAIN}, "encoding": {"x": _shares("share", _ROOM)}},
            _beside("said", INK, fontWeight="bold", dy=-6),
            _beside("people", MUTED, dy=8, fontSize=10),
        ],
    }
    notes = [f"{percent(group.conversion)} of {written(steps[0].count)} went all the way"]
    notes += [_and_more(group), more(len(group.steps) - len(steps), "step")]
    return frame(name, drawn, height=46 * len(rows) + 80, notes=notes)


def _several(name: str, found: Sequence[Group]) -> Spec:
    """Step by step the values side by side; which is which, and how it ended for each, says the legend."""
    kept = found[:MOST_VALUES]
    names = unique(f"{cut(group.name, 40)}: {percent(group.conversion)}" for group in kept)
    steps = _keys(max((group.steps for group in kept), key=len)[:MOST_STEPS])
    rows = [
        {
            **{"step": key, "value": shown, "share": step.share or 0.0},
            "said": f"{percent(step.share)} · {written(step.count)}",
        }
        for shown, group in zip(names, kept, strict=True)
        for key, step in zip(steps, group.steps, strict=False)
    ]
    beside = {"field": "value", "type": "nominal", "sort": None, "scale": {"domain": names}}
    fill = {
        **{"field": "value", "type": "nominal", "sort": None, "scale": {"domain": names, "range": FILLS[: len(names)]}},
        "legend": {**legend(names), "symbolType": "square"},
    }
    drawn = {
        "data": {"values": rows},
        "encoding": {"y": _names(steps, 0.25), "yOffset": beside},
        "layer": [
            {"mark": {"type": "bar", "cornerRadiusEnd": 2}, "encoding": {"x": _shares("share"), "color": fill}},
            {
                "mark": {"type": "text", "align": "left", "dx": 5, "fontSize": 10, "color": MUTED},
                "encoding": {"x": _shares("share"), "text": {"field": "said", "type": "nominal"}},
            },
        ],
    }
    height = len(steps) * (16 * len(kept) + 14) + 80 + legend_height(names)
    return frame(name, drawn, height=height, notes=[more(len(found) - len(kept), "value")])


def _and_more(group: Group) -> str:
    """How long the whole took who went through it, where that can be added up."""
    means = [step.average for step in group.steps[1:]]
    known = [mean for mean in means if mean is not None]
    return f"{duration(sum(known))} on average" if known and len(known) == len(means) else ""


def _keys(steps: Sequence[Any]) -> list[str]:
    return [f"{place}. {cut(step.name, 60)}" for place, step in enumerate(steps, 1)]


def _names(keys: list[str], padding: float) -> Spec:
    return {
        **{"field": "step", "type": "nominal", "sort": None, "scale": {"domain": keys, "paddingInner": padding}},
        "axis": {"title": None, "domain": False, "labelLimit": 190, "labelColor": INK},
    }


def _shares(field: str, room: float = 0.3) -> Spec:
    """Shares of those who entered; beyond 1 there is room for the numbers."""
    scale = {"domain": [0, 1 + room], "nice": False}
    return {"field": field, "type": "quantitative", "axis": None, "scale": scale}


def _beside(field: str, tone: str, **more: Any) -> Spec:
    """Where the longest bar ends."""
    return {
        "mark": {"type": "text", "align": "left", "dx": 10, "color": tone, **more},
        "encoding": {"x": _shares("whole", _ROOM), "text": {"field": field, "type": "nominal"}},
    }
