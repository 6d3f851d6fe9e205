"""Writers that race, processes that die: what the stores still promise."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from insights_engine.store import ConflictError, Put, Store
from insights_engine.store.dynamodb import DynamoStore
from insights_engine.store.sqlite import SqliteStore

from tests.conftest import dynamo_client, make_table


@pytest.fixture
def store(any_store: Store, request: pytest.FixtureRequest) -> Store:
    """Not by moto: it answers requests side by side without any lock, so that a race there says nothing."""
    if "moto" in request.node.name:
        pytest.skip("moto's conditions are not atomic")
    return any_store


def test_of_racing_writers_one_wins(store: Store, pk: str) -> None:

    def claim(writer: int) -> int:
        won = 0
        for n in range(20):
            try:
                store.put({"pk": pk, "sk": f"{n}", "by": writer}, "absent")
                won += 1
            except ConflictError:
                pass
            store.add(pk, "counter", "next", 1)
        return won

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(claim, range(8))) == 20
    counter = store.get(pk, "counter")
    assert counter is not None and counter["next"] == 160


def test_a_counter_that_was_begun_anew_is_not_removed_as_the_expired_one_before(moto_url: str, pk: str) -> None:
    """`add` removes what has expired, and something else may be there by then."""
    client = dynamo_client(moto_url)
    store = DynamoStore(make_table(client), client=client)
    store.put({"pk": pk, "sk": "s", "n": 5, "expires_at": 1})
    anew = {"pk": pk, "sk": "s", "n": 7, "expires_at": 1 << 40}
    client.meta.events.register("before-call.dynamodb.DeleteItem", lambda **_: store.put(anew))
    assert store.add(pk, "s", "n", 1) == 8
    assert store.get(pk, "s") == {**anew, "n": 8}


def test_racing_bulk_writers_agree_on_every_winner(store: Store, pk: str) -> None:

    def claim(writer: int) -> list[int]:
        return [item["by"] for item in store.put_new_many([{"pk": pk, "sk": f"{n}", "by": writer} for n in range(40)])]

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(claim, range(4)))
    assert all(answer == answers[0] for answer in answers)


def test_racing_transactions_lose_no_update(store: Store, pk: str) -> None:
    store.put({"pk": pk, "sk": "s", "version": 0})

    def bump(_: int) -> None:
        done = False
        while not done:
            item = store.get(pk, "s")
            assert item is not None
            version = item["version"]
            try:
                log = Put({"pk": pk, "sk": f"log {version:03}"}, "absent")
                store.transact([Put({"pk": pk, "sk": "s", "version": version + 1}, version), log])
                done = True
            except ConflictError:
                pass

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(bump, range(12)))
    assert [item["sk"] for item in store.query(pk, "log")] == [f"log {n:03}" for n in range(12)]


def test_the_embedded_store_removes_what_has_expired(tmp_path: Path, clock: Any) -> None:
    import sqlite3

    store = SqliteStore(tmp_path / "s.db", clock=clock)
    store.put_many([{"pk": "p", "sk": str(n), "expires_at": 1_700_000_000 + n} for n in range(100)])
    clock.now += 3600
    store.put({"pk": "p", "sk": "new"})
    with sqlite3.connect(tmp_path / "s.db") as connection:
        assert connection.execute("SELECT sk FROM items").fetchall() == [("new",)]
    connection.close()


WRITER = """
    import sys
    from insights_engine.store import Put
    from insights_engine.store.sqlite import SqliteStore
    store, n = SqliteStore(sys.argv[1]), 0
    while True:
        store.put({"pk": "p", "sk": f"{n:06}"}, "absent")
        store.put_new_many([{"pk": "many", "sk": f"{n:06} {m}"} for m in range(5)])
        store.transact([Put({"pk": "left", "sk": f"{n:06}"}), Put({"pk": "right", "sk": f"{n:06}"})])
        store.add("p", "counter", "next", 1)
        print(n, flush=True)
        n += 1
"""


def test_the_embedded_store_keeps_what_it_acknowledged_before_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    command = [sys.executable, "-c", textwrap.dedent(WRITER), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        acknowledged = [int(writer.stdout.readline()) for _ in range(30)][-1]
        writer.kill()
        acknowledged = max([acknowledged, *map(int, writer.stdout.read().split())])
    store = SqliteStore(path)
    singles = [item["sk"] for item in store.query("p", "0")]
    assert singles[: acknowledged + 1] == [f"{n:06}" for n in range(acknowledged + 1)]
    assert len(store.query("many")) % 5 == 0  # a bulk call is one transaction here
    assert [item["sk"] for item in store.query("left")] == [item["sk"] for item in store.query("right")]
    counter = store.get("p", "counter")
    assert counter is not None and counter["next"] > acknowledged
    assert store.add("p", "counter", "next", 0) == counter["next"]


CLAIMER = """
    import sys
    from insights_engine.store.sqlite import SqliteStore
    store = SqliteStore(sys.argv[1])
    for n in range(50):
        store.add("p", "counter", "next", 1)
    won = store.put_new_many([{"pk": "p", "sk": f"{n}", "by": sys.argv[2]} for n in range(50)])
    print(",".join(item["by"] for item in won))
"""


def test_processes_share_an_embedded_store_from_its_first_moment(tmp_path: Path) -> None:
    command = [sys.executable, "-c", textwrap.dedent(CLAIMER), str(tmp_path / "deep" / "store.db")]
    processes = [subprocess.Popen([*command, str(n)], stdout=subprocess.PIPE, text=True) for n in range(4)]
    answers = {process.communicate()[0] for process in processes}
    assert [process.returncode for process in processes] == [0] * 4
    assert len(answers) == 1
    assert SqliteStore(tmp_path / "deep" / "store.db").add("p", "counter", "next", 0) == 200


def test_opening_a_store_touches_nothing(tmp_path: Path) -> None:
    SqliteStore(tmp_path / "folder" / "store.db")
    DynamoStore("no-such-table")
    assert list(tmp_path.iterdir()) == []
    loaded = "import sys, insights_engine.store.sqlite, insights_engine.store.dynamodb; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout.split()
    assert not {"boto3", "botocore", "sqlite3", "zstandard"} & set(modules)
