"""How many questions of a project are computed at once: leases in either store, raced for, killed, waited for."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from insights_acl.project_slots import GRACE_SECONDS, live, slot
from insights_engine import keys
from insights_engine.errors import Throttled
from insights_engine.services import Services
from insights_engine.settings import Settings
from insights_engine.store import ConflictError, Expect, Item, Store

PROJECT = 7
Environments = Callable[[int], Services]


class Ahead(Services):
    """An environment in which it is later."""

    seconds = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.seconds)


@pytest.fixture(params=["sqlite", "dynamodb"])
def environment(request: pytest.FixtureRequest, tmp_path: Path) -> Environments:
    """`environment(3)`: one more environment of an installation that lets three be computed at once."""
    url = f"sqlite://{tmp_path}/results.db"
    if request.param == "dynamodb":
        url = request.getfixturevalue("dynamo_table")("results")
    return lambda most: Ahead(Settings.read({"QUERIES_AT_ONCE": str(most), "RESULTS_TABLE": url}))


def is_free(services: Services, project_id: int = PROJECT) -> bool:
    try:
        with slot(services, project_id, seconds=0.02):
            return True
    except Throttled:
        return False


def leases(services: Services) -> int:
    item = services.results.get(*keys.slots(PROJECT))
    return len(item["leases"]) if item else 0


def test_so_many_at_once_and_no_more(environment: Environments) -> None:
    services, other = environment(2), environment(2)
    with slot(services, PROJECT, 10):
        assert is_free(other)
        with slot(other, PROJECT, 10):
            assert not is_free(services)
            assert is_free(services, PROJECT + 1)
        assert is_free(services)
    assert leases(services) == 0


def test_the_refusal_says_what_is_going_on(environment: Environments) -> None:
    services = environment(1)
    with slot(services, PROJECT, 10), pytest.raises(Throttled) as refused, slot(services, PROJECT, 0.02):
        raise AssertionError("computed")
    assert refused.value.detail == (
        "1 question is being computed for this project, as many as may be at once. Expected available in 5 seconds."
    )
    assert refused.value.status == 429
    assert refused.value.headers == {"Retry-After": "5"}


def test_a_question_that_fails_gives_its_slot_back(environment: Environments) -> None:
    services = environment(1)
    with pytest.raises(ZeroDivisionError), slot(services, PROJECT, 10):
        raise ZeroDivisionError
    assert is_free(services)


def test_who_waits_goes_on_as_soon_as_one_is_done(environment: Environments) -> None:
    services, waiting = environment(1), environment(1)
    entered = threading.Event()

    def wait() -> None:
        with slot(waiting, PROJECT, 60):
            entered.set()

    with ThreadPoolExecutor(1) as pool:
        with slot(services, PROJECT, 60):
            done = pool.submit(wait)
            assert not entered.wait(0.1)
        done.result(timeout=30)
    assert entered.is_set()


def test_sixteen_environments_never_compute_more_than_so_many_at_once(environment: Environments) -> None:
    lock, running, highest = threading.Lock(), 0, 0

    def compute(_: int) -> None:
        nonlocal running, highest
        with slot(environment(3), PROJECT, 60):
            with lock:
                running += 1
                highest = max(highest, running)
            time.sleep(0.01)
            with lock:
                running -= 1

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(compute, range(32)))
    assert highest <= 3
    assert leases(environment(3)) == 0


def test_a_lease_ends_by_itself(environment: Environments) -> None:
    services, later = environment(1), environment(1)
    assert isinstance(later, Ahead)
    with ExitStack() as killed:  # what never comes to its end holds its slot until then
        killed.enter_context(slot(services, PROJECT, 20))
        later.seconds = 10 + GRACE_SECONDS
        assert not is_free(later)
        later.seconds = 20 + GRACE_SECONDS + 1
        assert is_free(later)
        with slot(later, PROJECT, 10):
            killed.close()  # it was only frozen, and gives back nothing that is another's
            assert leases(later) == 1
    assert leases(services) == 0


HOLDER = """
    import sys
    import time
    from insights_acl.project_slots import slot
    from insights_engine.services import Services
    from insights_engine.settings import Settings
    with slot(Services(Settings.read({"QUERIES_AT_ONCE": "1", "RESULTS_TABLE": sys.argv[1]})), 7, 20):
        print("held", flush=True)
        time.sleep(60)
"""


def test_what_a_killed_function_held_is_free_again(tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path}/results.db"
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(HOLDER), url], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        holder.kill()
    services = Ahead(Settings.read({"QUERIES_AT_ONCE": "1", "RESULTS_TABLE": url}))
    assert not is_free(services)
    services.seconds = 20 + GRACE_SECONDS + 1
    assert is_free(services)


class Unheard:
    """A store whose first answer to a write gets lost, so that the write is sent again and finds itself there."""

    def __init__(self, store: Store) -> None:
        self.store, self.is_lost = store, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def put(self, item: Item, expect: Expect = "any") -> None:
        self.store.put(item, expect)
        if not self.is_lost:
            self.is_lost = True
            raise ConflictError("it is there", item=self.store.get(item["pk"], item["sk"]))


def test_who_has_a_place_without_knowing_takes_no_second_one(
    environment: Environments, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = environment(1)
    monkeypatch.setitem(services.__dict__, "results", Unheard(services.results))
    with slot(services, PROJECT, 0.2):
        assert leases(services) == 1
    assert leases(services) == 0


def test_a_lease_is_over_at_its_end() -> None:
    assert live({"over": 10.0, "held": 10.5, "long over": 9.0}, 10.0) == {"held": 10.5}


def test_an_item_that_is_gone_is_begun_anew(environment: Environments) -> None:
    services = environment(1)
    with slot(services, PROJECT, 10):
        services.results.delete(*keys.slots(PROJECT))
        assert is_free(services)
    assert is_free(services)


def test_without_the_setting_nothing_is_asked(tmp_path: Path) -> None:
    services = Services(Settings.read({"RESULTS_TABLE": f"sqlite://{tmp_path}/none/results.db"}))
    assert all(is_free(services) for _ in range(3))
    assert not (tmp_path / "none").exists()


def test_where_the_store_fails_questions_are_computed(moto_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    services = Services(Settings.read({"QUERIES_AT_ONCE": "1", "RESULTS_TABLE": "no-such-table"}))
    with slot(services, PROJECT, 10), slot(services, PROJECT, 10):
        pass
    assert capsys.readouterr().out.count('"SlotUnknown":[1') == 2
