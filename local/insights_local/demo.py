"""Ninety days of a small planning tool's events, made up and loaded through the bulk import.

The same moment and seed give the same rows. How far a load has come is kept in the policies store, so that one that
was killed goes on with the batch that it was in: its events are first taken out by their ids, then loaded again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from insights_engine import keys
from insights_engine.services import Services
from insights_engine.store import Item

from insights_local.demo_events import Event, events_of
from insights_local.demo_people import organizations, people

PERSONS = 5000
SEED = 7
_VISITS_A_BATCH = 2500
_PERSONS_AN_ORGANIZATION = 20

Advance = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Batch:
    events: list[Event]
    # How many visits there are up to its end.
    visits_after: int


class Demo:
    """The rows, as the bulk import reads them."""

    def __init__(self, now: datetime, *, persons: int = PERSONS, seed: int = SEED) -> None:
        rng = random.Random(seed)
        self._now, self._seed = now, seed
        self._organizations = organizations(rng, max(3, persons // _PERSONS_AN_ORGANIZATION))
        self._people = people(rng, persons, now, self._organizations)
        self._visits = sorted((v for p in self._people for v in p.visits), key=lambda visit: visit.at)

    @property
    def visits(self) -> int:
        return len(self._visits)

    def persons(self) -> list[dict[str, Any]]:
        return [person.row() for person in self._people]

    def groups(self) -> list[dict[str, Any]]:
        return [organization.row() for organization in self._organizations]

    def batches(self, start: int = 0) -> Iterator[Batch]:
        """From visit number `start` on, in order of the visits' times."""
        for first in range(start, self.visits, _VISITS_A_BATCH):
            last = min(first + _VISITS_A_BATCH, self.visits)
            events: list[Event] = []
            for number in range(first, last):
                rng = random.Random(self._seed * 1_000_000_007 + number)
                events += events_of(self._visits[number], rng, self._now)
            yield Batch(events, last)


def is_loaded(services: Services, project_id: int) -> bool:
    item = services.policies.get(*keys.demo(project_id))
    return bool(item and item["is_complete"])


def load_demo(
    services: Services,
    project_id: int,
    *,
    now: datetime,
    persons: int = PERSONS,
    on_progress: Advance = lambda done, total: None,
    and_then: Callable[[], None] = lambda: None,
) -> int:
    """Load what is missing and give back the number of events of the whole; progress counts visits.

    `and_then` runs before the demo counts as complete.
    """
    from insights_engine.ingest import load

    found = services.policies.get(*keys.demo(project_id))
    state = found or _begin(services, project_id, now, persons)
    if state["is_complete"]:
        return int(state["events"])
    demo = Demo(datetime.fromisoformat(state["now"]), persons=int(state["persons"]))
    on_progress(int(state["visits"]), demo.visits)
    if state["visits"] == 0:
        load(services, project_id, persons=demo.persons(), groups=demo.groups())
    is_in_doubt = found is not None
    for batch in demo.batches(int(state["visits"])):
        if is_in_doubt:
            _take_out(services, project_id, batch.events)
            is_in_doubt = False
        load(services, project_id, events=batch.events)
        state |= {"visits": batch.visits_after, "events": int(state["events"]) + len(batch.events)}
        services.policies.put(state)
        on_progress(batch.visits_after, demo.visits)
    and_then()
    services.policies.put(state | {"is_complete": True})
    return int(state["events"])


def _begin(services: Services, project_id: int, now: datetime, persons: int) -> Item:
    pk, sk = keys.demo(project_id)
    state: Item = {
        "pk": pk,
        "sk": sk,
        "now": now.isoformat(),
        "persons": persons,
        "visits": 0,
        "events": 0,
        "is_complete": False,
    }
    services.policies.put(state)
    return state


def _take_out(services: Services, project_id: int, events: list[Event]) -> None:
    services.clickhouse.command(
        "DELETE FROM events WHERE project = {project:UInt32} AND uuid IN {uuids:Array(UUID)}",
        {"project": project_id, "uuids": [event["uuid"] for event in events]},
    )
