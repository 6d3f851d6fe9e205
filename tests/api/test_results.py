"""Results that are kept: which requests get them, when they are computed again, and what is said of them."""

from __future__ import annotations

import json
import os
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from insights_engine.results.cache import KEPT
from insights_engine.results.modes import MODES, Then
from insights_local.stack import Stack

from tests.api.world import Api, World

TREND = {"events": [{"id": "visited"}], "date_from": "-7d"}
NODE = {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "visited"}]}
STALE_AFTER = timedelta(hours=6, seconds=1)


@pytest.fixture
def later(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """The functions' clock goes on by so much."""
    ahead = timedelta()

    def go_on(by: timedelta) -> None:
        nonlocal ahead
        ahead += by

    monkeypatch.setattr(stack.services, "now", lambda: datetime.now(UTC) + ahead)
    return go_on


def visit(api: Api, number: int = 1) -> None:
    at = datetime.now(UTC) - timedelta(days=1)
    events = [{"event": "visited", "distinct_id": f"p{n}", "timestamp": at.isoformat()} for n in range(number)]
    api.stack.load(api.project_id, persons=[{"distinct_ids": [f"p{n}"]} for n in range(number)], events=events)


def ask(api: Api, body: Any = TREND, status: int = 200, **params: Any) -> Any:
    answer = api("POST", "insights/trend", json=body, params=params)
    assert answer.status_code == status, answer.text
    return answer.json()


def total(body: Any) -> float:
    return sum((body.get("result") or body["results"])[0]["data"])


def test_the_same_question_is_computed_once(api: Api) -> None:
    visit(api)
    first = ask(api)
    visit(api)
    second, forced, third = ask(api), ask(api, refresh="true"), ask(api)
    assert [total(body) for body in (first, second, forced, third)] == [1, 1, 2, 2]
    assert [body["is_cached"] for body in (first, second, forced, third)] == [False, True, False, True]
    assert first["query_cost"]["rows_read"] > 0
    assert second["query_cost"] == {"rows_read": 0, "bytes_read": 0, "clickhouse_ms": 0.0}
    assert first["last_refresh"] == second["last_refresh"] <= forced["last_refresh"] == third["last_refresh"]
    assert len({body["cache_key"] for body in (first, second, forced, third)}) == 1
    times = [datetime.fromisoformat(first[name]) for name in ("cache_target_age", "next_allowed_client_refresh")]
    refreshed = datetime.fromisoformat(first["last_refresh"])
    assert [at - refreshed for at in times] == [timedelta(hours=6), timedelta(minutes=1)]
    assert {**second, "is_cached": False, "query_cost": 0, "timings": 0} == {**first, "query_cost": 0, "timings": 0}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("insights/trend", TREND),
        ("insights/trend", NODE),
        ("insights/trend", {**TREND, "shown_as": "Stickiness"}),
        ("insights/trend", {**TREND, "insight": "LIFECYCLE"}),
        ("insights/retention", {"target_entity": {"id": "visited"}, "returning_entity": {"id": "visited"}}),
        ("insights/path", {"include_event_types": ["custom_event"]}),
        ("insights/funnel", {"events": [{"id": "visited"}, {"id": "visited", "order": 1}]}),
        ("query", {"query": NODE}),
        ("query", {"query": {"kind": "InsightVizNode", "source": NODE}}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_kind_of_question_is_kept_as_it_was(api: Api, path: str, body: Any) -> None:
    visit(api, 3)
    answers = [api("POST", path, json=body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200], answers[0].text
    first, second = (answer.json() for answer in answers)
    assert [first.pop("is_cached"), second.pop("is_cached")] == [False, True]
    for body in (first, second):
        del body["query_cost"], body["timings"]
    assert second == first


def test_what_is_only_written_differently_is_the_same_question(api: Api) -> None:
    visit(api)
    first = ask(api)
    values = {**TREND, "events": json.dumps(TREND["events"])}
    read = api("GET", "insights/trend", params=values).json()
    assert (read["is_cached"], read["cache_key"]) == (True, first["cache_key"])
    asked = api("POST", "query", json={"query": NODE}).json()
    wrapped = api("POST", "query", json={"query": {"kind": "InsightVizNode", "source": {**NODE, "tags": {"a": "b"}}}})
    assert (wrapped.json()["is_cached"], wrapped.json()["cache_key"]) == (True, asked["cache_key"])
    other = ask(api, {**TREND, "date_from": "-8d"})
    assert not other["is_cached"]


def test_another_project_shares_nothing(world: World, api: Api) -> None:
    visit(api)
    other = world.api(world.new_project())
    assert total(ask(api)) == 1
    answer = ask(other)
    assert not answer["is_cached"]
    assert sum(answer["result"][0]["data"]) == 0


STATES = {"fresh": timedelta(), "stale": STALE_AFTER, "past the lazy limit": timedelta(hours=12, seconds=1)}


@pytest.mark.parametrize("state", [*STATES, "missing"])
@pytest.mark.parametrize("name", MODES)
def test_each_mode_does_what_its_row_says(api: Api, later: Any, eventually: Any, name: str, state: str) -> None:
    visit(api)
    if state != "missing":
        ask(api)
        later(STATES[state])
        visit(api)
    mode = MODES[name]
    then = {"fresh": mode.fresh, "missing": mode.miss}.get(state, mode.stale)
    if then is Then.QUEUE_IF_LAZY:
        then = Then.SERVE if state == "stale" else Then.QUEUE
    old = total if state != "missing" and mode.reads else None
    answer = api("POST", "insights/trend", json=TREND, params={"refresh": name})
    body = answer.json()
    assert answer.status_code == (202 if then is Then.QUEUE and old is None else 200), answer.text
    match then:
        case Then.SERVE:
            assert (total(body), body["is_cached"], body["query_status"]) == (1, True, None)
            assert body.get("is_stale", False) is (state != "fresh")
        case Then.COMPUTE:
            assert (total(body), body["is_cached"]) == (1 if state == "missing" else 2, False)
        case Then.NOTHING:
            assert (body["result"], body["is_cached"], body["last_refresh"]) == (None, False, None)
            assert body["cache_key"]
        case Then.QUEUE:
            status = body["query_status"]
            assert (status["complete"], status["error"], status["query_async"]) == (False, False, True)
            assert (body["result"] is None) is (old is None)
            assert body.get("is_stale", False) is (old is not None)
            done = eventually(lambda: complete(api, status["id"]))
            assert total(done["results"]) == (1 if state == "missing" else 2)
            assert ask(api)["is_cached"]


def complete(api: Api, query_id: str) -> Any:
    answer = api("GET", f"query/{query_id}")
    status = answer.json()["query_status"]
    assert answer.status_code == (200 if status["complete"] else 202)
    return status if status["complete"] else None


def test_a_question_in_the_background_is_told_to_who_asked_only(world: World, api: Api, eventually: Any) -> None:
    visit(api)
    query_id = ask(api, status=202, refresh="force_async", personal_api_key="phx_secret")["query_status"]["id"]
    eventually(lambda: complete(api, query_id))
    stored = api.stack.services.results.get(f"QUERY#{api.project_id}#{query_id}", "STATUS")
    assert "phx_secret" not in repr(stored)
    project = world.store.get(f"PROJECT#{api.project_id}", "PROJECT")
    assert project is not None
    colleague = replace(api, key=world.new_key(world.new_user()))
    stranger = world.api(world.other_project)
    for who in (colleague, stranger):
        for method in ("GET", "DELETE"):
            assert who(method, f"query/{query_id}").status_code in (403, 404)
    assert api("GET", "query/0123456789abcdef0123456789abcdef").status_code == 404
    assert replace(api, key=None)("GET", f"query/{query_id}").status_code == 401


def test_a_wrong_question_is_told_at_once_and_never_queued(api: Api) -> None:
    answer = api("POST", "query", json={"query": {**NODE, "interval": "fortnight"}, "refresh": "force_async"})
    assert (answer.status_code, answer.json()["attr"]) == (400, "interval")


def test_what_only_the_answer_notices_is_the_end_of_the_job(api: Api, eventually: Any) -> None:
    asked = {
        "query": {
            "kind": "RetentionQuery",
            "retentionFilter": {"targetEntity": {"id": 999_999, "type": "actions"}},
            "dateRange": {"date_from": "-7d"},
        },
        "refresh": "force_async",
    }
    started = api("POST", "query", json=asked)
    assert started.status_code == 202, started.text
    done = eventually(lambda: complete(api, started.json()["query_status"]["id"]))
    assert (done["error"], done["results"]) == (True, None)
    assert "999999" in done["error_message"]


def test_a_cancelled_question_stays_cancelled(api: Api, eventually: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.stack.services.queries, "send", lambda bodies: None)  # nobody takes it up
    query_id = ask(api, status=202, refresh="force_async")["query_status"]["id"]
    assert complete(api, query_id) is None
    for _ in range(2):
        assert api("DELETE", f"query/{query_id}").status_code == 204
    done = complete(api, query_id)
    assert (done["error"], done["error_message"]) == (True, "The query was cancelled.")


def test_one_question_at_a_time_has_one_job(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.stack.services.queries, "send", lambda bodies: None)
    ids = {ask(api, status=202, refresh="async")["query_status"]["id"] for _ in range(3)}
    forced = ask(api, status=202, refresh="force_async")["query_status"]["id"]
    assert len(ids) == 1
    assert forced not in ids


@pytest.mark.parametrize("refresh", [None, "force_blocking"])
def test_many_who_ask_the_same_at_once_are_one_query(api: Api, refresh: str | None) -> None:
    """Those who want a new result take one whose computation began after they asked."""
    visit(api)
    params = {"refresh": refresh} if refresh else {}
    answers: list[Any] = []
    start = threading.Barrier(8)

    def one() -> None:
        start.wait()
        answers.append(ask(api, **params))

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    computed = [answer for answer in answers if not answer["is_cached"]]
    assert len(answers) == 8
    assert {total(answer) for answer in answers} == {1}
    assert len(computed) == 1 if refresh is None else 1 <= len(computed) <= 8


def test_a_question_that_fails_fails_for_all_who_wait_and_is_asked_anew_afterwards(api: Api) -> None:
    wrong = {**TREND, "formula": "A / B"}
    for _ in range(2):
        assert api("POST", "insights/trend", json=wrong).status_code == 400
    visit(api)
    assert total(ask(api)) == 1


def test_a_saved_insight_always_has_a_result(api: Api, later: Any) -> None:
    visit(api)
    made = api("POST", "insights", json={"name": "Visits", "query": NODE}).json()
    bodies = [api("GET", f"insights/{made['id']}").json() for _ in range(2)]
    assert [body["is_cached"] for body in bodies] == [False, True]
    assert {total(body) for body in bodies} == {1}
    assert {body["cache_key"] for body in bodies} == {body["filters_hash"] for body in (made, *bodies)}
    later(STALE_AFTER)
    visit(api)
    old = api("GET", f"insights/{made['id']}").json()
    assert (total(old), old["is_cached"], old["is_stale"]) == (1, True, True)
    api("PATCH", f"insights/{made['id']}", json={"name": "Visitors"})
    assert api("GET", f"insights/{made['id']}").json()["is_cached"]
    new = api("GET", f"insights/{made['id']}", params={"refresh": "blocking"}).json()
    assert (total(new), new["is_cached"]) == (2, False)


def test_a_dashboard_serves_what_is_kept(api: Api) -> None:
    visit(api)
    board = api("POST", "dashboards", json={"name": "Board"}).json()
    api("POST", "insights", json={"name": "Visits", "query": NODE, "dashboards": [board["id"]]})
    seen = [api("GET", f"dashboards/{board['id']}").json()["tiles"][0]["insight"] for _ in range(2)]
    assert [tile["is_cached"] for tile in seen] == [False, True]
    assert [total(tile) for tile in seen] == [1, 1]


def test_a_changed_action_or_cohort_makes_new_results(api: Api) -> None:
    visit(api)
    action = api("POST", "actions", json={"name": "A", "steps": [{"event": "visited"}]}).json()
    asked = {"actions": [{"id": action["id"]}], "date_from": "-7d"}
    assert [total(ask(api, asked)), ask(api, asked)["is_cached"]] == [1, True]
    api("PATCH", f"actions/{action['id']}", json={"steps": [{"event": "left"}]})
    changed = ask(api, asked)
    assert (total(changed), changed["is_cached"]) == (0, False)
    cohort = {"name": "C", "is_static": True, "groups": []}
    made = api("POST", "cohorts", json=cohort)
    assert made.status_code == 201, made.text
    assert not ask(api, asked)["is_cached"]


@pytest.mark.parametrize("change", [{"timezone": "Asia/Tokyo"}, {"week_start_day": 1}])
def test_a_changed_setting_makes_new_results(admin: Api, change: Any) -> None:
    visit(admin)
    ask(admin)
    assert admin("PATCH", f"/api/projects/{admin.project_id}", json=change).status_code == 200
    assert not ask(admin)["is_cached"]
    assert admin("PATCH", f"/api/projects/{admin.project_id}", json={"name": "Other"}).status_code == 200
    assert ask(admin)["is_cached"]


def test_explain_is_of_this_very_request_and_exports_are_not_kept(api: Api) -> None:
    visit(api)
    assert "sql" in ask(api, explain="true")["explain"]
    explained = ask(api, explain="true")
    assert (explained["is_cached"], explained["explain"]["parameters"] != {}) == (False, True)
    assert ask(api)["is_cached"]
    fresh = {**TREND, "date_from": "-5d"}
    assert api("POST", "insights/trend.csv", json=fresh).status_code == 200
    assert not ask(api, fresh)["is_cached"]


@pytest.fixture
def bucket(stack: Stack, moto_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """RESULTS_BUCKET, in S3 as moto has it."""
    from insights_engine import aws

    aws.client("s3").create_bucket(
        Bucket="results", CreateBucketConfiguration={"LocationConstraint": os.environ["AWS_DEFAULT_REGION"]}
    )
    before = stack.services.settings
    stack.services.settings = replace(before, results_bucket="results")
    yield "results"
    stack.services.settings = before


def long_answer(api: Api) -> Any:
    """A question whose answer does not fit into an item of the store, even packed."""
    at = datetime.now(UTC) - timedelta(days=1)
    letters = random.Random(7)
    names = ["".join(letters.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=900)) for _ in range(900)]
    events = [
        {"event": "visited", "distinct_id": "a", "timestamp": at.isoformat(), "properties": {"name": name}}
        for name in names
    ]
    api.stack.load(api.project_id, persons=[{"distinct_ids": ["a"]}], events=events)
    return {**TREND, "breakdown": "name", "breakdown_type": "event", "breakdown_limit": 1000, "date_from": "-1d"}


def test_a_result_over_the_limit_of_an_item_goes_to_s3(api: Api, bucket: str) -> None:
    from insights_engine import aws

    asked = long_answer(api)
    first, second = ask(api, asked), ask(api, asked)
    assert (first["is_cached"], second["is_cached"]) == (False, True)
    assert first["result"] == second["result"]
    s3 = aws.client("s3")
    objects = s3.list_objects_v2(Bucket=bucket, Prefix=f"results/{api.project_id}/")["Contents"]
    assert len(objects) == 1
    s3.delete_object(Bucket=bucket, Key=objects[0]["Key"])
    again = ask(api, asked)
    assert (again["is_cached"], again["result"]) == (False, first["result"])


def test_a_bucket_that_refuses_is_no_error(api: Api, moto_url: str) -> None:
    asked, before = long_answer(api), api.stack.services.settings
    api.stack.services.settings = replace(before, results_bucket="nobody-made-it")
    try:
        assert [ask(api, asked)["is_cached"] for _ in range(2)] == [False, False]
    finally:
        api.stack.services.settings = before


def test_without_a_bucket_it_is_computed_each_time(api: Api) -> None:
    asked = long_answer(api)
    assert [ask(api, asked)["is_cached"] for _ in range(2)] == [False, False]
    started = ask(api, asked, status=202, refresh="force_async")
    assert started["query_status"]["id"]


def test_results_are_forgotten_after_a_week(api: Api) -> None:
    visit(api)
    key = ask(api)["cache_key"]
    item = api.stack.services.results.get(f"RESULT#{api.project_id}#{key}", "RESULT")
    assert item is not None
    left = item["expires_at"] - datetime.now(UTC).timestamp()
    assert KEPT.total_seconds() - 60 < left <= KEPT.total_seconds()
