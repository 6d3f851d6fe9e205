"""A trend as CSV: one line a series, one column a bucket."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from typing import Any

from insights_engine.spreadsheets import as_text


def trend_csv(series: list[dict[str, Any]], first_line: str | None = None) -> str:
    """Header: `series`, then the labels of the first row; a line: the series' custom name or label, then its values."""
    out = io.StringIO()
    if first_line:
        out.write(first_line + "\r\n")
    writer = csv.writer(out)
    writer.writerow(["series", *(series[0].get("labels") or [] if series else [])])
    for row in series:
        name = (row.get("action") or {}).get("custom_name") or row["label"]
        writer.writerow([as_text(str(name)), *(row.get("data") or [])])
    return out.getvalue()


def file_name(export_name: str | None, date_from: str, date_to: str) -> str:
    """`pageview-count (2012-01-08 - 2012-01-15) from PostHog.csv`, for Content-Disposition."""
    plain = unicodedata.normalize("NFKD", export_name or "export").encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain)).strip("-_") or "export"
    return f"{slug[:100]} ({date_from[:10]} - {date_to[:10]}) from PostHog.csv"
