"""One computation for many: on both stores, when it works, when it fails, and when whoever had it is gone."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from insights_engine import aws
from insights_engine.answer import Answer
from insights_engine.clickhouse import Cost
from insights_engine.errors import Cancelled, Overloaded, Throttled, ValidationError
from insights_engine.results.cache import ResultsCache, changing_definitions, key_of
from insights_engine.results.entry import Entry
from insights_engine.results.flight import Flight
from insights_engine.results.jobs import Job, Jobs
from insights_engine.services import Services
from insights_engine.settings import Settings
from insights_engine.sql import Sql
from insights_engine.store import Store
from insights_engine.store.items import MAX_ITEM_BYTES

from tests.engine.meanwhile import before_result

PROJECT, KEY = 7, "a" * 32
FRESH: Callable[[Entry], bool] = lambda entry: True  # noqa: E731


@pytest.fixture
def services(store: Store) -> Services:
    services = Services(Settings.read({}))
    services.results = store
    return services


def entry(began: datetime, *, result: Any = None, definitions: int = 0, interval: str = "day") -> Entry:
    dates = {"date_from": "2026-03-01T00:00:00Z", "date_to": "2099-03-08T23:59:59.999999Z"}
    answer = Answer(
        result or [{"data": [1, 2.5, None], "label": "é"}], True, dates, Sql(""), Cost(3, 4, 5.5), mean=[0.5]
    )
    return Entry.of(answer, interval=interval, started_at=began, computed_at=began, definitions=definitions)


class Computation:
    """Counts how often it is made, and takes its time."""

    def __init__(self, seconds: float = 0.0, error: Exception | None = None) -> None:
        self.seconds, self.error, self.made = seconds, error, 0
        self.begun = threading.Event()

    def __call__(self, began: datetime) -> Entry:
        self.made += 1
        self.begun.set()
        time.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        return entry(began)


def now() -> datetime:
    return datetime.now(UTC)


def test_who_asks_at_once_gets_the_result_of_one(services: Services) -> None:
    compute, start = Computation(0.2), threading.Barrier(12)
    flight = Flight(services, PROJECT, KEY, 20)

    def ask(_: int) -> Any:
        asked_at = now()
        start.wait()
        return flight.land(asked_at, FRESH, compute)

    with ThreadPoolExecutor(12) as threads:
        landed = list(threads.map(ask, range(12)))
    assert compute.made == 1
    assert sum(not one.joined for one in landed) == 1
    assert len({one.entry.result for one in landed}) == 1


def test_who_comes_just_after_the_end_joins_too(services: Services) -> None:
    """They looked for a result before there was one."""
    compute = Computation()
    asked_at = now()
    flight = Flight(services, PROJECT, KEY, 20)
    assert not flight.land(now(), FRESH, compute).joined
    assert flight.land(asked_at, FRESH, compute).joined
    assert compute.made == 1


def test_who_wants_it_newer_than_that_has_it_computed_again(services: Services) -> None:
    compute = Computation()
    flight = Flight(services, PROJECT, KEY, 20)
    flight.land(now(), FRESH, compute)
    asked_at = now()
    second = flight.land(asked_at, lambda entry: entry.started_at >= asked_at, compute)
    assert (second.joined, compute.made) == (False, 2)


def test_a_lock_whose_holder_is_gone_ends_with_its_lease(services: Services) -> None:
    lock = {"pk": f"RESULT#{PROJECT}#{KEY}", "sk": "LOCK", "version": 1, "began": 0.0, "has_ended": False}
    services.results.put(lock | {"expires_at": int(time.time()) + 2})
    compute = Computation()
    assert not Flight(services, PROJECT, KEY, 20).land(now(), FRESH, compute).joined
    assert compute.made == 1


def test_a_long_computation_keeps_its_lock(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases are short, so that who is killed holds nobody up, and are renewed by who is not."""
    from insights_engine.results import flight as module

    monkeypatch.setattr(module, "_LEASE_SECONDS", 1.0)
    monkeypatch.setattr(module, "_RENEWED_EVERY", 0.2)
    compute, flight, asked_at = Computation(3.5), Flight(services, PROJECT, KEY, 60), now()
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(flight.land, asked_at, FRESH, compute)
        compute.begun.wait()
        second = threads.submit(flight.land, asked_at, FRESH, compute)
        assert second.result().joined
        assert not first.result().joined
    assert compute.made == 1


