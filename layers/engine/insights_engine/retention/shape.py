"""Rows of the compiled statement -> the API's rows, triangular or rectangular. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

from insights_engine.errors import ValidationError
from insights_engine.retention.model import CELL, MEANS, REFERENCES, RetentionQuery
from insights_engine.retention.window import Plan
from insights_engine.trend.breakdowns import OTHER
from insights_engine.trend.numbers import bounded

Cells = dict[int, tuple[float, float]]
# What fits into an answer of a few megabytes, with room.
MAX_CELLS = 1_000_000
_DIGITS = 6


def shape(plan: Plan, rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    """`rows` are (breakdown, is_other, cells, actors, amounts, …) in the order of their values."""
    found = [
        (OTHER if other else value, _cells(plan.query, keys, actors, amounts))
        for value, other, keys, actors, amounts, *_ in rows
    ]
    query = plan.query
    rows_of_a_value = 1 if query.is_pooled else plan.window.rows
    if len(found) * rows_of_a_value * query.columns > MAX_CELLS:
        raise ValidationError(
            f"The answer would have more than {MAX_CELLS} cells; ask for fewer intervals or breakdown values",
            attr="total_intervals" if query.is_legacy else "retentionFilter__totalIntervals",
        )
    if query.is_pooled:
        return [_value_row(query, value, cells) for value, cells in found]
    values = found if query.breakdown else [(None, found[0][1] if found else {})]
    labels = column_labels(query)
    return [_row(plan, cells, row, value, labels) for value, cells in values for row in range(plan.window.rows)]


def _cells(query: RetentionQuery, keys: Sequence[int], actors: Sequence[float], amounts: Sequence[float]) -> Cells:
    scale = query.sampling or 1
    return {
        key: (round(count / scale), bounded(amount / scale))
        for key, count, amount in zip(keys, actors, amounts, strict=True)
    }


def _row(plan: Plan, cells: Cells, row: int, value: str | None, labels: Sequence[str]) -> dict[str, Any]:
    query = plan.query
    columns = query.columns - row if query.is_legacy else query.columns
    made: dict[str, Any] = {
        "label": f"{query.period.name} {row}",
        "date": plan.window.dates[row].isoformat().replace("+00:00", "Z"),
        "values": [_cell(query, cells.get(row * CELL + k, (0, 0.0)), labels[k]) for k in range(columns)],
    }
    made["shares"] = _shares(query, made["values"])
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
    if query.aggregation:
        made["aggregation_value"] = query.aggregation(amount, actors)
    return made


def _value_row(query: RetentionQuery, value: str, cells: Cells) -> dict[str, Any]:
    values = [_cell(query, cells.get(k, (0, 0.0)), "") for k in range(query.columns)]
    several = len(query.breakdown.properties) > 1
    return {
        "label": value,
        "breakdown_values": value.split("::") if several else [value],
        "values": values,
        "shares": _shares(query, values),
    }


def _shares(query: RetentionQuery, cells: Sequence[dict[str, Any]]) -> list[float]:
    counts = [cell["count"] for cell in cells]
    return [round(share(query, counts, k), _DIGITS) for k in range(len(counts))]


def share(query: RetentionQuery, counts: Sequence[float], column: int) -> float:
    """Of column 0, or of the column before; nothing of nothing is 0."""
    whole = counts[REFERENCES[query.reference](column)]
    return counts[column] / whole if whole else 0.0


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
    """The mean share per column, over the rows whose cohort is not empty and whose period of that column is over.

    simple: each row weighs the same; weighted: by cohort size. 0 where no row is valid.
    """
    query, weight = plan.query, MEANS[plan.query.mean]
    if query.is_pooled or weight is None:
        return []
    counts = [[cell["count"] for cell in row["values"]] for row in rows]
    ends = (query.period.step(plan.window.start, i + 1) for i in range(plan.window.rows))
    over = [end.timestamp() <= plan.now.timestamp() for end in ends]
    means = []
    for k, last in enumerate(_last_periods(query)):
        reached = [
            (weight(cells[0]), share(query, cells, k))
            for i, cells in enumerate(counts)
            if (period := i % plan.window.rows + last) < plan.window.rows and over[period] and cells[0]
        ]
        means.append(sum(w * s for w, s in reached) / sum(w for w, _ in reached) if reached else 0.0)
    return means


def _last_periods(query: RetentionQuery) -> list[int]:
    """Per column, how many periods after the cohort's its last one is."""
    return [0, *accumulate(query.brackets)] if query.brackets else list(range(query.columns))
