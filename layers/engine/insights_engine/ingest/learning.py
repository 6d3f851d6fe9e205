"""Events and properties become known as they come in; docs/definitions.md says what is learned, and when.

1. What a project is known to have is read once and kept for an hour, so that a batch of nothing new writes nothing.
2. Definitions are written before the events that they are of. A try that dies in between comes again as a whole; were
   it the other way round, its events would be left out as repeats, and never learned.
3. A write says all that is known of a name, and ClickHouse puts rows of one name together: consumers side by side, and
   batches that come twice, end in the same.
4. Learning fails no batch. What goes wrong is logged and what was known is forgotten, so that the next event of a name
   is new again; where ClickHouse itself is away, that is the same batch, which comes again for its events.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from weakref import WeakKeyDictionary

from insights_engine.ingest.groups import GroupChange
from insights_engine.ingest.knowledge import Knowledge, Lesson, Seen
from insights_engine.ingest.persons import Command, Touch
from insights_engine.ingest.rows import Event, json_lines
from insights_engine.ingest.writer import insert
from insights_engine.property_types import GROUPS
from insights_engine.services import Services
from insights_engine.sql import Sql

# Another consumer may have learned meanwhile, and somebody may have removed a name.
_KEPT_SECONDS = 3600.0
# Names and pairs of all projects together; about 200 bytes each.
_MOST_KNOWN = 300_000

# A row with an `event` is of a property that came with it.
_READ = (
    "SELECT 'events' AS source, name, '' AS event, toString(min(first_seen)), toString(max(last_seen)), 0 "
    "FROM event_definitions WHERE project = {project:UInt32} GROUP BY name "
    "UNION ALL SELECT source, name, '', toString(min(first_seen)), toString(max(last_seen)), groupBitOr(types) "
    "FROM property_definitions WHERE project = {project:UInt32} GROUP BY source, name "
    "UNION ALL SELECT DISTINCT 'event', property, event, '', '', 0 "
    "FROM event_properties WHERE project = {project:UInt32}"
)


class Learner:
    """What one environment knows of its projects. Threads may share it: at worst, two write the same."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, most_known: int = _MOST_KNOWN) -> None:
        self._clock = clock
        self._most_known = most_known
        self._projects: dict[int, tuple[float, Knowledge]] = {}

    def learn(
        self,
        services: Services,
        project_id: int,
        now: datetime,
        *,
        events: Iterable[Event] = (),
        persons: Iterable[Command] = (),
        groups: Iterable[GroupChange] = (),
        indexes: Mapping[str, int] | None = None,
    ) -> None:
        """`indexes`: the number of each group type; a type without one has no properties that can be asked for."""
        try:
            lesson = Lesson(self._known(services, project_id), now.date().isoformat())
            for event in events:
                lesson.event(event.name, event.at.date().isoformat(), event.properties)
            for command in persons:
                if isinstance(command, Touch) and command.profile:
                    lesson.values("person", command.at[:10], command.set)
                    lesson.values("person", command.at[:10], command.set_once)
            for change in groups:
                if indexes and change.type in indexes:
                    lesson.values(GROUPS[indexes[change.type]], change.at[:10], change.set)
            write(services, project_id, lesson)
        except Exception as error:
            self._projects.pop(project_id, None)
            _log("definitions could not be learned", project=project_id, why=repr(error)[:500])

    def _known(self, services: Services, project_id: int) -> Knowledge:
        until, knowledge = self._projects.pop(project_id, (0.0, None))
        if knowledge is None or until <= self._clock():
            until, knowledge = self._clock() + _KEPT_SECONDS, read(services, project_id)
            self._make_room(knowledge.size)
        self._projects[project_id] = until, knowledge  # the one that was used last is at the end
        return knowledge

    def _make_room(self, size: int) -> None:
        held = list(self._projects.items())
        size += sum(knowledge.size for _, (_, knowledge) in held)
        for project_id, (_, knowledge) in held:
            if size <= self._most_known:
                return
            size -= knowledge.size
            self._projects.pop(project_id, None)


def read(services: Services, project_id: int) -> Knowledge:
    """What ClickHouse has of the project."""
    knowledge = Knowledge()
    rows = services.clickhouse.admin_read(Sql(_READ, project=project_id)).rows
    for source, name, event, first, last, types in rows:
        if event:
            knowledge.add_pair(event, name)
        elif source == "events":
            knowledge.events[name] = Seen(first, last)
        else:
            knowledge.properties[source][name] = Seen(first, last, int(types))
    return knowledge


def write(services: Services, project_id: int, lesson: Lesson) -> None:
    """What is new, in at most three inserts. Raises ClickHouse's errors; a row that it refuses is left out."""
    tables: dict[str, list[dict[str, str | int]]] = {
        "event_definitions": [{"name": name, **_days(seen)} for name, seen in lesson.events.items()],
        "property_definitions": [
            {"source": source, "name": name, "types": seen.types, **_days(seen)}
            for (source, name), seen in lesson.properties.items()
        ],
        "event_properties": [{"event": event, "property": name} for event, name in lesson.pairs],
    }
    for table, rows in tables.items():
        if not rows:
            continue
        lines = json_lines([{"project": project_id, **row} for row in rows])
        refused = insert(services.clickhouse, table, ["project", *rows[0]], lines)
        if refused:
            _log("ClickHouse refused definitions", table=table, rows=len(refused), why=refused[0][1])


def _days(seen: Seen) -> dict[str, str | int]:
    return {"first_seen": seen.first, "last_seen": seen.last}


_learners: WeakKeyDictionary[Services, Learner] = WeakKeyDictionary()
_lock = threading.Lock()


def learner_of(services: Services) -> Learner:
    """One for each environment, whichever way its events come in."""
    with _lock:
        if services not in _learners:
            _learners[services] = Learner()
        return _learners[services]


def _log(what: str, **details: object) -> None:
    from insights_engine.log import logger

    logger().warning(what, extra=details)
