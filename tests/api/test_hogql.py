"""Statements as clients ask them: what stands in a question and in its answer, who may ask, and how much at once."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from insights_acl import rule_store
from insights_acl.models import StoredProject
from insights_acl.policy import Rule
from insights_engine.hogql.statements.compile import DEFAULT_LIMIT, MAX_LIMIT
from insights_local.stack import Stack

from tests.api.boards import Office
from tests.api.shop import Shop
from tests.api.test_results import STALE_AFTER, complete, later
from tests.api.world import Api, World, limited

__all__ = ["later"]
BY_EVENT = "SELECT event, count() AS n FROM events GROUP BY event ORDER BY n DESC, event LIMIT 2"
ROWS = [["buy", 5], ["$pageview", 4]]


@pytest.fixture(scope="module")
def shop(stack: Stack) -> Api:
    return Shop.of(stack, neighbour=False).api


def asked(api: Api, query: str | dict[str, Any] = BY_EVENT, /, **further: Any) -> httpx.Response:
    node = {"kind": "HogQLQuery", "query": query} if isinstance(query, str) else query
    return api("POST", "query/", json={"query": node, **further})


def answered(api: Api, query: str | dict[str, Any] = BY_EVENT, /, **further: Any) -> dict[str, Any]:
    answer = asked(api, query, **further)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def refused(api: Api, query: str | dict[str, Any], **further: Any) -> tuple[str, str | None, str]:
    answer = asked(api, query, **further)
    assert answer.status_code == 400, answer.text
    body = answer.json()
    assert sorted(body) == ["attr", "code", "detail", "type"]
    return body["code"], body["attr"], body["detail"]


def statement(query: str = BY_EVENT, **further: Any) -> dict[str, Any]:
    return {"kind": "HogQLQuery", "query": query, **further}


def test_an_answer_has_what_clients_read(shop: Api) -> None:
    body = answered(shop, refresh="force_blocking")
    assert body["results"] == ROWS
    assert body["columns"] == ["event", "n"]
    assert body["types"] == [["event", "LowCardinality(String)"], ["n", "UInt64"]]
    assert (body["limit"], body["offset"], body["hasMore"]) == (2, 0, True)
    assert (body["hogql"], body["error"], body["is_cached"]) == (BY_EVENT, "", False)
    assert "project = " in body["clickhouse"]
    assert body["query_cost"]["rows_read"] > 0
    assert body["timings"][0]["k"] == "clickhouse"
    assert {"cache_key", "last_refresh", "timezone", "query_status", "modifiers"} <= body.keys()


WRAPPED: list[dict[str, Any]] = [
    {"kind": "DataVisualizationNode", "source": statement(), "display": "ActionsLineGraph", "chartSettings": {"a": 1}},
    {"kind": "DataTableNode", "source": statement(), "full": True, "columns": ["event"], "tableSettings": {}},
    {"kind": "DataTableNode", "source": {"kind": "DataVisualizationNode", "source": statement()}},
    statement(name="Named", tags={"scene": "Insights"}, modifiers={"materializationMode": "auto"}, version=1),
]


@pytest.mark.parametrize("node", WRAPPED)
def test_a_wrapper_changes_nothing(shop: Api, node: dict[str, Any]) -> None:
    body = answered(shop, node)
    assert (body["results"], body["columns"], body["hogql"]) == (ROWS, ["event", "n"], BY_EVENT)


VALUES: list[tuple[dict[str, Any], list[Any], str]] = [
    (
        statement("SELECT {a}, {b.c}, {values.a}", values={"a": "it's", "b": {"c": [1, 2]}}),
        ["it's", [1, 2], "it's"],
        "SELECT 'it\\'s', [1, 2], 'it\\'s'",
    ),
    (
        statement(
            "SELECT {variables.who}, {variables.none} IS NULL",
            variables={
                "x": {"variableId": "x", "code_name": "who", "value": "'; DROP TABLE events"},
                "y": {"variableId": "y", "code_name": "none", "value": 3, "isNull": True},
            },
        ),
        ["'; DROP TABLE events", 1],
        "SELECT '\\'; DROP TABLE events', null IS NULL",
    ),
]


@pytest.mark.parametrize(("node", "row", "hogql"), VALUES)
def test_values_are_bound(shop: Api, node: dict[str, Any], row: list[Any], hogql: str) -> None:
    body = answered(shop, node)
    assert (body["results"], body["hogql"]) == ([row], hogql)
    assert "DROP" not in body["clickhouse"]


COUNT = "SELECT count() FROM events WHERE {filters}"
FILTERED: list[tuple[dict[str, Any], int]] = [
    ({}, 17),
    ({"dateRange": {"date_from": "2024-03-10", "date_to": "2024-03-10"}}, 5),
    ({"dateRange": {"date_from": "2024-12-31"}}, 2),
    ({"properties": [{"key": "price", "operator": "gt", "value": 25}]}, 3),
    (
        {
            "properties": [{"type": "person", "key": "plan", "operator": "exact", "value": "pro"}],
            "dateRange": {"date_to": "2024-03-09"},
        },
        4,
    ),
]


@pytest.mark.parametrize(("filters", "count"), FILTERED)
def test_filters_stand_where_the_statement_says(shop: Api, filters: dict[str, Any], count: int) -> None:
    assert answered(shop, statement(COUNT, filters=filters))["results"] == [[count]]
    everything = statement("SELECT count() FROM events", filters=filters)
    assert answered(shop, everything)["results"] == [[17]]


REFUSED: list[tuple[dict[str, Any], tuple[str, str | None, str]]] = [
    (statement("SELECT 1 FROM"), ("invalid_input", "query", "query: ")),
    (statement("DROP TABLE events"), ("invalid_input", "query", "query: only SELECT is answered, not DROP")),
    (
        statement("SELECT evnt FROM events"),
        (
            "invalid_input",
            "query",
            'query: the field evnt is not known; did you mean "event"? (at character 7)',
        ),
    ),
    (
        statement("SELECT * FROM evnts"),
        ("invalid_input", "query", 'query: the table evnts is not known; did you mean "events"? (at character 14)'),
    ),
    (statement("SELECT {a}"), ("invalid_input", "query", "query: the placeholder {a} has no value")),
    (statement(5), ("parse_error", None, "query.query")),  # type: ignore[arg-type]
    (statement(limit=5), ("parse_error", None, "query.limit")),
    ({"kind": "HogQLQuery"}, ("parse_error", None, "query.query")),
    ({"kind": "HogQLQery", "query": "SELECT 1"}, ("parse_error", None, 'query.kind "HogQLQery" is not known; did')),
    (
        {"kind": "DataVisualizationNode", "source": statement(x=1)},
        ("parse_error", None, "query.source.x"),
    ),
    (
        statement(COUNT, filters={"dateRange": {"date_from": "2024-13-45"}}),
        ("invalid_input", "filters__dateRange__date_from", "filters.dateRange.date_from '2024-13-45' is not a date"),
    ),
    (
        statement(filters={"properties": [{"key": "a", "operator": "exat", "value": 1}]}),
        ("invalid_choice", "filters__properties__0__operator", "filters.properties[0].operator"),
    ),
]


@pytest.mark.parametrize(("node", "error"), REFUSED)
def test_what_is_wrong_is_said(shop: Api, node: dict[str, Any], error: tuple[str, str | None, str]) -> None:
    code, attr, detail = refused(shop, node)
    assert (code, attr) == error[:2]
    assert detail.startswith(error[2])


PAGES: list[tuple[str, tuple[int, int, int, bool]]] = [
    ("SELECT arrayJoin(range(1000))", (DEFAULT_LIMIT, DEFAULT_LIMIT, 0, True)),
    ("SELECT arrayJoin(range(1000)) LIMIT 999", (999, 999, 0, True)),
    ("SELECT arrayJoin(range(1000)) LIMIT 1000", (1000, 1000, 0, False)),
    ("SELECT arrayJoin(range(1000)) LIMIT 10 OFFSET 995", (5, 10, 995, False)),
    ("SELECT arrayJoin(range(1000)) LIMIT 0", (0, 0, 0, True)),
    ("SELECT arrayJoin(range(1000)) LIMIT 900000", (1000, MAX_LIMIT, 0, False)),
]


@pytest.mark.parametrize(("query", "page"), PAGES)
def test_pages(shop: Api, query: str, page: tuple[int, int, int, bool]) -> None:
    body = answered(shop, query)
    assert (len(body["results"]), body["limit"], body["offset"], body["hasMore"]) == page


def test_as_many_rows_as_an_answer_may_have(shop: Api) -> None:
    crossed = (
        "SELECT x.a * 1000 + y.b AS n, 'some text' FROM (SELECT arrayJoin(range(100)) AS a) AS x "
        "CROSS JOIN (SELECT arrayJoin(range(1000)) AS b) AS y ORDER BY n LIMIT 60000"
    )
    body = answered(shop, crossed)
    assert (len(body["results"]), body["results"][-1], body["hasMore"]) == (MAX_LIMIT, [49_999, "some text"], True)
    assert answered(shop, crossed)["results"][-1] == [49_999, "some text"]


def test_an_answer_that_is_too_large_says_what_to_do(shop: Api) -> None:
    crossed = (
        "SELECT arrayMap(z -> z + y.b, range(300)) FROM (SELECT arrayJoin(range(100)) AS a) AS x "
        "CROSS JOIN (SELECT arrayJoin(range(1000)) AS b) AS y LIMIT 50000"
    )
    code, attr, detail = refused(shop, crossed)
    assert (code, attr) == ("invalid_input", None)
    assert detail.startswith("The answer is larger than it may be. Ask for fewer rows (LIMIT)")


def test_how_it_came_about_is_shown_on_request(shop: Api) -> None:
    query = "SELECT count() FROM events WHERE properties.price > 25 AND event = {e}"
    node = {"query": statement(query, values={"e": "buy"})}
    body = shop("POST", "query/?explain=true", json=node).json()
    assert body["results"] == [[3]]
    assert body["explain"]["sql"] == body["clickhouse"]
    assert "buy" in body["explain"]["parameters"].values()
    assert body["explain"]["resolved_date_range"] == {}


def test_a_result_is_kept_for_five_minutes(shop: Api, later: Any) -> None:
    query = "SELECT count(), 'kept' FROM events"
    assert answered(shop, query, refresh="force_cache")["results"] is None
    first = answered(shop, query)
    again = answered(shop, {"kind": "DataTableNode", "source": statement(query)}, refresh="force_cache")
    same = ("results", "columns", "types", "limit", "offset", "hogql", "clickhouse", "cache_key")
    assert {name: again[name] for name in same} == {name: first[name] for name in same}
    assert (first["is_cached"], again["is_cached"]) == (False, True)
    assert again["query_cost"]["rows_read"] == 0
    assert answered(shop, f"{query} ")["is_cached"] is False
    later(STALE_AFTER)
    assert answered(shop, query, refresh="force_cache")["is_stale"]
    assert not answered(shop, query)["is_cached"]


def test_it_is_computed_in_the_background(shop: Api, eventually: Any) -> None:
    query = "SELECT event, count(), 'later' FROM events GROUP BY event ORDER BY event LIMIT 1"
    pending = asked(shop, query, refresh="async")
    assert pending.status_code == 202
    status = eventually(lambda: complete(shop, pending.json()["query_status"]["id"]))
    assert (status["error"], status["results"]["results"][0][2]) == (False, "later")
    assert status["results"]["columns"] == ["event", "count()", "'later'"]


def test_what_is_wrong_in_the_background_is_said_there(shop: Api, eventually: Any) -> None:
    pending = asked(shop, "SELECT nothing FROM events", refresh="force_async")
    assert pending.status_code == 202
    status = eventually(lambda: complete(shop, pending.json()["query_status"]["id"]))
    assert (status["error"], status["error_message"]) == (
        True,
        "query: the field nothing is not known (at character 7)",
    )
    assert asked(shop, "SELEC 1", refresh="force_async").status_code == 400


def test_who_may_ask(world: World, project: StoredProject) -> None:
    user = world.new_user()
    assert asked(world.api(project, user, "query:read")).status_code == 200
    answer = asked(world.api(project, user, "insight:read", "person:read"))
    assert (answer.status_code, answer.json()["detail"]) == (403, "API key missing required scope 'query:read'")
    assert asked(Api(world.stack, None, project.project.id)).status_code == 401


def test_nobody_asks_in_a_project_that_is_hidden(world: World, project: StoredProject) -> None:
    rule = Rule("project", "none", str(project.project.id))
    rule_store.set_rule(world.store, project.project.id, rule, world.stack.services.now())
    assert asked(world.api(project)).status_code == 403


def test_a_link_asks_nothing(world: World, project: StoredProject) -> None:
    office = Office(world, project)
    insight = office.insight(query=statement())
    shared = office.api()("PATCH", f"insights/{insight['id']}/sharing", json={"enabled": True}).json()
    token = {"sharing_access_token": shared["access_token"]}
    answer = office.nobody("POST", "query", params=token, json={"query": statement()})
    assert answer.status_code in (401, 403)


def test_it_counts_in_the_rate_of_queries(world: World, api: Api) -> None:
    with limited(world.stack, "default=3/500 analytics=4/501 query=2/502"):
        statuses = [asked(api, f"SELECT {n}").status_code for n in range(3)]
    assert statuses == [200, 200, 429]


def test_groups_have_the_types_that_all_types_of_groups_agree_on(stack: Stack) -> None:
    world = World.of(stack)
    project = world.new_project()
    groups = [
        {"type": "company", "key": "a", "properties": {"size": 5, "age": 9}},
        {"type": "team", "key": "b", "properties": {"size": "big", "age": 10}},
    ]
    stack.load(project.project.id, groups=groups)
    body = answered(world.api(project), "SELECT properties.size, properties.age FROM groups ORDER BY properties.age")
    assert body["results"] == [["5", 9], ["big", 10]]


def test_an_answer_that_is_too_large_once_a_function_has_written_it_is_refused(shop: Api) -> None:
    """A function answers JSON, in which each quote of a body has a backslash before it."""
    quotes = f"SELECT '{'"' * 40}' FROM (SELECT arrayJoin(range(10000)) AS a, arrayJoin(range(9)) AS b) LIMIT 50000"
    plain = shop("POST", "query/", json={"query": statement(quotes)}, headers={"Accept-Encoding": "identity"})
    assert (plain.status_code, plain.json()["code"]) == (400, "invalid_input")
    assert "larger than 6 MB" in plain.json()["detail"]
    packed = shop("POST", "query/", json={"query": statement(quotes)}, headers={"Accept-Encoding": "gzip"})
    assert len(packed.json()["results"]) == MAX_LIMIT
