"""`make sam-local` as a person uses it: somebody joins, sends an event, and asks about it, all of it in containers."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import httpx
import pytest
from insights_local import docker, emulator

from tests.local.serving import environment

Eventually = Callable[..., Any]


def missing() -> str:
    """Why nothing can be run here; empty where it can."""
    if os.environ.get("INSIGHTS_SKIP_BUILT") == "1":
        return "INSIGHTS_SKIP_BUILT is set"
    if not emulator.is_built():
        return "there is no build; run `make build`"
    try:
        docker.host()
    except click.ClickException as error:
        return error.message
    return ""


pytestmark = pytest.mark.docker


class Running:
    """One run of the command, with the key and the token that it prints."""

    def __init__(self, log: Path) -> None:
        self.log = log
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = [sys.executable, "-m", "insights_local.sam_local", "--port", str(self.port)]
        kept = {name: value for name, value in os.environ.items() if name.startswith("DOCKER_")}
        with log.open("wb") as file:
            self.process = subprocess.Popen(command, stdout=file, stderr=file, env={**environment(), **kept})

    def printed(self) -> str | None:
        text = self.log.read_text()
        assert self.process.poll() is None, text
        return text if "Ctrl-C stops." in text else None

    def ready(self, text: str) -> None:
        self.token, self.key = re.findall(r"phc_\w+", text)[0], re.findall(r"phx_\w+", text)[0]
        self.outbox = Path(re.findall(r"mails are written to (\S+)", text)[0])

    def __call__(self, method: str, path: str, key: str | None = None, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key}"} if (key := self.key if key is None else key) else {}
        # A function's first request makes its container.
        return httpx.request(method, f"http://127.0.0.1:{self.port}{path}", headers=headers, timeout=120, **options)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)


@pytest.fixture
def sam(tmp_path: Path, eventually: Eventually) -> Iterator[Running]:
    if reason := missing():
        pytest.skip(reason)
    running = Running(tmp_path / "log")
    try:
        running.ready(eventually(running.printed, 120))
        yield running
        assert running.stop() == 0, running.log.read_text()
    finally:
        running.process.kill()
        running.process.wait()


PAID = {"events": json.dumps([{"id": "paid"}]), "date_from": "-1d", "refresh": "true"}
RETENTION = {"target_entity": json.dumps({"id": "paid", "type": "events"}), "period": "Day", "total_intervals": "2"}
FUNNEL = {"events": json.dumps([{"id": "paid", "order": 0}, {"id": "paid", "order": 1}]), "date_from": "-1d"}
PATH = {"include_event_types": '["custom_event"]', "date_from": "-1d"}
# insight -> what is asked, and what is true of the answer
INSIGHTS: dict[str, tuple[dict[str, str], Callable[[Any], bool]]] = {
    "trend": (PAID, lambda body: body["result"][0]["count"] == 2),
    "retention": (RETENTION, lambda body: sum(row["values"][0]["count"] for row in body["result"]) == 2),
    "path": (PATH, lambda body: body["result"] == []),
    "timing": ({"date_from": "-1d"}, lambda body: "resolved_date_range" in body),
    "funnel": (FUNNEL, lambda body: body["result"][0]["count"] == 2),
}


def test_somebody_joins_sends_an_event_asks_about_it_and_gets_a_report(sam: Running, eventually: Eventually) -> None:
    """One test, so that the containers are made once, however many workers the tests have."""
    key = joined(sam)
    assert sam("GET", "/api/projects/1/insights/trend/", "phx_unknown").status_code == 401
    send(sam)
    eventually(lambda: sam("GET", "/api/projects/1/insights/trend/", params=PAID).json()["result"][0]["count"] == 2, 90)
    for insight, (params, found) in INSIGHTS.items():
        answer = sam("GET", f"/api/projects/1/insights/{insight}/", key, params=params)
        assert answer.status_code == 200, answer.text
        assert found(answer.json()), answer.text
    made = subscribed(sam, key)
    assert made["summary"] == "sent every week"
    (mail,) = eventually(lambda: list(sam.outbox.glob("*.eml")), 60)
    assert b"To: ada@example.com" in mail.read_bytes()


def joined(sam: Running) -> str:
    """The key of somebody who was invited, and came."""
    invite = sam("POST", "/api/organizations/@current/invites/", json={"target_email": "ada@example.com"})
    assert invite.status_code == 201, invite.text
    joined = sam("POST", f"/api/signup/{invite.json()['token']}/", key="", json={"first_name": "Ada"})
    assert joined.status_code == 201, joined.text
    value: str = joined.json()["personal_api_key"]
    return value


def send(sam: Running) -> None:
    """Events of two people, and a load that took a quarter of a second."""
    batch = [{"event": "paid", "distinct_id": person, "properties": {}} for person in ("ada", "bob")]
    assert sam("POST", "/batch/", json={"api_key": sam.token, "batch": batch}).status_code == 200
    load = {"type": "insight_load", "context": "insight", "time_to_see_data_ms": 250, "is_primary_interaction": True}
    assert sam("POST", "/api/projects/1/insights/timing/", json=load).status_code == 201


def subscribed(sam: Running, key: str) -> Any:
    saved = sam(
        "POST", "/api/projects/1/insights/", key, json={"name": "Paid", "filters": {"events": [{"id": "paid"}]}}
    )
    assert saved.status_code == 201, saved.text
    wanted = {
        "insight": saved.json()["id"],
        "target_type": "email",
        "target_value": "ada@example.com",
        "frequency": "weekly",
        "start_date": "2026-01-01T09:00:00Z",
        "title": "Each week",
    }
    made = sam("POST", "/api/projects/1/subscriptions/", key, json=wanted)
    assert made.status_code == 201, made.text
    return made.json()
