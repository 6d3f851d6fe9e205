"""Rows of the compiled statement -> the API's rows, triangular or rectangular. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from insights_engine.retention.compile import CELL
from insights_engine.retention.model import RetentionQuery
from insights_engine.retention.window import Plan
from insights_engine.trend.breakdowns import OTHER

Cells = dict[int, tuple[float, float]]


def shape(plan: Plan, rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    """`rows` are (breakdown, is_other, cells, actors, amounts, …) in the order of their values."""
    found = [
        (OTHER if other else value, _cells(plan.query, keys, actors, amounts))
        for value, other, keys, actors, amounts, *_ in rows
    ]
    query = plan.query
    if not query.breakdown:
        cells = found[0][1] if found else {}
        return [_row(plan, cells, row, None) for row in range(plan.window.rows)]
    if query.is_legacy:
        return [_value_row(query, value, cells) for value, cells in found]
    return [_row(plan, cells, row, value) for value, cells in found for row in range(plan.window.rows)]


def _cells(query: RetentionQuery, keys: Sequence[int], actors: Sequence[float], amounts: Sequence[float]) -> Cells:
    scale = query.sampling or 1
    return {
        key: (round(count / scale), amount / scale) for key, count, amount in zip(keys, actors, amounts, strict=True)
    }


def _row(plan: Plan, cells: Cells, row: int, value: str | None) -> dict[str, Any]:
    query = plan.query
    columns = query.columns - row if query.is_legacy else query.columns
    labels = column_labels(query)
    made: dict[str, Any] = {
        "label": f"{query.period.name} {row}",
        "date": plan.window.dates[row].isoformat().replace("+00:00", "Z"),
        "values": [_cell(query, cells.get(row * CELL + k, (0, 0.0)), labels[k]) for k in range(columns)],
    }
    if query.is_legacy:
        made["people_url"] = None
    else:
        made["breakdown_value"] = value
    return made


def _cell(query: RetentionQuery, cell: tuple[float, float], label: str) -> dict[str, Any]:
    actors, amount = cell
    if query.is_legacy:
        return {"count": actors, "people": []}
    made: dict[str, Any] = {"count": actors, "label": label}
    if query.aggregation != "count":
        total = amount if query.aggregation == "sum" else amount / actors if actors else 0.0
        made["aggregation_value"] = total
    return made


def _value_row(query: RetentionQuery, value: str, cells: Cells) -> dict[str, Any]:
    return {
        "label": value,
        "breakdown_values": value.split("::"),
        "values": [{"count": cells.get(k, (0, 0.0))[0], "people": []} for k in range(query.columns)],
    }


def column_labels(query: RetentionQuery) -> list[str]:
    """`Day 0`, `Day 1`, …, or the brackets: `Day 0`, `Day 1-4`, `Day 5`."""
    name = query.period.name
    if not query.brackets:
        return [f"{name} {k}" for k in range(query.columns)]
    labels, first = [f"{name} 0"], 1
    for size in query.brackets:
        last = first + size - 1
        labels.append(f"{name} {first}" if size == 1 else f"{name} {first}-{last}")
        first = last + 1
    return labels


def mean_row(plan: Plan, rows: Sequence[dict[str, Any]]) -> list[float]:
    """The mean share per column over the rows whose period is over and whose cohort is not empty.

    simple: the mean of the shares; weighted: by cohort size. 0 where no row is valid.
    """
    query, now = plan.query, plan.now.timestamp()
    if query.is_legacy and query.breakdown:
        return []
    ends = [query.period.step(at, 1).timestamp() for at in plan.window.dates]
    valid = [
        [cell["count"] for cell in row["values"]]
        for i, row in enumerate(rows)
        if ends[i % plan.window.rows] <= now and row["values"] and row["values"][0]["count"]
    ]
    means = []
    for k in range(query.columns):
        reached = [counts for counts in valid if k < len(counts)]
        if not reached:
            means.append(0.0)
        elif query.mean == "weighted":
            means.append(sum(c[k] for c in reached) / sum(c[0] for c in reached))
        else:
            means.append(sum(c[k] / c[0] for c in reached) / len(reached))
    return means
