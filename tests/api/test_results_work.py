"""What a kept result saves: reads, statements, a key's rate; and the worker behind the queue of questions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from insights_api.background import handle_queries
from insights_engine.clickhouse import ClickHouse
from insights_engine.errors import Overloaded
from insights_engine.results import cache
from insights_engine.services import use
from insights_engine.store.sqlite import SqliteStore

from tests.api.test_results import NODE, STALE_AFTER, TREND, ask, complete, later, total, visit
from tests.api.world import Api, World, limited

__all__ = ["later"]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every statement for ClickHouse, and every call of the stores, while a test runs."""
    made: list[str] = []

    def counted(kind: type, name: str, label: str) -> None:
        inner = getattr(kind, name)

        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            made.append(label)
            return inner(self, *args, **kwargs)

        monkeypatch.setattr(kind, name, call)

    counted(ClickHouse, "read", "clickhouse")
    for name in ("get_many", "query", "_write", "put_many", "put_new_many", "add"):
        counted(SqliteStore, name, name)
    yield made


def test_a_kept_result_is_one_read_after_the_gates(api: Api, calls: list[str]) -> None:
    visit(api)
    ask(api)
    del calls[:]
    assert ask(api)["is_cached"]
    assert calls == ["get_many", "get_many", "get_many"], "two for the gates, one for the result"


def test_a_new_result_is_one_statement_and_three_writes(api: Api, calls: list[str]) -> None:
    visit(api)
    ask(api)
    del calls[:]
    ask(api, {**TREND, "date_from": "-9d"})
    assert calls.count("clickhouse") == 1
    assert calls.count("_write") == 3, "a lock, the result, and the end of the lock"


def test_kept_results_are_free(api: Api, later: Any) -> None:
    visit(api)
    with limited(api.stack, "analytics=2/100"):
        first = api("POST", "insights/trend", json=TREND)
        assert first.headers["RateLimit-Remaining"] == "1"
        for _ in range(5):
            assert ask(api)["is_cached"]
        assert not ask(api, refresh="true")["is_cached"]
        refused = api("POST", "insights/trend", json=TREND, params={"refresh": "true"})
        assert (refused.status_code, refused.json()["code"]) == (429, "throttled")
        later(STALE_AFTER)
        for days in (3, 4):
            ask(api, {**TREND, "date_from": f"-{days}d"})
        for refresh in ("blocking", "async"):
            old = ask(api, refresh=refresh)
            assert (old["is_cached"], old["is_stale"]) == (True, True)
            assert "throttled" in old["stale_reason"]
        other = api("POST", "insights/trend", json={**TREND, "date_from": "-2d"})
        assert other.status_code == 429
        assert int(refused.headers["Retry-After"]) > 0
        assert api("POST", "insights/trend", json=TREND, params={"refresh": "force_async"}).status_code == 429


