"""Lifecycles by the book: every rule in its plainest form over a list of events."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.engine.models.calendar import bucket, buckets, midnight
from tests.engine.models.worlds import World

STATUSES = ("new", "returning", "resurrecting", "dormant")


def lifecycle(world: World, question: dict[str, Any]) -> dict[str, list[int]]:
    """The four rows' data. The first and the last interval count whole."""
    interval, by_group = question["interval"], question["by_group"]

    def at(moment: Any) -> Any:
        return bucket(moment, interval, world.zone, world.monday)

    shown = buckets(question["first"], question["last"], interval, world.zone, world.monday)
    before = at(
        (shown[0] if isinstance(shown[0], datetime) else midnight(shown[0], world.zone)) - timedelta(microseconds=1)
    )
    looked_at = [before, *shown]
    active: dict[Any, set[Any]] = {}
    for event in world.counted(question):
        actor = event["group"] if by_group else world.person_of(event)
        if actor is not None and at(event["at"]) in looked_at:
            active.setdefault(actor, set()).add(at(event["at"]))
    found = {status: [0] * len(looked_at) for status in STATUSES}
    for actor, ones in active.items():
        created = at(world.created(actor, by_group=by_group))
        first = min(ones)
        for place, start in enumerate(looked_at):
            was = place > 0 and looked_at[place - 1] in ones
            if start in ones and was:
                found["returning"][place] += 1
            elif start in ones:
                found["new" if start == first == created else "resurrecting"][place] += 1
            elif was:
                found["dormant"][place] -= 1
    return {status: data[1:] for status, data in found.items()}
