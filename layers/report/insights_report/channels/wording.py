"""What every channel says in the same words: titles, times, what is left out. Pure.

Names are people's own, and some come from events: here they become one line, of a length that can be read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from insights_report.charts.text import clean, cut, more, number, written
from insights_report.charts.values import CUT
from insights_report.report import Report, Table

KINDS = {"insight": "Insight", "dashboard": "Dashboard", "alert": "Alert"}
NAME = 150
_CELL = 60
# What is a number, although it is text by now: `12.5%`, `1 h 20 min`, and what stands for none.
_NUMBER = re.compile(r"|[–…]|[-+]?[\d.,]+(?:\s?(?:%|[a-z]+))?(?: \d+ [a-z]+)?")
_UNTITLED = "Untitled"
_NOT_IN_FILES = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class Excerpt:
    """As much of a table as there is room for, as text. `note` says what is left out, else it is empty."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    is_number: tuple[bool, ...]
    note: str


def named(name: str, most: int = NAME) -> str:
    return cut(name, most) or _UNTITLED


def reason(error: str) -> str:
    """Why a part is missing."""
    return cut(error, 180)


def tracked(url: str, medium: str) -> str:
    """An address that says by which way somebody came; none, where the site has no address to be reached at."""
    if not url:
        return ""
    parts = urlsplit(url)
    tags = f"utm_source=posthog&utm_campaign=subscription_report&utm_medium={medium}"
    return urlunsplit(parts._replace(query=f"{parts.query}&{tags}" if parts.query else tags))


def moment(at: datetime, timezone: str) -> str:
    """`Monday, 3 January 2022 at 09:00 (Europe/Paris)`."""
    local = local_time(at, timezone)
    return f"{local:%A}, {local.day} {local:%B} {local.year} at {local:%H:%M} ({local.tzinfo})"


def local_time(at: datetime, timezone: str) -> datetime:
    try:
        return at.astimezone(ZoneInfo(timezone))
    except (ZoneInfoNotFoundError, ValueError):
        return at.astimezone(ZoneInfo("UTC"))


def schedule(report: Report) -> str:
    """When it comes, and when again; empty where nothing comes by itself."""
    said = f"This subscription is {clean(report.summary)}." if report.summary else ""
    if report.next_at is not None:
        said += f" The next subscription will be sent on {moment(report.next_at, report.timezone)}."
    return said.strip()


def showing(report: Report) -> str:
    """Of a dashboard that has more; else empty."""
    shown = len(report.parts)
    return f"Showing {shown} of {report.total} Insights." if report.total > shown else ""


def excerpt(table: Table, *, rows: int, columns: int) -> Excerpt:
    """The first rows, of dates the newest: they come last."""
    first = max(0, len(table.rows) - rows) if table.is_newest_last else 0
    kept = tuple(tuple(row[:columns]) for row in table.rows[first : first + rows])
    width = min(columns, len(table.columns))
    notes = [
        more(table.left_out + len(table.rows) - len(kept), "row"),
        more(len(table.columns) - width, "column"),
        CUT if table.is_cut else "",
    ]
    return Excerpt(
        tuple(cut(column, _CELL) for column in table.columns[:columns]),
        tuple(tuple(_cell(value) for value in row) for row in kept),
        tuple(_is_number([row[place] for row in kept if place < len(row)], place) for place in range(width)),
        " ".join(f"{note}." for note in notes if note),
    )


def slug(name: str, most: int = 60) -> str:
    """What of a name can stand in the name of a file."""
    return _NOT_IN_FILES.sub("-", name).strip("-").lower()[:most].strip("-") or "insight"


def _cell(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return "–" if value is None else str(value).lower()
    return written(value) if isinstance(value, int | float) else cut(value, _CELL)


def _is_number(values: Sequence[Any], place: int) -> bool:
    """Stands to the right. The first column names its row."""
    texts = [str(value) for value in values if value is not None and number(value) is None]
    return place > 0 and all(map(_NUMBER.fullmatch, texts))
