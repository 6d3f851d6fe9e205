"""Kept results are those of the question that is asked: by its numbers, its dates, its definitions, and who asks."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.test_results import STALE_AFTER, TREND, ask, complete, later, total, visit
from tests.api.world import Api

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
