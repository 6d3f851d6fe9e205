"""Kept results are those of the question that is asked: by its numbers, its dates, its definitions, and who asks."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.test_results import STALE_AFTER, TREND, ask, complete, later, total, visit
from tests.api.world import Api, World

__all__ = ["later"]


def test_what_is_done_with_the_numbers_is_part_of_the_question(api: Api) -> None:
    at = datetime.now(UTC) - timedelta(hours=1)
    events = [
        {"event": "bought", "distinct_id": who, "timestamp": at.isoformat(), "properties": {"amount": 10}}
        for who in "ab"
    ]
    api.stack.load(api.project_id, persons=[{"distinct_ids": [who]} for who in "ab"], events=events)

    def first_cell(aggregation: str) -> Any:
        entity = {"id": "bought", "type": "events"}
        about = {"targetEntity": entity, "returningEntity": entity, "totalIntervals": 2}
        about |= {"aggregationType": aggregation, "aggregationProperty": "amount"}
        answer = api("POST", "query", json={"query": {"kind": "RetentionQuery", "retentionFilter": about}})
        assert answer.status_code == 200, answer.text
        return max(row["values"][0]["aggregation_value"] for row in answer.json()["results"])

    assert [first_cell(name) for name in ("sum", "avg", "sum")] == [20, 10, 20]


MOVING = [
    ("-1dStart", "-1dEnd", 1),
    ("-8d", "-1d", 1),
    ("-30d", "-2d", 2),
    ("-48h", "-24h", 1),
    ("-1mStart", "-1mEnd", 32),
]


@pytest.mark.parametrize(("date_from", "date_to", "days"), MOVING)
def test_dates_that_are_past_move_on(api: Api, later: Any, date_from: str, date_to: str, days: int) -> None:
    asked = {**TREND, "date_from": date_from, "date_to": date_to}
    first = ask(api, asked)
    assert ask(api, asked)["is_cached"]
    later(timedelta(days=days))
    again = ask(api, asked)
    assert (again["is_cached"], again["result"][0]["days"] != first["result"][0]["days"]) == (False, True)


def test_dates_that_are_written_out_do_not(api: Api, later: Any) -> None:
    asked = {**TREND, "date_from": "2024-01-01", "date_to": "2024-01-31"}
    ask(api, asked)
    later(timedelta(days=6))
    body = ask(api, asked)
    assert (body["is_cached"], "is_stale" in body) == (True, False)


TAKEN = json.dumps([{"id": "visited", "order": 0}, {"id": "left", "order": 1}])
TARGET = json.dumps({"id": "visited", "type": "events"})


@pytest.mark.parametrize(
    ("path", "insight", "asked"),
    [
        ("insights/funnel", "FUNNELS", {"events": TAKEN, "date_from": "-7d"}),
        ("insights/retention", "RETENTION", {"target_entity": TARGET, "returning_entity": TARGET}),
    ],
    ids=["funnel", "retention"],
)
def test_what_an_answer_repeats_of_its_request_is_part_of_the_question(
    api: Api, path: str, insight: str, asked: dict[str, str]
) -> None:
    """Addresses of the people behind it say what was asked, and so belong to nobody who asked otherwise."""
    visit(api)
    for colour, other in (("red", "blue"), ("blue", "red"), ("red", "blue")):
        answer = api("GET", path, params={**asked, "colour": colour})
        assert answer.status_code == 200, answer.text
        assert f"colour={colour}" in answer.text
        assert other not in answer.text
    assert answer.json()["is_cached"] is True
    saved = api("POST", "insights", json={"name": "x", "filters": {**asked, "insight": insight}}).json()
    result = api("GET", f"insights/{saved['id']}").json()
    assert result["result"]
    assert "colour=" not in json.dumps(result), "an insight that is kept has no such addresses"


def test_who_asks_what_another_has_asked_has_a_job_of_their_own(
    world: World, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only who asked is told of a job."""
    monkeypatch.setattr(api.stack.services.queries, "send", lambda bodies: None)
    other = replace(api, key=world.new_key(world.new_user()))
    first, second, third = (ask(who, status=202, refresh="async")["query_status"]["id"] for who in (api, other, other))
    assert first != second == third
    assert (complete(api, first), complete(other, second)) == (None, None)


def test_a_job_that_nobody_ends_is_given_up_after_an_hour(
    api: Api, later: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.stack.services.queries, "send", lambda bodies: None)
    query_id = ask(api, status=202, refresh="async")["query_status"]["id"]
    later(timedelta(minutes=59))
    assert complete(api, query_id) is None
    later(timedelta(minutes=2))
    told = complete(api, query_id)
    assert told is not None
    assert (told["error"], told["results"]) == (True, None)
    assert "did not come to an end" in told["error_message"]


def test_a_definition_that_cannot_be_told_is_not_changed(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else results of what it was would go on being served as those of what it is."""
    made = api("POST", "actions", json={"name": "A", "steps": [{"event": "visited"}]}).json()

    def fail(*_: Any) -> None:
        raise OSError("the store is away")

    with monkeypatch.context() as patch:
        patch.setattr(api.stack.services.results, "add", fail)
        refused = api("PATCH", f"actions/{made['id']}", json={"steps": [{"event": "left"}]})
        assert (refused.status_code, refused.json()["code"]) == (503, "error")
    assert api("GET", f"actions/{made['id']}").json()["steps"][0]["event"] == "visited"


def test_a_result_is_told_whatever_was_changed_since(api: Api, eventually: Any, later: Any) -> None:
    visit(api)
    query_id = ask(api, status=202, refresh="force_async")["query_status"]["id"]
    eventually(lambda: complete(api, query_id))
    api("POST", "actions", json={"name": "B", "steps": [{"event": "other"}]})
    assert total(complete(api, query_id)["results"]) == 1
    later(STALE_AFTER)
    assert complete(api, query_id)["results"]["is_stale"]


def test_no_address_that_is_handed_out_lets_anybody_in(api: Api) -> None:
    key = api.key
    visit(api)
    params = {"events": json.dumps(TREND["events"]), "breakdown_limit": "1", "personal_api_key": key}
    params |= {"breakdown": "x", "breakdown_type": "event"}
    body = replace(api, key=None)("GET", "insights/trend", params=params)
    assert body.status_code == 200
    assert body.json()["next"]
    assert str(key) not in body.text
