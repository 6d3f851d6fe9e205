"""The window of a paths query, and how an event's moment and item fit into one number. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time

from insights_engine.dates import EARLIEST, END_OF_DAY, parse
from insights_engine.definitions import Definitions
from insights_engine.intervals import start_of_day
from insights_engine.path.model import PathQuery
from insights_engine.project import Project
from insights_engine.scan import micros

# Of an edge's key, which also holds two items: what is left for the step is enough for MAX_STEPS.
_MOST_ITEM_BITS = 26
# With fewer, a site of ordinary size would have to be asked about twice.
_LEAST_ITEM_BITS = 16


@dataclass(frozen=True, slots=True)
class Packing:
    """Moments from the window's start in microseconds, left of the item's number: sorted by both at once.

    64 bits hold so many items as the length of the window leaves room for; 128 hold 2**32 at any length.
    """

    bits: int
    is_wide: bool

    @property
    def type(self) -> str:
        return "UInt128" if self.is_wide else "UInt64"

    @property
    def capacity(self) -> int:
        """How many items there may be; one number is kept for those that are left out."""
        return (1 << self.bits) - 1


@dataclass(frozen=True, slots=True)
class Plan:
    """Events from `start` through `end`, whole days in the project's zone."""

    query: PathQuery
    project: Project
    definitions: Definitions
    now: datetime
    start: datetime
    end: datetime
    packing: Packing

    @property
    def is_empty(self) -> bool:
        """A reversed range has no events, which is no error."""
        return self.start.timestamp() > self.end.timestamp()

    @property
    def steps_by_name(self) -> list[int]:
        """In the order of `1_`, `10_`, `2_`…, which is that of edges of one weight."""
        # A way that is cut in the middle has a node more than the steps that are shown.
        return sorted(range(1, self.query.steps + 2), key=lambda step: f"{step}_")


def window(query: PathQuery, project: Project, now: datetime) -> tuple[datetime, datetime]:
    """From the start of `date_from`'s day to the end of `date_to`'s; the last seven days where nothing is asked."""
    zone = project.zone
    last = parse(query.date_to, now, zone, "date_to").at if query.date_to else now.astimezone(zone)
    end = datetime.combine(last.date(), END_OF_DAY, zone)
    if query.date_from == "all":
        return datetime.combine(EARLIEST, time(), zone), end
    return start_of_day(parse(query.date_from or "-7d", now, zone, "date_from").at), end


def packing(start: datetime, end: datetime, *, wide: bool = False) -> Packing:
    left = 64 - max(micros(end) - micros(start), 0).bit_length()
    if wide or left < _LEAST_ITEM_BITS:
        return Packing(32, True)
    return Packing(min(left, _MOST_ITEM_BITS), False)
