"""The unmodified `airbyte-source-posthog` package: check, discover and read, as Airbyte calls them."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.clients import programs
from tests.clients.cli import Program
from tests.clients.conftest import Shop, needs

NAME = "airbyte-source-posthog"
pytestmark = needs(NAME)


@dataclass(frozen=True)
class Source:
    program: Program

    def messages(self, command: str, **files: Any) -> list[dict[str, Any]]:
        """What it prints, a message a line; `files` are its options."""
        options = []
        for option, content in files.items():
            path = self.program.home / f"{option}.json"
            path.write_text(json.dumps(content))
            options += [f"--{option}", str(path)]
        return [json.loads(line) for line in self.program.run(command, *options).splitlines()]

    def streams(self, config: Any) -> dict[str, Any]:
        (catalog,) = [m["catalog"] for m in self.messages("discover", config=config) if m["type"] == "CATALOG"]
        return {stream["name"]: stream for stream in catalog["streams"]}

    def read(self, config: Any, streams: Any, **more: Any) -> tuple[dict[str, list[Any]], list[Any]]:
        """The records of each stream, and the last state of each."""
        configured = [
            {
                "stream": stream,
                "sync_mode": stream["supported_sync_modes"][-1],
                "destination_sync_mode": "append",
            }
            for stream in streams
        ]
        records, states = defaultdict(list), {}
        for message in self.messages("read", config=config, catalog={"streams": configured}, **more):
            if message["type"] == "RECORD":
                records[message["record"]["stream"]].append(message["record"]["data"])
            elif message["type"] == "STATE":
                states[message["state"]["stream"]["stream_descriptor"]["name"]] = message["state"]
        return dict(records), list(states.values())


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source(Program(programs.program(NAME, "source-posthog"), {}, tmp_path))


@pytest.fixture
def config(shop: Shop) -> dict[str, Any]:
    start = datetime.now(UTC) - timedelta(days=60)
    return {"api_key": shop.key, "base_url": shop.url, "start_date": start.strftime("%Y-%m-%dT%H:%M:%SZ")}


def test_check(source: Source, config: dict[str, Any]) -> None:
    def status(key: str) -> str:
        found = source.messages("check", config={**config, "api_key": key})
        (verdict,) = [m["connectionStatus"]["status"] for m in found if m["type"] == "CONNECTION_STATUS"]
        return str(verdict)

    assert (status(config["api_key"]), status("phx_wrong")) == ("SUCCEEDED", "FAILED")


def test_read(shop: Shop, source: Source, config: dict[str, Any]) -> None:
    insight = shop.insight("For Airbyte")
    marker = {"content": "For Airbyte", "date_marker": "2026-01-01T00:00:00Z", "scope": "project"}
    shop.server.ask("POST", f"/api/projects/{shop.id}/annotations/", json=marker)
    shop.server.ask("POST", f"/api/projects/{shop.id}/cohorts/", json={"name": "For Airbyte", "is_static": True})
    streams = source.streams(config)
    assert set(streams) == {
        "projects",
        "cohorts",
        "feature_flags",
        "persons",
        "events",
        "annotations",
        "insights",
    }
    records, states = source.read(config, streams.values())
    assert shop.id in [row["id"] for row in records["projects"]]
    assert {"ada", "bob", "eve"} <= {name for row in records["persons"] for name in row["distinct_ids"]}
    assert insight["id"] in [row["id"] for row in records["insights"]]
    assert "For Airbyte" in [row["content"] for row in records["annotations"]]
    assert "For Airbyte" in [row["name"] for row in records["cohorts"]]
    assert records.get("feature_flags", []) == []
    seen = [row for row in records["events"] if row["distinct_id"] in ("ada", "bob", "eve")]
    assert len({row["id"] for row in seen}) == 8
    assert {row["event"] for row in seen} == {"$pageview", "signed up"}

    again, _ = source.read(config, [streams["events"]], state=states)
    known = {row["id"] for row in records["events"]}
    assert [row for row in again.get("events", []) if row["id"] not in known] == []
    assert len(again.get("events", [])) < len(records["events"])


def test_long_lists_are_read_to_their_end(shop: Shop, source: Source, config: dict[str, Any]) -> None:
    """It counts its own way, through pages of 100 persons and of 10,000 events."""
    names = [f"crowd-{number}" for number in range(250)]
    at = datetime.now(UTC) - timedelta(hours=5)
    events = [
        {"event": f"crowd {number}", "distinct_id": names[number % 250], "timestamp": at.isoformat()}
        for number in range(10_250)
    ]
    made = shop.server.ask("POST", "/api/projects/", json={"name": "Crowd"})
    shop.server.stack.load(made["id"], persons=[{"distinct_ids": [name]} for name in names], events=events)
    streams = source.streams(config)
    records, _ = source.read(config, [streams["persons"], streams["events"]])
    found = [name for row in records["persons"] for name in row["distinct_ids"] if name in names]
    assert (len(found), set(found)) == (250, set(names))
    seen = [row["event"] for row in records["events"] if row["distinct_id"] in names]
    assert (len(seen), set(seen)) == (10_250, {event["event"] for event in events})