def test_of_two_who_find_a_computation_ended_one_begins_the_next(services: Services) -> None:
    flight, compute = Flight(services, PROJECT, KEY, 20), Computation()
    flight.land(now(), FRESH, Computation())
    asked_at = now()

    def newer(entry: Entry) -> bool:
        return entry.started_at >= asked_at

    puts = iter((False, True))  # of a new lock, which there is; then of the one that has ended
    raced = before_result(services, lambda _: next(puts), lambda: flight.land(asked_at, newer, compute))
    assert Flight(raced, PROJECT, KEY, 20).land(asked_at, newer, compute).joined
    assert compute.made == 1


@pytest.mark.parametrize("is_renewed", [False, True])
def test_who_is_late_leaves_the_lock_to_who_has_it_now(
    services: Services, monkeypatch: pytest.MonkeyPatch, is_renewed: bool
) -> None:
    """As a function that was frozen while it computed, beyond its lease: it neither renews nor ends another's."""
    from insights_engine.results import flight as module

    monkeypatch.setattr(module, "_RENEWED_EVERY", 0.001)
    frozen, taken, third = threading.Event(), threading.Event(), Computation()

    def freeze() -> None:
        frozen.set()
        taken.wait(10)

    def late(began: datetime) -> Entry:
        if is_renewed:
            frozen.wait(10)
        return entry(began)

    def other(began: datetime) -> Entry:
        taken.set()
        first.result()
        with pytest.raises(Overloaded):
            Flight(services, PROJECT, KEY, 1).land(now(), lambda _: False, third)
        return entry(began)

    puts = iter((False, True))  # of the lock; then of its renewal, or of its end
    slow = before_result(services, lambda item: item["sk"] == "LOCK" and next(puts), freeze)
    slow.now = lambda: now() - timedelta(hours=1)  # type: ignore[method-assign]
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(Flight(slow, PROJECT, KEY, 60 if is_renewed else 20).land, now(), FRESH, late)
        frozen.wait(10)
        assert not Flight(services, PROJECT, KEY, 20).land(now(), FRESH, other).joined
    assert third.made == 0


@pytest.mark.parametrize("minutes", [4, 60])
def test_a_clock_that_is_ahead_answers_for_nobody(services: Services, minutes: int) -> None:
    """Neither by its results nor by its errors."""
    flight, ahead = Flight(services, PROJECT, KEY, 20), timedelta(minutes=minutes)
    right = services.now
    services.now = lambda: right() + ahead  # type: ignore[method-assign]
    flight.land(services.now(), FRESH, Computation())
    with pytest.raises(Overloaded):
        flight.land(services.now() + ahead, lambda _: False, Computation(error=Overloaded("down", status=503)))
    services.now = right  # type: ignore[method-assign]
    asked_at = now()
    landed = flight.land(asked_at, lambda entry: entry.started_at >= asked_at, Computation())
    assert not landed.joined


def test_who_waits_hears_that_it_is_not_wanted_any_more(services: Services) -> None:
    lock = {"pk": f"RESULT#{PROJECT}#{KEY}", "sk": "LOCK", "version": 1, "began": 0.0, "has_ended": False}
    services.results.put(lock | {"expires_at": int(time.time()) + 600})

    def check() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        Flight(services, PROJECT, KEY, 60, check).land(now(), FRESH, Computation())