def test_an_export_counts_each_time(api: Api) -> None:
    with limited(api.stack, "analytics=2/100"):
        statuses = [api("POST", "insights/trend.csv", json=TREND).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


def test_a_dashboard_counts_once(api: Api) -> None:
    board = api("POST", "dashboards", json={"name": "Board"}).json()
    for days in (3, 4, 5):
        query = {**NODE, "dateRange": {"date_from": f"-{days}d"}}
        api("POST", "insights", json={"query": query, "dashboards": [board["id"]]})
    with limited(api.stack, "analytics=1/100"):
        assert api("GET", f"dashboards/{board['id']}").status_code == 200
        tiles = api("GET", f"dashboards/{board['id']}").json()["tiles"]
    assert [tile["insight"]["is_cached"] for tile in tiles] == [True] * 3


def test_so_many_questions_of_a_project_at_once(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    visit(api)
    inner, inside, most, lock = ClickHouse.read, 0, 0, threading.Lock()

    def read(self: ClickHouse, *args: Any, **kwargs: Any) -> Any:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        threading.Event().wait(0.05)
        try:
            return inner(self, *args, **kwargs)
        finally:
            with lock:
                inside -= 1

    monkeypatch.setattr(ClickHouse, "read", read)
    statuses: list[int] = []

    def one(days: int) -> None:
        asked = {**TREND, "date_from": f"-{days}d"}
        statuses.append(api("POST", "insights/trend", json=asked).status_code)

    with limited(api.stack, at_once=2):
        threads = [threading.Thread(target=one, args=(days,)) for days in range(2, 8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert statuses == [200] * 6
    assert most == 2


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], None]:
    """From then on ClickHouse answers with this error."""

    def break_with(error: Exception) -> None:
        def fail(*_: Any, **__: Any) -> None:
            raise error

        monkeypatch.setattr(ClickHouse, "read", fail)

    return break_with


@pytest.mark.parametrize("status", [503, 512])
def test_an_old_result_is_better_than_an_error_and_is_marked(api: Api, later: Any, broken: Any, status: int) -> None:
    visit(api)
    first = ask(api)
    later(STALE_AFTER)
    broken(Overloaded("ClickHouse is not well.", status=status))
    old = ask(api)
    assert (old["result"], old["is_cached"], old["is_stale"]) == (first["result"], True, True)
    assert old["stale_reason"] == "ClickHouse is not well."
    assert old["last_refresh"] == first["last_refresh"]
    assert datetime.fromisoformat(old["cache_target_age"]) < datetime.now(UTC) + STALE_AFTER
    refused = api("POST", "insights/trend", json=TREND, params={"refresh": "true"})
    assert (refused.status_code, refused.json()["detail"]) == (status, "ClickHouse is not well.")


def test_what_runs_out_of_time_goes_on_in_the_background(api: Api, eventually: Any, monkeypatch: Any) -> None:
    """ClickHouse's limit for a request is not that for a worker."""
    visit(api)
    inner, stopped = ClickHouse.read, []

    def read(self: ClickHouse, *args: Any, **kwargs: Any) -> Any:
        if not stopped:
            stopped.append(True)
            raise Overloaded("The query took too long.", status=504)
        return inner(self, *args, **kwargs)

    monkeypatch.setattr(ClickHouse, "read", read)
    started = ask(api, status=202)
    done = eventually(lambda: complete(api, started["query_status"]["id"]))
    assert total(done["results"]) == 1
    assert ask(api)["is_cached"]


def test_without_a_queue_it_is_an_error(api: Api, broken: Any) -> None:
    before = api.stack.services.settings
    api.stack.services.settings = replace(before, queries_queue="")
    try:
        broken(Overloaded("The query took too long.", status=504))
        assert api("POST", "insights/trend", json=TREND).status_code == 504
        assert api("POST", "insights/trend", json=TREND, params={"refresh": "async"}).status_code == 504
    finally:
        api.stack.services.settings = before


def test_a_queue_that_takes_nothing_is_no_error(api: Api, monkeypatch: Any, eventually: Any) -> None:
    from insights_engine.queue import QueueUnavailable

    def refuse(bodies: Any) -> None:
        raise QueueUnavailable("no queue")

    visit(api)
    with monkeypatch.context() as patch:
        patch.setattr(api.stack.services.queries, "send", refuse)
        assert total(ask(api, refresh="async")) == 1
    fresh = {**TREND, "date_from": "-3d"}
    with monkeypatch.context() as patch:
        patch.setattr(api.stack.services.queries, "send", refuse)
        patch.setattr(ClickHouse, "read", lambda *_, **__: (_ for _ in ()).throw(Overloaded("busy", status=503)))
        assert api("POST", "insights/trend", json=fresh, params={"refresh": "async"}).status_code == 503
        patch.setattr(ClickHouse, "read", lambda *_, **__: (_ for _ in ()).throw(Overloaded("slow", status=504)))
        for refresh in ("async", "blocking"):
            assert api("POST", "insights/trend", json=fresh, params={"refresh": refresh}).status_code == 504
    started = ask(api, fresh, status=202, refresh="async")
    assert eventually(lambda: complete(api, started["query_status"]["id"]))["results"]


def deliver(api: Api, *bodies: str) -> Any:
    records = [{"messageId": str(n), "body": body} for n, body in enumerate(bodies)]
    with use(api.stack.services):
        return handle_queries({"Records": records}, None)


def test_messages_that_cannot_be_read_hold_nothing_up(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    visit(api)
    sent: list[str] = []
    monkeypatch.setattr(api.stack.services.queries, "send", sent.extend)
    query_id = ask(api, status=202, refresh="force_async")["query_status"]["id"]
    wrong = ["", "{", "[]", "{}", '{"project_id": "x", "query_id": 1}', '{"project_id": 1, "query_id": "none"}']
    assert deliver(api, *wrong, *sent) == {"batchItemFailures": []}
    assert complete(api, query_id)["results"]
    assert deliver(api, *sent) == {"batchItemFailures": []}, "delivered twice"


def test_what_fails_for_no_fault_of_the_question_is_delivered_again(api: Api, monkeypatch: Any, broken: Any) -> None:
    visit(api)
    sent: list[str] = []
    monkeypatch.setattr(api.stack.services.queries, "send", sent.extend)
    query_id = ask(api, status=202, refresh="force_async")["query_status"]["id"]
    inner = ClickHouse.read
    broken(RuntimeError("the worker's own fault"))
    assert deliver(api, *sent) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert complete(api, query_id) is None
    monkeypatch.setattr(ClickHouse, "read", inner)
    assert deliver(api, *sent) == {"batchItemFailures": []}
    assert total(complete(api, query_id)["results"]) == 1


def test_a_job_that_was_cancelled_before_it_began_is_not_computed(api: Api, monkeypatch: Any, calls: Any) -> None:
    sent: list[str] = []
    monkeypatch.setattr(api.stack.services.queries, "send", sent.extend)
    query_id = ask(api, status=202, refresh="force_async")["query_status"]["id"]
    assert api("DELETE", f"query/{query_id}").status_code == 204
    del calls[:]
    assert deliver(api, *sent) == {"batchItemFailures": []}
    assert "clickhouse" not in calls


def test_a_job_that_has_ended_is_not_done_again(
    api: Api, monkeypatch: Any, calls: Any, later: Callable[[timedelta], None]
) -> None:
    visit(api)
    sent: list[str] = []
    monkeypatch.setattr(api.stack.services.queries, "send", sent.extend)
    query_id = ask(api, status=202, refresh="force_async")["query_status"]["id"]
    assert deliver(api, *sent) == {"batchItemFailures": []}
    first = complete(api, query_id)
    assert first is not None
    later(timedelta(minutes=1))
    del calls[:]
    assert deliver(api, *sent) == {"batchItemFailures": []}
    assert "clickhouse" not in calls
    assert complete(api, query_id) == first


def test_an_error_has_no_results_although_some_are_kept(api: Api, monkeypatch: Any) -> None:
    visit(api)
    assert total(ask(api)) == 1
    monkeypatch.setattr(api.stack.services.queries, "send", lambda bodies: None)
    query_id = ask(api, status=202, refresh="force_async")["query_status"]["id"]
    assert api("DELETE", f"query/{query_id}").status_code == 204
    told = complete(api, query_id)
    assert told is not None
    assert (told["error"], told["error_message"], told["results"]) == (True, "The query was cancelled.", None)


def test_a_result_that_cannot_be_kept_is_an_error_although_an_older_one_is(
    api: Api, monkeypatch: Any, later: Callable[[timedelta], None]
) -> None:
    """What the worker finds there is not what it was asked for."""
    visit(api)
    assert total(ask(api)) == 1
    later(timedelta(minutes=1))
    sent: list[str] = []
    monkeypatch.setattr(api.stack.services.queries, "send", sent.extend)
    query_id = ask(api, status=202, refresh="force_async")["query_status"]["id"]
    with monkeypatch.context() as patch:
        patch.setattr(cache, "MAX_ITEM_BYTES", 0)
        assert deliver(api, *sent) == {"batchItemFailures": []}
    told = complete(api, query_id)
    assert told is not None
    assert (told["error"], told["results"]) == (True, None)
    assert "too large to be kept" in told["error_message"]


def test_a_job_waits_where_only_the_moment_is_wrong(api: Api, monkeypatch: Any) -> None:
    from insights_api import background

    visit(api)
    sent: list[str] = []
    monkeypatch.setattr(background, "_LONGEST_PAUSE", 0.01)
    monkeypatch.setattr(api.stack.services.queries, "send", sent.extend)
    query_id = ask(api, status=202, refresh="force_async")["query_status"]["id"]
    inner, tries = ClickHouse.read, []

    def read(self: ClickHouse, *args: Any, **kwargs: Any) -> Any:
        tries.append(1)
        if len(tries) < 3:
            raise Overloaded("ClickHouse is busy.", status=503)
        return inner(self, *args, **kwargs)

    monkeypatch.setattr(ClickHouse, "read", read)
    assert deliver(api, *sent) == {"batchItemFailures": []}
    assert total(complete(api, query_id)["results"]) == 1


def test_a_job_that_is_cancelled_before_its_statement_has_none(api: Api, monkeypatch: Any, calls: Any) -> None:
    from insights_api import serving

    visit(api)
    sent: list[str] = []
    monkeypatch.setattr(api.stack.services.queries, "send", sent.extend)
    query_id = ask(api, status=202, refresh="force_async")["query_status"]["id"]
    inner = serving.slot

    def slot(*args: Any) -> Any:
        assert api("DELETE", f"query/{query_id}").status_code == 204
        return inner(*args)

    monkeypatch.setattr(serving, "slot", slot)
    del calls[:]
    assert deliver(api, *sent) == {"batchItemFailures": []}
    assert "clickhouse" not in calls
    assert complete(api, query_id)["error_message"] == "The query was cancelled."


def test_a_result_of_rules_is_shared_by_who_may_see_the_same(world: World, api: Api, admin: Api) -> None:
    visit(api)
    other = replace(api, key=world.new_key(world.new_user()))
    assert [ask(one)["is_cached"] for one in (api, other)] == [False, True]
    rule = {"resource": "dashboard", "access_level": "none"}
    set_up = admin("PUT", f"/api/projects/{api.project_id}/resource_access_controls", json=rule)
    assert set_up.status_code == 200, set_up.text
    keys = {ask(one)["cache_key"] for one in (api, replace(admin, project_id=api.project_id))}
    assert len(keys) == 2, "an admin sees what others do not"


def test_the_clock_of_a_request_is_read_once(api: Api) -> None:
    """Moments of one answer agree: a result does not last longer because its computation took long."""
    body = ask(api)
    refreshed = datetime.fromisoformat(body["last_refresh"])
    assert datetime.fromisoformat(body["next_allowed_client_refresh"]) - refreshed == timedelta(minutes=1)
