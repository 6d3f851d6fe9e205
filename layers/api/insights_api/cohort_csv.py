"""The CSV that fills a static cohort: a column of distinct ids, of person ids or of e-mail addresses."""

from __future__ import annotations

import csv
import io

from insights_engine.errors import ValidationError

# One row a kind of column, best first: the headers that name it, in lower case.
HEADERS = {
    "person_id": ("person_id", "person-id", "person .id"),
    "distinct_id": ("distinct_id", "distinct-id"),
    "email": ("email", "e-mail"),
}


def read_members(content: bytes) -> tuple[str, list[str]]:
    """The kind of identifier and its values.

    A single column has no header, unless it names person ids or e-mail addresses. With several, the header decides.
    """
    try:
        text = content.decode("utf-8-sig")
        rows = [row for row in csv.reader(io.StringIO(text)) if any(cell.strip() for cell in row)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValidationError(f"The file cannot be read as CSV: {error}.", attr="csv") from error
    if not rows:
        raise ValidationError("The file is empty.", attr="csv")
    header = [cell.strip().lower() for cell in rows[0]]
    for kind, names in HEADERS.items():
        if kind == "distinct_id" and len(header) == 1:
            continue
        for name in names:
            if name in header:
                at = header.index(name)
                return kind, _column(rows[1:], at)
    if len(header) > 1:
        known = ", ".join(names[0] for names in HEADERS.values())
        raise ValidationError(f"With several columns, one must have the header {known}.", attr="csv")
    return "distinct_id", _column(rows, 0)


def _column(rows: list[list[str]], at: int) -> list[str]:
    cells = (row[at].strip() for row in rows if len(row) > at)
    return [cell.replace("\0", "") for cell in cells if cell]