def test_nobody_waits_longer_than_there_is_time(services: Services) -> None:
    lock = {"pk": f"RESULT#{PROJECT}#{KEY}", "sk": "LOCK", "version": 1, "began": 0.0, "has_ended": False}
    services.results.put(lock | {"expires_at": int(time.time()) + 600})
    with pytest.raises(Overloaded) as raised:
        Flight(services, PROJECT, KEY, 0.3).land(now(), FRESH, Computation())
    assert raised.value.status == 504


@pytest.mark.parametrize("status", [500, 512])
def test_an_error_is_told_to_who_waited_and_to_nobody_later(services: Services, status: int) -> None:
    error = Overloaded("Out of memory.", status=status)
    failing, flight = Computation(0.2, error), Flight(services, PROJECT, KEY, 20)
    asked_at = now()
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(flight.land, asked_at, FRESH, failing)
        failing.begun.wait()
        second = threads.submit(flight.land, asked_at, FRESH, failing)
        raised = [first.exception(), second.exception()]
    assert failing.made == 1
    assert [one.body() for one in raised if isinstance(one, type(error))] == [error.body()] * 2
    assert {one.status for one in raised if isinstance(one, type(error))} == {error.status}
    assert not flight.land(now(), FRESH, Computation()).joined


OWN = [Throttled(5), Cancelled(), ValidationError("Wrong.", attr="events"), RuntimeError("a fault")]


@pytest.mark.parametrize("error", OWN, ids=lambda error: type(error).__name__)
def test_what_is_one_caller_s_own_is_told_to_no_other(services: Services, error: Exception) -> None:
    flight, asked_at = Flight(services, PROJECT, KEY, 20), now()
    with pytest.raises(type(error)):
        flight.land(asked_at, FRESH, Computation(error=error))
    assert not flight.land(asked_at, FRESH, Computation()).joined


def test_without_a_store_everybody_computes(tmp_path: Path) -> None:
    services = Services(Settings.read({"RESULTS_TABLE": f"sqlite://{tmp_path}"}))  # a folder is no database
    compute = Computation()
    for _ in range(2):
        assert not Flight(services, PROJECT, KEY, 20).land(now(), FRESH, compute).joined
    assert compute.made == 2
    cache = ResultsCache(services)
    assert not cache.put(PROJECT, KEY, entry(now()))
    assert cache.look(PROJECT, KEY) == (None, 0)
    with pytest.raises(Overloaded), changing_definitions(services, PROJECT):
        raise AssertionError("nothing is changed where it cannot be told")


@pytest.mark.parametrize("length", [1, 100, 20_000])
def test_what_is_kept_comes_back_as_it_was(services: Services, length: int) -> None:
    at = now().replace(microsecond=123456)
    kept = entry(at, result=[{"data": [n / 3, None, "é"]} for n in range(length)])
    cache = ResultsCache(services)
    assert cache.put(PROJECT, KEY, kept)
    assert cache.look(PROJECT, KEY).entry == kept
    assert cache.look(PROJECT + 1, KEY).entry is None


@pytest.fixture
def bucket(services: Services, moto_url: str) -> None:
    """RESULTS_BUCKET, in S3 as moto has it."""
    name = f"results-{uuid4().hex}"
    aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    services.settings = replace(services.settings, results_bucket=name)


# Which nothing packs: it fits into an item, if little is said about it.
LARGE = random.Random(1).randbytes(MAX_ITEM_BYTES - 9_000)


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize("beside", [0, 9_000])
def test_what_is_said_beside_the_rows_counts_for_the_limit_of_an_item(services: Services, beside: int) -> None:
    """A statement's own text stands there, which may be long."""
    kept = replace(entry(now()), result=LARGE, additions={"clickhouse": "x" * beside})
    cache = ResultsCache(services)
    assert cache.put(PROJECT, KEY, kept)
    assert cache.look(PROJECT, KEY).entry == kept


