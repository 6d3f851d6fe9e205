"""Consumers at work side by side: they agree who is who, and the copies in ClickHouse say the same."""

from __future__ import annotations

import itertools
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from insights_engine.ingest import Ingest, Message
from insights_engine.ingest.identity import Identity
from insights_engine.ingest.persons import Link, Touch
from insights_engine.ingest.rows import stamp
from insights_engine.queue import pack
from insights_engine.store import Store

NOW = datetime(2024, 1, 1, tzinfo=UTC)
CONSUMERS = 6


def test_an_id_never_gets_two_numbers(store: Store) -> None:
    """On both stores: every consumer meets the same new ids at once, each in an order of its own."""
    ids = [f"id-{number}" for number in range(60)]

    def consume(seed: int) -> dict[str, int]:
        identity, order = Identity(store, 1), random.Random(seed).sample(ids, len(ids))
        numbers: dict[str, int] = {}
        for part in itertools.batched(order, 7, strict=False):
            numbers |= identity.resolve([Touch(i, stamp(NOW)) for i in part], NOW).ids
        return numbers

    with ThreadPoolExecutor(CONSUMERS) as threads:
        answers = list(threads.map(consume, range(CONSUMERS)))
    assert all(answer == answers[0] for answer in answers)
    assert len(set(answers[0].values())) == len(ids)


def test_links_and_properties_from_all_sides_end_in_one_person(store: Store) -> None:
    ids = [f"id-{number}" for number in range(12)]
    pairs = list(itertools.pairwise(ids))

    def consume(seed: int) -> None:
        identity = Identity(store, 2)
        for source, target in random.Random(seed).sample(pairs, len(pairs)):
            link = Link(source, target, stamp(NOW), forced=True)
            identity.resolve([link, Touch(target, stamp(NOW), set={f"p{seed}": target})], NOW)

    with ThreadPoolExecutor(CONSUMERS) as threads:
        list(threads.map(consume, range(CONSUMERS)))
    found = Identity(store, 2).resolve([Touch(i, stamp(NOW)) for i in ids], NOW)
    (number,) = set(found.ids.values())
    assert set(found.persons[number].properties) == {f"p{seed}" for seed in range(CONSUMERS)}


def test_copies_agree_with_the_store_after_merges_from_all_sides(project: Any) -> None:
    """Whatever order the copies were written in: ids, survivors and tombstones are those of the policies store."""
    ids = [f"user-{number}" for number in range(16)]

    def captured(name: str, distinct_id: str, properties: dict[str, Any]) -> dict[str, Any]:
        at = project.services.now().isoformat()
        event = {"token": project.token, "event": name, "distinct_id": distinct_id, "properties": properties}
        return {**event, "timestamp": at, "captured_at": at, "uuid": str(uuid4()), "ip": ""}

    def consume(seed: int) -> None:
        rng, ingest = random.Random(seed), Ingest(project.services)
        for number in range(8):
            source, target = rng.sample(ids, 2)
            events = [captured("seen", rng.choice(ids), {}), captured("$merge_dangerously", source, {"alias": target})]
            outcome = ingest.batch([Message(f"{seed}-{number}", body) for body in pack(events)])
            assert outcome.failed == []

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(consume, range(4)))

    found = Identity(project.services.policies, project.id).resolve(
        [Touch(i, "", profile=False) for i in ids], project.services.now()
    )
    copied = dict(project.rows("SELECT distinct_id, person FROM person_distinct_ids FINAL WHERE {p}"))
    merges = dict(project.rows("SELECT person, survivor FROM person_merges FINAL WHERE {p} AND is_deleted = 0"))
    events = project.rows("SELECT distinct_id, person FROM events WHERE {p}")
    alive = {n for (n,) in project.rows("SELECT person FROM persons FINAL WHERE {p} AND is_deleted = 0")}
    assert project.item()["has_pending_merges"] is True
    assert not set(merges) & set(merges.values())
    assert {i: merges.get(n, n) for i, n in copied.items()} == {i: found.ids[i] for i in copied}
    assert {(i, merges.get(n, n)) for i, n in events} == {(i, found.ids[i]) for i, _ in events}
    assert alive == {found.ids[i] for i in copied}
