"""JSON to events: the shapes, aliases and errors of the capture endpoints."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from insights_engine.capture.errors import CaptureError
from insights_engine.capture.payload import Sender, query_sent_at, read, read_v1, uuid7

CASES = json.loads((Path(__file__).parent.parent / "cases" / "capture.json").read_text("utf-8"))
NOW = datetime(2024, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_payload_is_read(case: dict[str, Any]) -> None:
    sender = Sender(NOW, "192.0.2.7", query_sent_at(case.get("sent_at")), may_omit_name=case.get("engage", False))
    if "error" in case:
        with pytest.raises(CaptureError) as refused:
            read(case["payload"], sender)
        assert [refused.value.status, refused.value.text] == case["error"]
        return
    events = read(case["payload"], sender)
    assert len(events) == len(case["events"])
    for event, expected in zip(events, case["events"], strict=True):
        assert {name: event[name] for name in expected} == expected
        assert UUID(event["uuid"])


def test_names_and_ids_are_cut() -> None:
    (event,) = read({"token": "t", "event": "e" * 300, "distinct_id": "u" * 300}, Sender(NOW))
    assert (len(event["event"]), len(event["distinct_id"])) == (200, 200)


def test_an_event_over_two_megabytes_is_refused() -> None:
    with pytest.raises(CaptureError, match="maximum event size exceeded"):
        read({"token": "t", "event": "e", "distinct_id": "u", "properties": {"a": "x" * 2_100_000}}, Sender(NOW))


def test_a_default_uuid_is_version_7_and_has_the_time() -> None:
    made = UUID(uuid7(NOW))
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert made.int >> 80 == int(NOW.timestamp() * 1000)


def v1(*events: dict[str, Any], authorization: str = "Bearer phc_a", sent_at: datetime | None = None) -> Any:
    return read_v1(
        {"created_at": "2024-01-01T12:00:00Z", "batch": list(events)}, authorization, Sender(NOW, "", sent_at)
    )


GOOD = {
    "event": "e",
    "uuid": "0190a1b2-0000-7000-8000-000000000000",
    "distinct_id": "u",
    "options": {},
    "properties": {},
}


def test_v1_gives_each_event_a_verdict() -> None:
    bad = {**GOOD, "uuid": "0190a1b2-0000-7000-8000-000000000001", "event": ""}
    verdicts = v1(GOOD, bad)
    assert [event["uuid"] for event in verdicts.events] == [GOOD["uuid"]]
    assert verdicts.results == {
        GOOD["uuid"]: {"result": "ok"},
        bad["uuid"]: {"result": "drop", "details": "event submitted with an empty event name"},
    }


def test_v1_options_go_back_among_the_properties() -> None:
    options = {"process_person_profile": False, "disable_skew_correction": True}
    event = {**GOOD, "session_id": "s", "window_id": "w", "options": options, "timestamp": "2024-01-01T11:00:00Z"}
    (made,) = v1(event, sent_at=datetime(2024, 1, 1, 12, 0, 10, tzinfo=UTC)).events
    assert made["properties"] == {
        "$session_id": "s",
        "$window_id": "w",
        "$process_person_profile": False,
        "$ignore_sent_at": True,
    }
    assert made["timestamp"] == "2024-01-01T11:00:00+00:00"


@pytest.mark.parametrize(
    ("authorization", "text"),
    [
        ("", "event submitted without an api_key"),
        ("Basic phc_a", "event submitted without an api_key"),
        ("Bearer phx_a", "API key is not valid: personal_api_key"),
    ],
)
def test_v1_takes_the_token_from_the_header(authorization: str, text: str) -> None:
    with pytest.raises(CaptureError) as refused:
        v1(GOOD, authorization=authorization)
    assert (refused.value.status, refused.value.text) == (401, text)


def test_v1_refuses_a_batch_whose_events_cannot_be_named() -> None:
    with pytest.raises(CaptureError, match="no uuid"):
        v1({"event": "e", "distinct_id": "u"})
