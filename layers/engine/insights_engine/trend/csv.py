"""A trend as the older CSV: one line a series, one column a bucket. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from insights_engine.spreadsheets import Line, WithFraction


def trend_csv(series: list[dict[str, Any]]) -> Iterator[Line]:
    """Header: `series`, then the labels of the first row; a line: the series' custom name or label, then its values.

    A custom name is the same in all four rows of a lifecycle, so there the status stays with it. The values of a
    formula keep their `.0`, as clients have them from upstream.
    """
    yield ["series", *(series[0].get("labels") or [] if series else [])]
    for row in series:
        name = (row.get("action") or {}).get("custom_name") or ""
        if name and "status" in row:
            name = f"{name} - {row['status']}"
        values = row.get("data") or []
        yield [name or row["label"], *(map(WithFraction, values) if row.get("action", {}) is None else values)]
