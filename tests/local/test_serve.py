"""`insights serve` as a process: what it prints works, and what it was told survives a stop and a kill."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from insights_engine import keys
from insights_engine.store import open_store
from insights_local.demo import Demo
from insights_local.serve import Serving

from tests.local.serving import COMMAND, Eventually, Server, environment

# Two batches, so that there is a middle to be killed in.
PERSONS = 400


def test_what_is_printed_can_be_pasted(start: Callable[..., Server], eventually: Eventually) -> None:
    server = start("--persons", "60")
    text = server.ready()
    assert "project id     1" in text
    commands = [line for line in text.splitlines() if line.startswith("curl ")]
    assert len(commands) == 3
    answers = [subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True) for line in commands]
    visitors, by_browser, captured = (json.loads(answer.stdout) for answer in answers)
    assert len(visitors["result"][0]["data"]) == 8
    assert {row["breakdown_value"] for row in by_browser["result"]} & {"Chrome", "Safari"}
    assert captured == {"status": "Ok"}

    before = server.total("signed_up")
    subprocess.run(["sh", "-c", commands[2]], capture_output=True, check=True)
    eventually(lambda: server.total("signed_up") > before)


def test_state_survives_a_stop_and_a_kill(start: Callable[..., Server], eventually: Eventually) -> None:
    first = start("--no-demo")
    first.ready()
    event = {"api_key": first.token, "event": "kept", "distinct_id": "a"}
    assert httpx.post(f"{first.url}/capture/", json=event, timeout=30).status_code == 200
    assert first.stop() == 0
    assert first.err.read_text().endswith("Stopped.\n")

    second = start("--no-demo")
    second.ready()
    assert (second.token, second.key) == (first.token, first.key)
    eventually(lambda: second.total("kept") == 1)
    assert httpx.post(f"{second.url}/capture/", json=event, timeout=30).status_code == 200
    second.stop(signal.SIGKILL)

    third = start("--no-demo")
    third.ready()
    eventually(lambda: third.total("kept") == 2)


def test_demo_data_that_was_killed_halfway_is_completed(
    start: Callable[..., Server], eventually: Eventually, tmp_path: Path
) -> None:
    killed = start("--persons", str(PERSONS))
    eventually(lambda: re.search(r"Demo data: [1-9]", killed.err.read_text()))
    killed.stop(signal.SIGKILL)
    assert "Ctrl-C stops." not in killed.out.read_text()

    server = start()
    server.ready()
    state = open_store(f"sqlite://{tmp_path}/data/policies.db").get(*keys.demo(1))
    assert state is not None
    demo = Demo(datetime.fromisoformat(state["now"]), persons=PERSONS)
    expected = Counter(event["event"] for batch in demo.batches() for event in batch.events)
    assert state["events"] == expected.total()
    for event in ("$pageview", "signed_up", "subscription_paid"):
        assert server.total(event) == expected[event]


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM], ids=lambda by: by.name)
def test_a_stop_in_the_middle_of_the_demo_data_is_clean(
    start: Callable[..., Server], eventually: Eventually, by: signal.Signals
) -> None:
    server = start("--persons", str(PERSONS))
    eventually(lambda: "Demo data" in server.err.read_text())
    assert server.stop(by) == 130
    errors = server.err.read_text()
    assert errors.endswith("Stopped; the next start goes on from here.\n")
    assert "Traceback" not in errors


def test_a_port_in_use_is_told_with_another_one(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [COMMAND, "serve", "--data-dir", tmp_path, "--port", str(port)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment())
    assert done.returncode == 1
    first, second = done.stderr.splitlines()
    assert first == f"Error: Cannot listen on 127.0.0.1:{port}: Address already in use."
    assert re.fullmatch(r"Choose another: \S*insights serve --port (\d+), or make run ARGS=\"--port \1\"", second)


def test_an_answer_s_body_does_not_wait_for_the_client(tmp_path: Path) -> None:
    serving = Serving("127.0.0.1", 0, tmp_path, clickhouse=None, demo_persons=0, access_log=False)
    with serving._listening() as listener, socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_second_start_is_told_where_the_first_one_is(start: Callable[..., Server], tmp_path: Path) -> None:
    first = start("--no-demo")
    first.ready()
    told = (
        f"{tmp_path / 'data'} is in use by another `insights` command, which serves {first.url}; "
        f"stop that one first (Ctrl-C where it runs, or: kill {first.process.pid}).\n"
    )
    second = start("--no-demo")
    third = start("--no-demo", "--port", first.url.rpartition(":")[2])
    assert [one.process.wait(60) for one in (second, third)] == [1, 1]
    assert second.err.read_text() == f"Error: {told}"
    assert third.err.read_text().endswith(f": Address already in use.\n{told}")
