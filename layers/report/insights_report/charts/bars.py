"""Values over time as bars, stacked or side by side, and the bars of a lifecycle above and below zero. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from insights_report.charts import lines
from insights_report.charts.series import Series, labels_of, largest, series_of, thinned
from insights_report.charts.text import days, more, span, unique
from insights_report.charts.theme import FILLS, PAPER, Spec, amounts, dates, frame, legend, legend_height, nothing

_HEIGHT = 320
# How many bars stand side by side.
_MOST_BESIDE = 160
_STATUSES = ("new", "returning", "resurrecting", "dormant")
_STATUS_FILLS = ("#1d4fa8", "#8ccdea", "#f9bc5c", "#b42346")


def stacked(name: str, found: Sequence[Series], labels: Sequence[str]) -> Spec:
    """What is compared with stands beside, paler."""
    return _over_time(name, found, labels, "was")


def unstacked(name: str, found: Sequence[Series], labels: Sequence[str]) -> Spec:
    """More than can be told apart are lines."""
    if len(found) * len(labels) > _MOST_BESIDE:
        return lines.spec(name, found, labels)
    return _over_time(name, found, labels, "series")


def lifecycle(name: str, rows: Sequence[dict[str, Any]]) -> Spec:
    """Who came above zero, and who stayed away below."""
    order = {status: place for place, status in enumerate(_STATUSES)}
    known = sorted((row for row in rows if row.get("status") in order), key=lambda row: order[row["status"]])
    labels = labels_of(known)
    if not labels:
        return nothing(name)
    plain = [Series(row["status"], row["status"], one.values) for row, one in zip(known, series_of(known), strict=True)]
    kept, texts, size = thinned(plain, unique(days(labels)))
    return _drawn(
        name, kept, texts, None, dict(zip(_STATUSES, _STATUS_FILLS, strict=True)), [span(labels), _said(size)]
    )


def histogram(name: str, bins: Sequence[tuple[str, float | None]], notes: Sequence[str]) -> Spec:
    """Bars that touch: each is a stretch that begins with its label."""
    texts = unique(text for text, _ in bins)
    kept = [Series("", "", tuple(value for _, value in bins))]
    made = _drawn(name, kept, texts, None, {"": FILLS[0]}, notes)
    made["encoding"]["x"]["scale"]["paddingInner"] = 0.04
    return made


def _over_time(name: str, found: Sequence[Series], labels: Sequence[str], beside: str) -> Spec:
    kept, left_out = largest(found)
    kept, texts, size = thinned(kept, unique(days(labels)))
    if not texts or not kept:
        return nothing(name)
    of = list(dict.fromkeys(one.of for one in kept))
    fills = {one: FILLS[place % len(FILLS)] for place, one in enumerate(of)}
    said = of[0] if len(of) == 1 else ""
    has_both = len({one.is_previous for one in kept}) > 1
    notes = [said, span(labels), "pale: the time before" if has_both else "", more(left_out, "series", "series")]
    is_beside = beside if (beside == "series" and len(kept) > 1) or has_both else None
    return _drawn(name, kept, texts, is_beside, fills, [*notes, _said(size)])


def _drawn(
    name: str,
    kept: Sequence[Series],
    texts: Sequence[str],
    beside: str | None,
    fills: dict[str, str],
    notes: Sequence[str],
) -> Spec:
    points = [
        {"at": at, "value": value, "of": one.of, "series": one.name, "was": int(one.is_previous), "place": place}
        for place, one in enumerate(kept)
        for at, value in zip(texts, one.values, strict=False)
    ]
    encoding: Spec = {
        "x": {"field": "at", **dates(texts), "scale": {"type": "band", "domain": list(texts), "paddingInner": 0.25}},
        "y": {
            **{"field": "value", "type": "quantitative", "stack": None if beside == "series" else "zero"},
            **amounts(_heights(points, beside)),
        },
        "color": {
            **{"field": "of", "type": "nominal", "sort": None},
            "scale": {"domain": list(fills), "range": list(fills.values())},
            "legend": {**legend(list(fills)), "symbolType": "square"} if len(fills) > 1 else None,
        },
        "opacity": {
            **{"field": "was", "type": "nominal", "legend": None},
            "scale": {"type": "ordinal", "domain": [0, 1], "range": [1, 0.45]},
        },
        "order": {"field": "place", "type": "quantitative"},
    }
    if beside:
        order = [one.name for one in kept] if beside == "series" else [1, 0]
        encoding["xOffset"] = {"field": beside, "type": "nominal", "sort": None, "scale": {"domain": order}}
    edge: Spec = {"stroke": PAPER, "strokeWidth": 0.6} if len(texts) <= 60 else {}
    drawn = {"data": {"values": points}, "mark": {"type": "bar", **edge}, "encoding": encoding}
    return frame(name, drawn, height=_HEIGHT + legend_height(list(fills)), notes=notes)


def _heights(points: Sequence[Spec], beside: str | None) -> list[float]:
    """How far bars reach: what is stacked is added up, above and below zero apart."""
    sums: dict[tuple[Any, ...], float] = {}
    for point in points:
        value = point["value"] or 0.0
        place = point["series"] if beside == "series" else point["was"]
        key = (point["at"], place, value < 0)
        sums[key] = sums.get(key, 0.0) + value
    return list(sums.values())


def _said(size: int) -> str:
    return f"each bar is the highest of {size:,}" if size > 1 else ""
