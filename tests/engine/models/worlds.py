"""Random persons, groups and events around the clock changes of some zones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from insights_engine.intervals import INTERVALS

from tests.engine.models import zones
from tests.engine.models.chance import not_the_simplest

DAYS = 24
GROUPS, KINDS, EVENTS = ("acme", "beta"), ("x", "y", ""), ("a", "b")


@dataclass
class World:
    """`merged`: persons that are the first one; the stored events do not know of it."""

    zone_name: str
    first: date
    monday: bool
    days_are_local: bool
    persons: list[dict[str, Any]]
    groups: list[dict[str, Any]]
    events: list[dict[str, Any]]
    merged: set[int] = field(default_factory=set)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone_name)

    def person_of(self, event: dict[str, Any]) -> int:
        return 0 if event["person"] in self.merged else int(event["person"])

    def counted(self, question: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for event in self.events:
            if question["event"] in (None, event["name"]) and (not question["only"] or event["kind"] == "x"):
                yield event

    def created(self, actor: Any, *, by_group: bool) -> datetime:
        """What was told, else the first event of any name; of the merged, the earliest."""
        if by_group:
            told = next(g["created"] for g in self.groups if g["key"] == actor)
            return told or min(e["at"] for e in self.events if e["group"] == actor)
        ones = [actor, *self.merged] if actor == 0 else [actor]
        known = [self.persons[one]["created"] for one in ones]
        return min(
            told or min((e["at"] for e in self.events if e["person"] == one), default=datetime.max.replace(tzinfo=UTC))
            for one, told in zip(ones, known, strict=True)
        )

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """As the bulk import takes them."""
        return {
            "persons": [
                {"distinct_ids": [f"p{i}", f"p{i}-phone"], "properties": {}, **_made(p["created"])}
                for i, p in enumerate(self.persons)
            ],
            "groups": [
                {"type": "company", "key": g["key"], "properties": {}, **_made(g["created"])} for g in self.groups
            ],
            "events": [
                {
                    "event": e["name"],
                    "distinct_id": f"p{e['person']}{'-phone' if e['phone'] else ''}",
                    "timestamp": e["at"].isoformat(),
                    "properties": {"kind": e["kind"]} if e["kind"] is not None else {},
                    "groups": {"company": e["group"]} if e["group"] else {},
                }
                for e in self.events
            ],
        }


def _made(at: datetime | None) -> dict[str, str]:
    return {"created_at": at.isoformat()} if at else {}


@st.composite
def worlds(draw: st.DrawFn) -> World:
    zone, first = draw(not_the_simplest(zones.near_a_change(DAYS)))
    start = datetime.combine(first, datetime.min.time(), UTC)
    moments = st.builds(
        lambda halves, micros: start + timedelta(minutes=30 * halves, microseconds=micros),
        st.integers(0, DAYS * 48) | st.sampled_from([0, 47, 48, 240]),
        st.sampled_from([0, 0, 1, 1_799_999_999]),
    )
    count = draw(st.integers(1, 4))
    event = {
        "name": st.sampled_from(EVENTS),
        "person": st.integers(0, count - 1),
        "phone": st.booleans(),
        "at": moments,
        "kind": st.sampled_from([*KINDS, None]),
        "group": st.sampled_from([*GROUPS, None]),
    }
    made = st.none() | moments
    return World(
        zone_name=zone,
        first=first,
        monday=draw(st.booleans()),
        days_are_local=draw(st.booleans()),
        persons=[{"created": draw(made)} for _ in range(count)],
        groups=[{"key": key, "created": draw(made)} for key in GROUPS],
        events=draw(st.lists(st.fixed_dictionaries(event), min_size=5, max_size=40)),
        merged=draw(st.sets(st.integers(1, count - 1), max_size=2)) if count > 1 else set(),
    )


def all_days(world: World) -> dict[str, Any]:
    """A question that every event of the world is in."""
    last = world.first + timedelta(days=DAYS + 1)
    return {"interval": "day", "first": world.first - timedelta(days=1), "last": last, "event": None, "only": False}


@st.composite
def ranges(draw: st.DrawFn, world: World) -> dict[str, Any]:
    """An interval and days; `only` is a filter that may hide first events."""
    interval = draw(st.sampled_from([*INTERVALS, "hour", "day"]))
    first = world.first + timedelta(days=draw(st.integers(0, DAYS - 2)))
    length = draw(st.sampled_from([0, 1] if interval in ("minute", "hour") else [0, 1, 3, 9, 20]))
    return {
        "interval": interval,
        "first": first,
        "last": first + timedelta(days=length),
        "event": draw(st.sampled_from([*EVENTS, None])),
        "only": draw(st.booleans()),
    }