@pytest.mark.usefixtures("bucket")
def test_an_item_has_its_own_rows_though_a_newer_result_was_kept_since(services: Services) -> None:
    """Between a reader's two reads, or where the newer one's item could not be written."""
    cache, at = ResultsCache(services), now()
    first = replace(entry(at), result=LARGE * 2)
    newer = replace(entry(at + timedelta(seconds=1)), result=LARGE[::-1] * 2)
    assert cache.put(PROJECT, KEY, first)
    item = services.results.get(*key_of(PROJECT, KEY))
    assert cache.put(PROJECT, KEY, newer)
    assert cache.entry_of(item) == first
    assert cache.look(PROJECT, KEY).entry == newer


def test_what_nobody_wrote_is_no_result(services: Services) -> None:
    services.results.put({"pk": f"RESULT#{PROJECT}#{KEY}", "sk": "RESULT", "about": "{", "body": b"[]"})
    assert ResultsCache(services).look(PROJECT, KEY).entry is None


def test_a_result_is_of_the_definitions_that_it_was_computed_with(services: Services) -> None:
    cache = ResultsCache(services)
    cache.put(PROJECT, KEY, entry(now()))
    with changing_definitions(services, PROJECT + 1):
        pass
    assert cache.look(PROJECT, KEY).entry is not None
    with changing_definitions(services, PROJECT):
        assert cache.look(PROJECT, KEY).entry is None
        cache.put(PROJECT, KEY, entry(now(), definitions=1))
    assert cache.look(PROJECT, KEY) == (None, 2), "nor one whose computation began before the change was done"
    cache.put(PROJECT, KEY, entry(now(), definitions=2))
    assert cache.look(PROJECT, KEY).entry is not None
    assert cache.kept(PROJECT, KEY) is not None


WANTED = {"project_id": PROJECT, "user_id": "u", "question": {"kind": "x"}, "cache_key": KEY, "sight": ""}


@pytest.fixture
def jobs(services: Services, tmp_path: Path) -> Jobs:
    from dataclasses import replace

    services.settings = replace(services.settings, queries_queue=f"sqlite://{tmp_path}/queries.db")
    return Jobs(services)


def test_of_two_who_end_a_job_one_does(jobs: Jobs) -> None:
    job = jobs.send(WANTED, now(), anew=True)
    ended = jobs.change(job, complete=True, error_message="cancelled")
    assert ended is not None
    assert jobs.change(job, complete=True, error_message=None) is None
    assert jobs.get(PROJECT, job.id) == ended
    assert jobs.get(PROJECT + 1, job.id) is None


def test_who_asks_anew_joins_no_job(jobs: Jobs) -> None:
    """It may have begun before what they changed."""
    under_way = jobs.send(WANTED, now(), anew=False)
    assert jobs.send(WANTED, now(), anew=True).id != under_way.id
    assert jobs.send(WANTED, now(), anew=False).id == under_way.id


def test_a_job_that_nobody_ended_reads_as_failed_after_an_hour(jobs: Jobs) -> None:
    job = jobs.send(WANTED, now() - timedelta(minutes=61), anew=True)
    told = job.status(now())
    assert (told["complete"], told["error"]) == (True, True)
    assert "ask again" in told["error_message"]
    assert not job.status(now() - timedelta(minutes=2))["complete"]
    ended = jobs.change(job, complete=True)
    assert ended is not None
    told = ended.status(now())
    assert (told["complete"], told["error"]) == (True, False)


def test_questions_of_others_have_jobs_of_their_own(jobs: Jobs) -> None:
    """A job is told to who asked only; the result is computed once all the same."""
    first, same = (jobs.send(WANTED, now(), anew=False) for _ in range(2))
    other = jobs.send({**WANTED, "user_id": "v"}, now(), anew=False)
    assert (first.id == same.id, first.id == other.id) == (True, False)
    done = jobs.change(other, complete=True)
    assert isinstance(done, Job)
    assert jobs.send({**WANTED, "user_id": "v"}, now(), anew=False).id != other.id
