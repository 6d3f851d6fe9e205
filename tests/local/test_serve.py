"""`insights serve` as a process: what it prints works, and what it was told survives a stop and a kill."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from insights_engine import keys
from insights_engine.store import open_store
from insights_local.demo import Demo

Eventually = Callable[[Callable[[], Any]], Any]
COMMAND = Path(sys.executable).parent / "insights"
# Two batches, so that there is a middle to be killed in.
PERSONS = 400


class Server:
    """One run of the command; `ready` waits for what it prints at the end of its start."""

    def __init__(self, folder: Path, log: Path, eventually: Eventually, *arguments: str) -> None:
        self.eventually = eventually
        self.out, self.err = log.with_suffix(".out"), log.with_suffix(".err")
        command = [COMMAND, "serve", "--data-dir", folder, "--port", "0", *arguments]
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(
                command, stdout=out, stderr=err, stdin=subprocess.DEVNULL, env=environment()
            )

    def ready(self) -> str:
        def printed() -> str | None:
            assert self.process.poll() is None, self.err.read_text()
            text = self.out.read_text()
            return text if "Ctrl-C stops." in text else None

        text: str = self.eventually(printed)
        self.url = re.findall(r"http://127\.0\.0\.1:\d+", text)[0]
        self.token, self.key = re.findall(r"phc_\w+", text)[0], re.findall(r"phx_\w+", text)[0]
        return text

    def stop(self, by: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(by)
        return self.process.wait(60)

    def total(self, event: str) -> int:
        answer = httpx.get(
            f"{self.url}/api/projects/1/insights/trend/",
            params={"events": json.dumps([{"id": event}]), "date_from": "all", "refresh": "true"},
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        return int(answer.json()["result"][0]["count"])


def environment() -> dict[str, str]:
    hidden = ("CLICKHOUSE_", "POLICIES_", "RESULTS_", "EVENTS_", "AWS_")
    return {name: value for name, value in os.environ.items() if not name.startswith(hidden)}


@pytest.fixture
def start(tmp_path: Path, eventually: Eventually) -> Iterator[Callable[..., Server]]:
    """Each call is one more start on the same folder."""
    started: list[Server] = []

    def start(*arguments: str) -> Server:
        server = Server(tmp_path / "data", tmp_path / f"start{len(started)}", eventually, *arguments)
        started.append(server)
        return server

    yield start
    for server in started:
        server.process.kill()
        server.process.wait()


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


def test_a_port_in_use_is_one_line_and_an_exit_code(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [COMMAND, "serve", "--data-dir", tmp_path, "--port", str(port)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment())
    assert done.returncode == 1
    assert done.stderr == (
        f"Error: Cannot listen on 127.0.0.1:{port}: Address already in use. "
        "Choose another: insights serve --port 8001\n"
    )


def test_a_folder_in_use_is_one_line(start: Callable[..., Server], tmp_path: Path) -> None:
    start("--no-demo").ready()
    second = start("--no-demo")
    assert second.process.wait(60) == 1
    assert second.err.read_text() == (
        f"Error: {tmp_path / 'data'} is in use by another `insights` command; stop that one first.\n"
    )
