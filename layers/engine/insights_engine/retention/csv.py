"""Retention as CSV: one line a cohort, one column a period. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from insights_engine.spreadsheets import as_text


def retention_csv(result: list[dict[str, Any]], labels: Sequence[str]) -> str:
    """`breakdown_value` where there is one, `cohort` and `date` where rows are cohorts, `size`, then the columns.

    Where a property is added up the columns hold its values, and `size` the actors. Cells that a row does not have
    are empty.
    """
    first = result[0] if result else {}
    is_cohorts = "date" in first or not first
    has_value = "breakdown_values" in first or first.get("breakdown_value") is not None
    out = io.StringIO()
    writer = csv.writer(out)
    ends = (["cohort", "date"] if is_cohorts else []) + ["size"]
    writer.writerow([*(["breakdown_value"] if has_value else []), *ends, *labels])
    for row in result:
        value = "::".join(row["breakdown_values"]) if "breakdown_values" in row else row.get("breakdown_value")
        cells = row["values"]
        line: list[Any] = [as_text(str(value))] if has_value else []
        line += [row["label"], row["date"]] if is_cohorts else []
        line.append(cells[0]["count"] if cells else 0)
        line += [cell.get("aggregation_value", cell["count"]) for cell in cells]
        writer.writerow([*line, *[""] * (len(labels) - len(cells))])
    return out.getvalue()
