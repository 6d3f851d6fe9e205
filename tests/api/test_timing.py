"""`/insights/timing`: any JSON object is taken, no fault is the page's, and a report is of one's own project."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from insights_acl.models import StoredProject
from insights_engine.sql import Sql
from insights_engine.timing.columns import COLUMNS, TABLE, fitted
from insights_local.stack import Stack

from tests.api.world import Api, World

PATH = "insights/timing/"
LOAD = {
    "session_id": "0184-session",
    "current_url": "http://localhost:8000/insights/abc",
    "type": "insight_load",
    "context": "insight",
    "primary_interaction_id": "a7c4",
    "query_id": "q1",
    "time_to_see_data_ms": 6123.75,
    "status": "success",
    "is_primary_interaction": True,
    "api_response_bytes": 2048,
    "api_url": "api/projects/1/insights/trend",
    "insight": "TRENDS",
    "action": "refresh",
    "insights_fetched": 4,
    "insights_fetched_cached": 3,
    "min_last_refresh": "2021-12-31T10:00:00.000Z",
    "max_last_refresh": "2022-01-01T11:00:00+02:00",
}


def stored(api: Api) -> list[dict[str, Any]]:
    api.stack.drain()
    sql = Sql("SELECT * FROM metrics_time_to_see_data FINAL WHERE project = {p:UInt32}", p=api.project_id)
    return list(api.stack.services.clickhouse.admin_read(sql).dicts())


def test_a_load_is_recorded_and_reported(api: Api) -> None:
    answer = api("POST", PATH, json=LOAD)
    assert (answer.status_code, answer.content) == (201, b"")
    (row,) = stored(api)
    assert {name: row[name] for name in fitted(LOAD) if "refresh" not in name} == {
        name: value for name, value in fitted(LOAD).items() if "refresh" not in name
    }
    assert f"{row['min_last_refresh']} {row['max_last_refresh']}"[:46].startswith("2021-12-31 10:00:00")
    found = api("GET", PATH, params={"date_from": "-1d"}).json()
    measures = {
        **{"count": 1, "p50": 6123.0, "p75": 6123.0, "p95": 6123.0, "p99": 6123.0},
        **{"insights_fetched": 4, "insights_fetched_cached": 3, "cached_share": 0.75},
        **{"interactions": 1, "frustrating_interactions": 1},
    }
    assert found["result"]["total"] == measures
    assert found["result"]["by_insight"] == [{"insight": "TRENDS", **measures}]
    assert found["result"]["by_context"] == [{"context": "insight", **measures}]
    assert [row["count"] for row in found["result"]["by_day"]] == [0, 1]
    assert found["timezone"] == "UTC"
    assert set(found["query_cost"]) == {"rows_read", "bytes_read", "clickhouse_ms"}
    assert "explain" not in found


def test_what_the_server_knows_cannot_be_said(world: World, api: Api) -> None:
    theirs = world.second_project.project.id
    said = {
        **dict.fromkeys(("team_id", "project", "project_id"), theirs),
        **{"user_id": 0, "timestamp": "2001-01-01T00:00:00Z", "day": "2001-01-01", "id": "x", "_offset": 1},
        **{"team_events_last_month": 10**9, "kind": "event", "token": "phc_x", "fields": {"session_id": "y"}},
    }
    assert api("POST", PATH, json={**said, "session_id": "mine"}).status_code == 201
    (row,) = stored(api)
    me = api("GET", "/api/users/@me/").json()
    assert (row["session_id"], row["project"], row["user_id"]) == ("mine", api.project_id, me["id"])
    assert row["team_events_last_month"] == 0
    now = api.stack.services.now().replace(tzinfo=None)
    assert abs((row["timestamp"].replace(tzinfo=None) - now).total_seconds()) < 3600
    assert f"{row['day']}" == f"{row['timestamp'].date()}"


def test_another_project_s_loads_are_in_no_report(world: World, api: Api) -> None:
    other = world.api(world.new_project())
    for one in (api, other):
        one("POST", PATH, json={"session_id": f"{one.project_id}", "time_to_see_data_ms": one.project_id})
    assert len(stored(api)) == len(stored(other)) == 1
    for one, its in ((api, other), (other, api)):
        found = one("GET", PATH, params={"date_from": "all"}).json()["result"]
        assert (found["total"]["count"], found["total"]["p50"]) == (1, one.project_id)
        hidden = one("GET", PATH, params={"date_from": "all", "session_id": f"{its.project_id}"}).json()["result"]
        assert hidden["total"]["count"] == 0


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
_NAMES = st.sampled_from([*(column.name for column in COLUMNS), "team_id", "kind"]) | st.text(max_size=5)


@pytest.fixture(scope="module")
def recorder(world: World) -> Api:
    return world.api(world.new_project())


@settings(
    max_examples=60, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(said=st.dictionaries(_NAMES, _VALUES, max_size=8))
def test_any_object_is_taken_and_loses_nothing_that_fits(recorder: Api, said: dict[str, Any]) -> None:
    session = uuid4().hex
    said = {**said, "session_id": session}
    answer = recorder("POST", PATH, content=json.dumps(said), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.content) == (201, b"")
    row = next(row for row in stored(recorder) if row["session_id"] == session)
    kept = {name: value for name, value in fitted(said).items() if not name.endswith("_refresh")}
    assert {name: row[name] for name in kept} == kept


TAKEN = [
    b"",
    b"{}",
    b'{"current_url": "cut \\ud83d"}',
    b'{"time_to_see_data_ms": 1e400, "insights_fetched": 123456789012345678901234567890123456789}',
    b'{"time_to_see_data_ms": ' + b"9" * 9000 + b"}",
    b'{"a": ' + b"[" * 500 + b"]" * 500 + b"}",
    b'{"session_id": "a\\u0000b"}',
    b'{"session_id": "a", "session_id": 5}',
]


@pytest.mark.parametrize("body", TAKEN, ids=[f"{body[:30]!r}" for body in TAKEN])
@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
def test_objects_that_are_odd_are_taken(api: Api, body: bytes, kind: str) -> None:
    answer = api("POST", PATH, content=body, headers={"Content-Type": kind})
    assert (answer.status_code, answer.content) == (201, b"")
    assert len(stored(api)) == 1


REFUSED = [b"[]", b"5", b"null", b'"x"', b"{", b"\xff", b'{"a": NaN}', b"[" * 100_000]


@pytest.mark.parametrize("body", REFUSED, ids=[f"{body[:10]!r}" for body in REFUSED])
def test_what_is_no_object_is_refused(api: Api, body: bytes) -> None:
    answer = api("POST", PATH, content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"], answer.json()["type"]) == (400, "parse_error", "invalid_request")


def test_a_body_of_more_than_a_megabyte_is_refused(api: Api) -> None:
    answer = api("POST", PATH, content=json.dumps({"a": "x" * 1024 * 1024}))
    assert (answer.status_code, answer.json()["code"]) == (413, "request_too_large")
    assert api("POST", PATH, content=json.dumps({"a": "x" * 1024 * 1000})).status_code == 201


@pytest.mark.parametrize("path", [PATH, "insights/timing", "insights//timing/"])
@pytest.mark.parametrize("query", ["", "?insight=TRENDS", "?_=17"])
def test_a_get_without_a_date_is_not_allowed(api: Api, path: str, query: str) -> None:
    answer = api("GET", path + query)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["code"] == "method_not_allowed"
    assert answer.json()["detail"].startswith('Method "GET" not allowed.')


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_other_methods_are_not_allowed(api: Api, method: str) -> None:
    assert api(method, PATH, json={}).status_code == 405


@pytest.mark.parametrize(
    ("query", "attr", "detail"),
    [
        ("date_from=-7d&sesion_id=x", "sesion_id", '"sesion_id" is not known; did you mean "session_id"?'),
        ("datefrom=-7d", "datefrom", '"datefrom" is not known; did you mean "date_from"?'),
        ("date_from=99999-01-01", "date_from", "date_from '99999-01-01' is not a date"),
        ("date_from=-7d&format=csv", "format", "format: the report is JSON only"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(api: Api, query: str, attr: str, detail: str) -> None:
    answer = api("GET", f"{PATH}?{query}")
    assert (answer.status_code, answer.json()["attr"], answer.json()["detail"]) == (400, attr, detail)


def test_explain_shows_the_statement(api: Api) -> None:
    shown = api("GET", PATH, params={"date_from": "-7d", "insight": "PATHS", "explain": "true"}).json()["explain"]
    assert f"FROM {TABLE} FINAL" in shown["sql"]
    assert "PATHS" in shown["parameters"].values()
    assert shown["applied_filters"] == {"insight": "PATHS"}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("scopes", "status"), [(None, 401), (("insight:read",), 0), (("insight:write",), 0), (("query:read",), 403)]
)
def test_who_may(
    world: World, project: StoredProject, method: str, scopes: tuple[str, ...] | None, status: int
) -> None:
    number = project.project.id
    api = Api(world.stack, None, number) if scopes is None else world.api(project, None, *scopes)
    answer = api(method, f"{PATH}?date_from=-1d", **({"json": {}} if method == "POST" else {}))
    assert answer.status_code == (status or {"GET": 200, "POST": 201}[method])


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_project_of_others_is_closed(world: World, api: Api, method: str) -> None:
    path = f"/api/projects/{world.other_project.project.id}/{PATH}?date_from=-1d"
    assert api(method, path).status_code == 403


def test_capture_makes_no_loads(world: World, project: StoredProject, api: Api) -> None:
    """Whatever an event says of itself."""
    token = project.project.api_token
    item = {"kind": "time_to_see_data", "project": api.project_id, "user_id": 1, "timestamp": "2024-01-01T00:00:00Z",
            "id": "00000000-0000-0000-0000-000000000001", "fields": {"session_id": "forged"}}  # fmt: skip
    event = {**item, "event": "e", "distinct_id": "u", "properties": item}
    sender = Api(world.stack, None)
    assert sender("POST", "/batch/", json={"api_key": token, "batch": [event], **item}).status_code == 200
    assert sender("POST", "/e/", json={"token": token, **event}).status_code == 200
    verdicts = {"created_at": "2024-01-01T00:00:00Z", "batch": [{**event, "uuid": item["id"]}], **item}
    sender("POST", "/i/v1/analytics/events", json=verdicts, headers={"Authorization": f"Bearer {token}"})
    sender("POST", "/batch/", json={"api_key": token, "batch": [item]})
    assert stored(api) == []


@pytest.fixture(scope="module")
def without_queue(moto_url: str) -> Iterator[Stack]:
    """A stack whose queue somebody has deleted."""
    with Stack(queue=f"{moto_url}/123456789012/gone") as stack:
        yield stack


def test_a_queue_that_fails_is_no_matter_of_the_caller_and_is_counted(
    without_queue: Stack, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    api = Api(without_queue, without_queue.admin_key, without_queue.project_id)
    answer = api("POST", PATH, json={**LOAD, "session_id": "secret"})
    assert (answer.status_code, answer.content) == (201, b"")
    (line,) = [record for record in caplog.records if record.getMessage() == "a timing is lost"]
    assert line.__dict__["project"] == without_queue.project_id
    assert "secret" not in f"{line.__dict__}"
    (metric,) = [json.loads(text) for text in capfd.readouterr().out.splitlines() if "TimingLost" in text]
    assert (metric["TimingLost"], metric["service"]) == ([1.0], "timing")
    (about,) = metric["_aws"]["CloudWatchMetrics"]
    assert (about["Namespace"], about["Dimensions"]) == ("ServerlessInsights", [["service"]])
