"""The queue's consumer: what a batch of messages holds goes into ClickHouse, each event once.

1. A batch is taken in slices of a bounded size, for a message of some hundred bytes may unpack to megabytes. In a slice
   each message is unpacked by itself; one that cannot be fails alone.
2. Events go to their project by its token; those of an unknown token vanish, as capture has promised nothing more.
3. A uuid that the project has seen for the same event about the same day is a repeat: it is left out, so that a message
   delivered twice changes nothing.
4. Persons and groups are decided in the policies store, then copied; names and types are learned; events come last, one
   insert for a project.
5. Where that fails, the messages that hold the project's events fail, and come again. Where what fails is an event, and
   not the store or ClickHouse, its message is found by halves, and fails alone.
6. Loads that were timed are no events: they are told apart by their kind, and go into a table of their own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from insights_engine import keys
from insights_engine.ingest.copies import copy_groups, copy_persons
from insights_engine.ingest.effects import group_change, person_commands
from insights_engine.ingest.elements import chain
from insights_engine.ingest.groups import GroupChange, Groups, group_keys
from insights_engine.ingest.identity import Identity
from insights_engine.ingest.learning import learner_of
from insights_engine.ingest.repeats import without_repeats
from insights_engine.ingest.rows import EVENT_COLUMNS, FIRST, LAST, Event, event_line, zone_or_none
from insights_engine.ingest.timings import Timings
from insights_engine.ingest.writer import insert
from insights_engine.queue import unpack, unpacked_size
from insights_engine.services import Services
from insights_engine.store import Item
from insights_engine.timing.columns import is_timing

_KNOWN_SECONDS = 60.0
_UNKNOWN_SECONDS = 5.0
# An event this old when it arrives may have been here before, in a try that ended before its copies were made.
_RETRY_AGE = timedelta(minutes=1)
# What an event that capture did not make can raise; the store and ClickHouse have errors of their own.
_OF_AN_EVENT = (TypeError, ValueError, AttributeError, LookupError, ArithmeticError, RecursionError)
# What is in memory at once, as JSON; as Python's objects it is several times as much.
SLICE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Message:
    id: str
    body: str
    receive_count: int = 1


@dataclass(slots=True)
class Outcome:
    """`failed`: ids of messages to deliver again. The rest are figures for the log."""

    failed: list[str] = field(default_factory=list)
    stored: int = 0
    repeated: int = 0
    unknown: int = 0
    refused: int = 0

    def add(self, other: Outcome) -> None:
        self.failed += other.failed
        self.stored += other.stored
        self.repeated += other.repeated
        self.unknown += other.unknown
        self.refused += other.refused


@dataclass(slots=True)
class _Arrived:
    event: Event
    message: str
    is_retry: bool


class Ingest:
    """One environment's consumer. It keeps what it learned of tokens for a minute, and numbers that it took."""

    def __init__(
        self, services: Services, *, clock: Callable[[], float] = time.monotonic, slice_bytes: int = SLICE_BYTES
    ) -> None:
        self._services = services
        self._slice_bytes = slice_bytes
        self._clock = clock
        self._projects: dict[str, tuple[float, Item | None]] = {}
        self._identities: dict[int, tuple[Identity, Groups]] = {}
        self._lock = threading.Lock()
        self._timings = Timings(services, clock)

    def batch(self, messages: Sequence[Message]) -> Outcome:
        outcome = Outcome()
        for part in slices(messages, self._slice_bytes):
            try:
                outcome.add(self._slice(part))
            except Exception as error:  # the other slices' messages need not come again for it
                _log("messages could not be handled", messages=len(part), why=repr(error)[:500])
                outcome.failed += [message.id for message in part]
        return outcome

    def _slice(self, messages: Sequence[Message]) -> Outcome:
        outcome = Outcome()
        by_project: dict[int, tuple[Item, list[_Arrived]]] = {}
        timings: list[tuple[Mapping[str, Any], str]] = []
        now = self._services.now()
        for message in messages:
            try:
                items = _items(message.body)
            except Exception as error:  # whatever it is, it is this message's and no other's
                _log("a message cannot be read", message_id=message.id, why=repr(error)[:200])
                outcome.failed.append(message.id)
                continue
            timings += [(item, message.id) for item in items if is_timing(item)]
            self._sort([item for item in items if not is_timing(item)], message, now, by_project, outcome)
        for project, arrived in by_project.values():
            self._store_or_fail(project, arrived, now, outcome)
        self._store_timings(timings, now, outcome)
        if outcome.unknown:
            _log(
                "events of an unknown token were dropped; insights projects list has the tokens", events=outcome.unknown
            )
        return outcome

    def _store_or_fail(self, project: Item, arrived: list[_Arrived], now: datetime, outcome: Outcome) -> None:
        messages = dict.fromkeys(a.message for a in arrived)
        try:
            self._store(project, arrived, now, outcome)
        except Exception as error:
            if isinstance(error, _OF_AN_EVENT) and len(messages) > 1:
                again = [replace(a, is_retry=True) for a in arrived]  # what this try decided may not be copied
                head = set(list(messages)[: len(messages) // 2])
                self._store_or_fail(project, [a for a in again if a.message in head], now, outcome)
                self._store_or_fail(project, [a for a in again if a.message not in head], now, outcome)
                return
            _log("events could not be stored", project=project["id"], why=repr(error)[:500])
            outcome.failed += messages.keys() - set(outcome.failed)

    def _store_timings(self, timings: Sequence[tuple[Mapping[str, Any], str]], now: datetime, outcome: Outcome) -> None:
        refused: list[str] = []
        try:
            outcome.stored += self._timings.store([item for item, _ in timings], now, refused.append)
        except Exception as error:  # ClickHouse's: these messages come again
            _log("timings could not be stored", timings=len(timings), why=repr(error)[:500])
            outcome.failed += {message for _, message in timings} - set(outcome.failed)
        for why in refused:
            _log("a timing cannot be stored", why=why)
        outcome.refused += len(refused)

    def _sort(
        self,
        events: Sequence[Mapping[str, Any]],
        message: Message,
        now: datetime,
        by_project: dict[int, tuple[Item, list[_Arrived]]],
        outcome: Outcome,
    ) -> None:
        for raw in events:
            project = self._project(str(raw.get("token", "")))
            if project is None:
                outcome.unknown += 1
                continue
            try:
                event = stored_event(raw, project)
                is_retry = message.receive_count > 1 or now - datetime.fromisoformat(raw["captured_at"]) > _RETRY_AGE
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                _log("an event cannot be read", message_id=message.id, why=repr(error)[:200])
                outcome.refused += 1
                continue
            by_project.setdefault(project["id"], (project, []))[1].append(_Arrived(event, message.id, is_retry))

    def _store(self, project: Item, arrived: list[_Arrived], now: datetime, outcome: Outcome) -> None:
        fresh = set(map(id, without_repeats(self._services.clickhouse, project["id"], [a.event for a in arrived])))
        kept = [a for a in arrived if id(a.event) in fresh]
        outcome.repeated += len(arrived) - len(kept)
        if not kept:
            return
        events = [a.event for a in kept]
        identity, groups = self._deciders(project["id"])
        changes = [change for event in events if (change := group_change(event))]
        indexes = self._copy_groups(project["id"], groups, events, changes)
        commands = [command for event in events for command in person_commands(event)]
        resolution = identity.resolve(commands, now)
        copy_persons(self._services, project["id"], resolution, everything=any(a.is_retry for a in kept))
        identity.mark_copied(list(resolution.merged.values()), resolution.moved_ids)
        zone = zone_or_none(project.get("days_timezone") or "UTC")
        lines = [event_line(project["id"], e, resolution.ids[e.distinct_id], zone, indexes) for e in events]
        learner_of(self._services).learn(
            self._services, project["id"], now, events=events, persons=commands, groups=changes, indexes=indexes
        )
        refused = insert(self._services.clickhouse, "events", EVENT_COLUMNS, lines)
        for place, why in refused:
            _log("ClickHouse refused an event", project=project["id"], uuid=events[place].uuid, why=why)
        outcome.refused += len(refused)
        outcome.stored += len(lines) - len(refused)

    def _copy_groups(
        self, project_id: int, groups: Groups, events: Sequence[Event], changes: Sequence[GroupChange]
    ) -> Mapping[str, int]:
        used = [name for event in events for name in event.groups]
        if not (changes or used):
            return {}
        # Types are numbered in the order in which the events name them.
        indexes = groups.indexes(used + [change.type for change in changes])
        copy_groups(self._services, project_id, groups.change(changes) if changes else [])
        return indexes

    def _deciders(self, project_id: int) -> tuple[Identity, Groups]:
        with self._lock:
            if project_id not in self._identities:
                policies = self._services.policies
                self._identities[project_id] = Identity(policies, project_id), Groups(policies, project_id)
            return self._identities[project_id]

    def _project(self, token: str) -> Item | None:
        until, project = self._projects.get(token, (0.0, None))
        if self._clock() < until:
            return project
        policies = self._services.policies
        owner = policies.get(*keys.project_token(token))
        project = policies.get(*keys.project(owner["project_id"])) if owner else None
        seconds = _KNOWN_SECONDS if project else _UNKNOWN_SECONDS
        self._projects[token] = self._clock() + seconds, project
        return project


def slices(messages: Sequence[Message], limit: int = SLICE_BYTES) -> Iterator[list[Message]]:
    """Neighbours that unpack to at most `limit` bytes together, or one message that is larger by itself."""
    part: list[Message] = []
    filled = 0
    for message in messages:
        try:
            size = unpacked_size(message.body)
        except ValueError:
            size = 0  # `unpack` refuses it before it takes memory
        if part and filled + size > limit:
            yield part
            part, filled = [], 0
        part.append(message)
        filled += size
    if part:
        yield part


def _items(body: str) -> list[dict[str, Any]]:
    """Raises ValueError for a message that holds anything but a list of objects."""
    items = unpack(body)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ValueError("A message that holds no list of objects")
    return items


def stored_event(raw: Mapping[str, Any], project: Item) -> Event:
    """A captured event as it is stored: the sender's address among the properties, its elements beside them."""
    if not (isinstance(raw["event"], str) and isinstance(raw["distinct_id"], str)):
        raise TypeError("event and distinct_id must be text")
    properties = dict(raw["properties"])
    if project.get("anonymize_ips"):
        properties.pop("$ip", None)
    elif raw.get("ip") and "$ip" not in properties:
        properties["$ip"] = raw["ip"]
    elements = properties.pop("$elements", None)
    text = properties.pop("$elements_chain", None)
    at = datetime.fromisoformat(raw["timestamp"]).astimezone(UTC)
    return Event(
        name=raw["event"],
        distinct_id=raw["distinct_id"],
        at=min(max(at, FIRST), LAST),
        uuid=str(UUID(raw["uuid"])),
        properties=properties,
        elements_chain=text if isinstance(text, str) else chain(elements),
        groups=group_keys(properties.get("$groups")),
    )


def _log(what: str, **details: Any) -> None:
    from insights_engine.log import logger

    logger().warning(what, extra=details)
