"""The days that a report is about. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from insights_engine.dates import resolve
from insights_engine.errors import ValidationError
from insights_engine.intervals import INTERVALS
from insights_engine.project import Project
from insights_engine.timing.model import TimingQuery

MAX_DAYS = 10_000


@dataclass(frozen=True, slots=True)
class Window:
    """Both ends in the project's zone and inclusive. Of `all`, the first day is the first that has a load."""

    start: datetime
    end: datetime
    is_all: bool

    def days(self) -> list[str]:
        first = self.start.date()
        return [f"{first + timedelta(days=n)}" for n in range((self.end.date() - first).days + 1)]


def make_window(query: TimingQuery, project: Project, now: datetime) -> Window:
    """By the rules of insights with the interval day. Raises ValidationError."""
    found = resolve(
        query.date_from,
        query.date_to,
        interval=INTERVALS["day"],
        now=now,
        zone=project.zone,
        monday=project.weeks_start_on_monday,
    )
    window = Window(found.select_from, found.end, query.date_from == "all")
    if (window.end.date() - window.start.date()).days >= MAX_DAYS:
        raise ValidationError(f"date_from: the range has more than {MAX_DAYS} days", attr="date_from")
    return window
