"""What CloudFormation gets from the function behind its custom resources, at a real address of this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from insights_engine import migrations
from insights_engine.custom_resource import DeploymentError, handle
from insights_engine.services import Services, use
from insights_engine.settings import Settings
from insights_local.functions import Context

NAMES = ", ".join(migration.name for migration in migrations.migrations())
EVENT = {
    "RequestType": "Create",
    "ResourceType": "Custom::Migration",
    "StackId": "arn:aws:cloudformation:eu-central-1:123456789012:stack/insights/1",
    "RequestId": "r1",
    "LogicalResourceId": "Migration",
    "ResourceProperties": {"ServiceToken": "arn:aws:lambda:…", "Cluster": "", "Release": "1"},
}


@dataclass
class Told:
    """An address that takes answers, as the bucket of CloudFormation does."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    types: list[str | None] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    came: threading.Event = field(default_factory=threading.Event)


def serving(handler: type[BaseHTTPRequestHandler]) -> tuple[ThreadingHTTPServer, str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_address[1]}"


@pytest.fixture
def told() -> Iterator[Told]:
    """`statuses`: what the first calls are answered, before all others with 200."""
    found = Told()

    class Bucket(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = found.statuses.pop(0) if found.statuses else 200
            if status == 200:
                found.types.append(self.headers["Content-Type"])
                found.bodies.append(json.loads(body))
                found.came.set()
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Not on the tests' terminal."""

    server, found.url = serving(Bucket)
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture
def database(chdb_path: Path) -> Iterator[str]:
    """A DSN of an empty database; something else has the engine open all the time, as a stack would."""
    dsn = f"chdb://{chdb_path}?database=deployed_{uuid4().hex}"
    services = Services(Settings.read({"CLICKHOUSE_DSN": dsn}))
    services.clickhouse.create_database()
    yield dsn
    services.clickhouse.close()


def called(event: dict[str, Any], dsn: str, *, seconds: int = 300) -> dict[str, Any]:
    with use(Services(Settings.read({"CLICKHOUSE_DSN": dsn}))):
        return handle(event, Context("Migrate", seconds))


def test_the_tables_are_made_once(told: Told, database: str) -> None:
    for kind in ("Create", "Update"):
        called({**EVENT, "RequestType": kind, "ResponseURL": told.url}, database)
    assert [(one["Status"], one["Data"]) for one in told.bodies] == [
        ("SUCCESS", {"Applied": NAMES}),
        ("SUCCESS", {"Applied": "nothing"}),
    ]


def test_the_answer_says_whose_it_is(told: Told) -> None:
    event = {**EVENT, "RequestType": "Delete", "PhysicalResourceId": "as before", "ResponseURL": told.url}
    called(event, "chdb:///nowhere")
    assert told.bodies == [
        {
            "Status": "SUCCESS",
            "Reason": "",
            "PhysicalResourceId": "as before",
            "StackId": EVENT["StackId"],
            "RequestId": "r1",
            "LogicalResourceId": "Migration",
            "Data": {},
        }
    ]
    assert told.types == [""], "a signed address takes no other"


def test_two_at_once_both_succeed(told: Told, database: str) -> None:
    event = {**EVENT, "ResponseURL": told.url}
    threads = [threading.Thread(target=called, args=(event, database)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one["Status"] for one in told.bodies] == ["SUCCESS", "SUCCESS"]
    assert called({}, database) == {"Applied": "nothing"}


@pytest.mark.parametrize(
    ("change", "dsn", "reason"),
    [
        ({}, "https://app:s3cret@127.0.0.1:9/insights", "ClickHouse at 127.0.0.1:9: "),
        ({}, "https://app:s3cret@:port/insights", "CLICKHOUSE_DSN cannot be read"),
        ({}, "", "Set CLICKHOUSE_DSN or CLICKHOUSE_SECRET_ARN"),
        ({"ResourceType": "Custom::Migrate"}, "", "Custom::Migrate is not known; known are Custom::Migration and"),
        ({"ResourceProperties": {"Cluster": "x"}}, "chdb", "for the cluster"),
    ],
)
def test_a_failure_says_why_without_the_password(
    told: Told, database: str, change: dict[str, Any], dsn: str, reason: str
) -> None:
    if dsn == "chdb":  # its tables are there, in the other form
        dsn = database
        called({}, dsn)
    called({**EVENT, **change, "ResponseURL": told.url}, dsn)
    (answer,) = told.bodies
    assert answer["Status"] == "FAILED"
    assert reason in answer["Reason"]
    assert "s3cret" not in answer["Reason"]
    assert answer["PhysicalResourceId"] == "Migration"


def test_a_server_that_repeats_the_password_is_not_quoted(told: Told) -> None:
    class Server(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = b"Code: 497. DB::Exception: app: Not enough privileges. The key was s3cret. (ACCESS_DENIED)"
            self.send_response(500)
            self.send_header("X-ClickHouse-Exception-Code", "497")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST

        def log_message(self, format: str, *args: Any) -> None:
            """Not on the tests' terminal."""

    server, url = serving(Server)
    try:
        called({**EVENT, "ResponseURL": told.url}, url.replace("http://", "http://app:s3cret@") + "/insights")
    finally:
        server.shutdown()
        server.server_close()
    (answer,) = told.bodies
    assert answer["Status"] == "FAILED"
    assert "Not enough privileges" in answer["Reason"]
    assert "s3cret" not in answer["Reason"]


def test_a_function_that_runs_out_of_time_says_so_itself(told: Told) -> None:
    """ClickHouse takes the connection and never answers; the function's time is nearly over."""
    asked, until = threading.Event(), threading.Event()

    class Server(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.set()
            until.wait(30)

        do_GET = do_POST

    server, url = serving(Server)
    dsn = url.replace("http://", "http://app:s3cret@") + "/insights"
    event = {**EVENT, "ResponseURL": told.url}
    thread = threading.Thread(target=called, args=(event, dsn), kwargs={"seconds": 1})
    thread.start()
    try:
        assert told.came.wait(20)
        assert asked.wait(20)
    finally:
        until.set()
        thread.join()
        server.shutdown()
        server.server_close()
    assert [(one["Status"], "ran out of time" in one["Reason"]) for one in told.bodies] == [("FAILED", True)]


def test_an_answer_that_is_not_taken_is_given_again(told: Told) -> None:
    told.statuses = [503, 500]
    called({**EVENT, "RequestType": "Delete", "ResponseURL": told.url}, "")
    assert [one["Status"] for one in told.bodies] == ["SUCCESS"]


def test_an_answer_that_is_refused_is_the_function_s_error(told: Told) -> None:
    told.statuses = [403]
    with pytest.raises(DeploymentError, match="answers 403"):
        called({**EVENT, "RequestType": "Delete", "ResponseURL": told.url}, "")


@pytest.fixture
def digests(told: Told) -> Callable[..., dict[str, str]]:
    def digests(**properties: Any) -> dict[str, str]:
        event = {**EVENT, "ResourceType": "Custom::Digests", "LogicalResourceId": "Parameters"}
        given = {"ServiceToken": "arn", "ServiceTimeout": "330", **properties}
        called({**event, "ResourceProperties": given, "ResponseURL": told.url}, "")
        found: dict[str, str] = told.bodies[-1]["Data"]
        return found

    return digests


def test_a_digest_changes_with_its_values_and_with_no_others(digests: Callable[..., dict[str, str]]) -> None:
    before = digests(Questions=["INFO", "25"], Capture=["INFO"])
    after = digests(Questions=["INFO", "26"], Capture=["INFO"])
    assert before.keys() == {"Questions", "Capture"}
    assert before["Capture"] == after["Capture"]
    assert before["Questions"] != after["Questions"]
    assert digests(Questions=["INFO2", "5"])["Questions"] != digests(Questions=["INFO", "25"])["Questions"]
    assert all(len(digest) <= 256 for digest in before.values()), "it becomes the description of a version"


def test_a_person_calls_it_without_an_address(database: str) -> None:
    assert called({}, database) == {"Applied": NAMES}
    with pytest.raises(DeploymentError, match=r"ClickHouse at 127\.0\.0\.1:9"):
        called({}, "https://app:s3cret@127.0.0.1:9/insights")
