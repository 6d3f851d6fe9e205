"""Small answers of each kind, as the API gives them, and how a picture of one is looked at."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from PIL import Image

Row = dict[str, Any]


def looked_at(png: bytes) -> Image.Image:
    """A picture of the width that mails have room for, on white, with something on it."""
    image = Image.open(io.BytesIO(png))
    assert image.format == "PNG"
    image = image.convert("RGB")
    assert image.width == 1200
    assert 200 <= image.height <= 3000
    assert image.getpixel((2, 2)) == (255, 255, 255)
    assert ink(image) > 500
    return image


def ink(image: Image.Image) -> int:
    """How many pixels are darker than paper."""
    return sum(image.convert("L").histogram()[:128])


def colours(image: Image.Image) -> set[Any]:
    """Those of areas, not of the edges of letters."""
    return {colour for count, colour in image.getcolors(1 << 16) or [] if count > 400}


def laid_out(value: Any, indent: str = "") -> str:
    """JSON; what fits on a line stands on one."""
    line = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(line) <= 110 or not isinstance(value, dict | list | tuple):
        return line
    inner = indent + " "
    if isinstance(value, dict):
        parts = [f"{json.dumps(name)}: {laid_out(one, inner)}" for name, one in value.items()]
        return "{\n" + ",\n".join(inner + part for part in parts) + f"\n{indent}}}"
    return "[\n" + ",\n".join(inner + laid_out(one, inner) for one in value) + f"\n{indent}]"


def days(count: int) -> list[str]:
    first = date(2026, 3, 1)
    return [f"{at.day}-{at:%b-%Y}" for at in (first + timedelta(days=n) for n in range(count))]


def over_time(label: str, data: Sequence[Any], **more: Any) -> Row:
    return {"label": label, "data": list(data), "labels": days(len(data)), "action": {"math": "total"}, **more}


def total(label: str, value: Any, **more: Any) -> Row:
    return {"label": label, "aggregated_value": value, "count": 0, "data": [], "days": [], **more}


def compared(row: Row, before: Row) -> list[Row]:
    return [
        row | {"compare": True, "compare_label": "current"},
        before | {"compare": True, "compare_label": "previous"},
    ]


def cohorts(count: int, *, is_node: bool = True, **more: Any) -> list[Row]:
    """Each half the size of what it has room for; of those half come back, then half of them."""
    made = []
    for place in range(count):
        counts = [(128 >> k) if place + k < count else 0 for k in range(count)]
        shares = [round(n / counts[0], 6) for n in counts]
        row = {"label": f"Day {place}", "date": f"2026-03-{place + 1:02}T00:00:00Z", **more}
        if is_node:
            cells: list[Row] = [{"count": n, "label": f"Day {k}"} for k, n in enumerate(counts)]
            made.append({**row, "values": cells, "shares": shares, "breakdown_value": more.get("breakdown_value")})
        else:
            cells = [{"count": n, "people": []} for n in counts[: count - place]]
            made.append({**row, "values": cells, "shares": shares[: count - place], "people_url": None})
    return made


def steps(counts: Sequence[int], **more: Any) -> list[Row]:
    return [
        {
            "name": f"step {order}",
            "custom_name": None,
            "order": order,
            "count": count,
            "average_conversion_time": 90.0 * order if order else None,
            "median_conversion_time": 60.0 * order if order else None,
            **more,
        }
        for order, count in enumerate(counts)
    ]


def edge(source: str, target: str, value: int) -> Row:
    return {"source": source, "target": target, "value": value, "average_conversion_time": 61_000.0}


def calendar(label: str) -> Row:
    cells = [{"row": 1, "column": 9, "value": 12_345}, {"row": 7, "column": 23, "value": 5}]
    counted = {
        "data": cells,
        "rowAggregations": [{"row": 1, "value": 12_345}, {"row": 7, "value": 5}],
        "columnAggregations": [],
        "allAggregations": 12_350,
    }
    return {"label": label, "count": 12_350, "aggregated_value": 12_350, "data": [], "calendar_heatmap_data": counted}


def lifecycle(count: int) -> list[Row]:
    sizes = {"new": 3, "returning": 10, "resurrecting": 2, "dormant": -4}
    return [over_time(f"pageview - {s}", [n * k for k in range(count)], status=s) for s, n in sizes.items()]
