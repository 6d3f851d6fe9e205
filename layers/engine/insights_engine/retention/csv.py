"""Retention as CSV: one line a cohort, one column a period. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from insights_engine.spreadsheets import Line


def retention_csv(result: list[dict[str, Any]], labels: Sequence[str]) -> Iterator[Line]:
    """`breakdown_value` where there is one, `cohort` and `date` where rows are cohorts, `size`, then the columns.

    Where a property is added up the columns hold its values, and `size` the actors. Cells that a row does not have
    are empty.
    """
    first = result[0] if result else {}
    is_cohorts = "date" in first or not first
    has_value = "breakdown_values" in first or first.get("breakdown_value") is not None
    ends = (["cohort", "date"] if is_cohorts else []) + ["size"]
    yield [*(["breakdown_value"] if has_value else []), *ends, *labels]
    for row in result:
        cells = row["values"]
        line: list[Any] = [breakdown_value(row)] if has_value else []
        line += [row["label"], row["date"]] if is_cohorts else []
        line.append(cells[0]["count"] if cells else 0)
        line += [value_of(cell, cell["count"]) for cell in cells]
        yield [*line, *[""] * (len(labels) - len(cells))]


def breakdown_value(row: dict[str, Any]) -> str | None:
    """Of either form of the request; several are one text."""
    value = "::".join(row["breakdown_values"]) if "breakdown_values" in row else row.get("breakdown_value")
    return None if value is None else str(value)


def value_of(cell: dict[str, Any], otherwise: Any = None) -> Any:
    """What a property adds up to, where one is added up."""
    return cell.get("aggregation_value", otherwise)
