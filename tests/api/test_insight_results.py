"""Results of saved insights: computed when one is read, by its query or by older filters, as a reader wants them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from insights_api.legacy_nodes import converted
from insights_engine.clickhouse import ClickHouse
from insights_engine.errors import Overloaded

from tests.api.test_insight_saving import without_links
from tests.api.test_insights import change, create
from tests.api.world import Api, World

PERSONS = [{"distinct_ids": [name], "properties": {"plan": plan}} for name, plan in (("ada", "pro"), ("bob", "free"))]
EVENTS = [
    {
        "event": event,
        "distinct_id": who,
        "timestamp": f"2026-03-{day:02}T{time}:00Z",
        "properties": {"$browser": browser, "price": day, "$current_url": f"https://shop/{event}"},
    }
    for day, time, event, who, browser in (
        (2, "10:00", "see", "ada", "Chrome"),
        (2, "10:15", "buy", "ada", "Chrome"),
        (3, "10:00", "see", "bob", "Safari"),
        (4, "12:00", "see", "ada", "Firefox"),
        (4, "13:00", "$pageview", "ada", "Firefox"),
        (5, "10:00", "buy", "bob", "Safari"),
        (5, "11:00", "$pageview", "bob", "Safari"),
    )
]
DATES = {"date_from": "2026-03-01", "date_to": "2026-03-05"}
SEE = {"kind": "EventsNode", "event": "see"}
TREND = {"kind": "TrendsQuery", "series": [SEE], "dateRange": DATES}
WRAPPED = {"kind": "InsightVizNode", "source": TREND}


@pytest.fixture(scope="module")
def shop(world: World) -> Api:
    """A project with events, which tests add insights to."""
    project = world.new_project()
    world.stack.load(project.project.id, persons=PERSONS, events=EVENTS)
    return world.api(project)


def read(api: Api, insight: dict[str, Any], **parameters: Any) -> dict[str, Any]:
    answer = api("GET", f"insights/{insight['short_id']}/", params=parameters)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


NODES: list[dict[str, Any]] = [
    TREND,
    {**TREND, "breakdownFilter": {"breakdown": "$browser", "breakdown_type": "event"}},
    {"kind": "LifecycleQuery", "series": [SEE], "dateRange": DATES},
    {"kind": "StickinessQuery", "series": [SEE], "dateRange": DATES},
    {"kind": "RetentionQuery", "retentionFilter": {"targetEntity": {"id": "see"}}, "dateRange": DATES},
    {"kind": "PathsQuery", "pathsFilter": {"includeEventTypes": ["custom_event"]}, "dateRange": DATES},
    {"kind": "FunnelsQuery", "series": [SEE, {"kind": "EventsNode", "event": "buy"}], "dateRange": DATES},
]


@pytest.mark.parametrize("node", NODES, ids=lambda node: str(node["kind"]))
@pytest.mark.parametrize("is_wrapped", [True, False])
def test_an_insight_has_the_answer_of_its_query(shop: Api, node: dict[str, Any], is_wrapped: bool) -> None:
    query = {"kind": "InsightVizNode", "source": node} if is_wrapped else node
    found = read(shop, create(shop, query=query), refresh="force_blocking")
    answered = shop("POST", "query", json={"query": node}).json()
    assert found["result"] == answered["results"]
    assert found["result"]
    assert found["query"] == query
    assert found["resolved_date_range"] == answered["resolved_date_range"]
    assert (found["is_cached"], found["timezone"], found["query_status"]) == (False, "UTC", None)
    assert found["cache_key"] == found["filters_hash"]
    assert all(found[name] for name in ("last_refresh", "cache_target_age", "next_allowed_client_refresh"))
    assert found["query_cost"]["rows_read"] > 0
    assert found["timings"][0]["k"] == "clickhouse"


REFRESH = [
    "",
    "true",
    "false",
    "banana",
    "force_cache",
    "blocking",
    "async",
    "lazy_async",
    "force_blocking",
]


@pytest.mark.parametrize("refresh", REFRESH)
def test_a_read_always_has_the_result(shop: Api, refresh: str) -> None:
    """What was never computed is, unless it is asked for in the background."""
    query = {**TREND, "dateRange": {**TREND["dateRange"], "date_from": f"2025-01-{len(refresh) + 1:02}"}}
    made = create(shop, query=query)
    if "async" not in refresh:
        assert read(shop, made, refresh=refresh)["result"][0]["count"] == 3
    read(shop, made)
    assert read(shop, made, refresh=refresh)["result"][0]["count"] == 3


def test_a_read_in_the_background_says_how_far_it_is(shop: Api) -> None:
    answer = shop("GET", f"insights/{create(shop, query=WRAPPED)['id']}", params={"refresh": "force_async"})
    found = answer.json()
    assert (answer.status_code, found["result"], found["query_status"]["complete"]) == (202, None, False)
    assert found["query_status"]["insight_id"] == found["id"]


@pytest.mark.parametrize(
    ("refresh", "computes"),
    [
        (None, False),
        ("false", False),
        ("banana", False),
        (True, True),
        ("blocking", True),
        ("1", True),
    ],
)
def test_a_write_has_the_result_that_it_asks_for(shop: Api, refresh: Any, computes: bool) -> None:
    body = {"query": WRAPPED} | ({} if refresh is None else {"refresh": refresh})
    made = create(shop, **body)
    assert (made["result"] is not None) is computes
    assert (change(shop, made, **body)["result"] is not None) is computes
    in_address = shop("POST", "insights?refresh=force_blocking", json={**body, "refresh": "async"}).json()
    assert in_address["result"][0]["count"] == 3


def test_the_key_of_a_result_is_that_of_its_question(shop: Api) -> None:
    made = create(shop, query=WRAPPED, name="one")
    hashes = {
        made["filters_hash"],
        change(shop, made, name="two")["filters_hash"],
        create(shop, query=TREND)["filters_hash"],
        create(shop, query={**TREND, "tags": {"scene": "x"}})["filters_hash"],
    }
    assert len(hashes) == 1
    assert create(shop, query={**TREND, "interval": "week"})["filters_hash"] not in hashes


# Older filters, and whether there is a node that asks the same.

# `same`: shown as a node. `flat_only`: the answer has another shape than any node's, or no node says the same.
FLAT: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parent.parent / "cases" / "legacy_insights.json").read_text()
)
ENDPOINTS = {"PATHS": "path", "FUNNELS": "funnel", "RETENTION": "retention"}


def asked_flat(api: Api, filters: dict[str, Any]) -> Any:
    name = ENDPOINTS.get(filters.get("insight", ""), "trend")
    answer = api("POST", f"insights/{name}", json=filters)
    assert answer.status_code == 200, answer.text
    return without_links(answer.json()["result"])


@pytest.mark.parametrize("filters", FLAT["same"], ids=lambda filters: json.dumps(filters)[:90])
def test_older_filters_are_shown_as_the_node_that_asks_the_same(shop: Api, filters: dict[str, Any]) -> None:
    filters = {**DATES, **filters}
    found = read(shop, create(shop, filters=filters))
    assert (found["query"]["kind"], found["filters"]) == ("InsightVizNode", {})
    by_node = shop("POST", "query", json={"query": found["query"]})
    assert by_node.status_code == 200, by_node.text
    expected = asked_flat(shop, filters)
    assert without_links(by_node.json()["results"]) == expected
    assert without_links(found["result"]) == expected


@pytest.mark.parametrize("filters", FLAT["flat_only"], ids=json.dumps)
def test_older_filters_without_such_a_node_are_answered_all_the_same(shop: Api, filters: dict[str, Any]) -> None:
    filters = {**DATES, **filters}
    found = read(shop, create(shop, filters=filters))
    assert (found["query"], found["filters"]) == (None, filters)
    assert without_links(found["result"]) == asked_flat(shop, filters)


def test_how_a_chart_looks_is_kept() -> None:
    node = converted({"events": [{"id": "a"}], "show_legend": True, "y_axis_scale_type": "log10"})
    assert node is not None
    shown = node["source"]["trendsFilter"]
    assert (shown["showLegend"], shown["yAxisScaleType"]) == (True, "log10")
    assert converted({}) is None


# What a reader wants otherwise.


def counts(found: dict[str, Any]) -> dict[str, float]:
    return {
        row["label"] if "breakdown_value" not in row else row["breakdown_value"]: row["count"]
        for row in found["result"]
    }


PRO = [{"key": "plan", "type": "person", "value": "pro"}]
OVERRIDES: list[tuple[dict[str, Any], dict[str, float]]] = [
    ({}, {"see": 3}),
    ({"date_from": "2026-03-03", "date_to": "2026-03-03"}, {"see": 1}),
    ({"properties": PRO}, {"see": 2}),
    ({"properties": {"type": "AND", "values": PRO}, "date_from": "2026-03-03", "date_to": "2026-03-05"}, {"see": 1}),
    ({"breakdown_filter": {"breakdown": "plan", "breakdown_type": "person"}}, {"pro": 2, "free": 1}),
    ({"properties": [], "date_from": None, "breakdown_filter": {}}, {"see": 3}),
]


@pytest.mark.parametrize(("override", "expected"), OVERRIDES, ids=lambda value: json.dumps(value)[:60])
@pytest.mark.parametrize("name", ["filters_override", "tile_filters_override"])
@pytest.mark.parametrize("is_older", [False, True], ids=["node", "flat"])
def test_filters_are_overridden(
    shop: Api, override: dict[str, Any], expected: dict[str, float], name: str, is_older: bool
) -> None:
    body = {"filters": {**DATES, "events": [{"id": "see"}]}} if is_older else {"query": WRAPPED}
    made = create(shop, **body)
    found = read(shop, made, **{name: json.dumps(override)})
    assert counts(found) == expected
    assert counts(read(shop, made)) == {"see": 3}
    again = shop("POST", "query", json={"query": found["query"]}).json()
    assert again["results"] == found["result"]


def test_own_filters_and_those_of_an_override_both_hold(shop: Api) -> None:
    own = {**TREND, "properties": [{"key": "$browser", "value": ["Chrome", "Safari"]}]}
    assert counts(read(shop, create(shop, query=own), filters_override=json.dumps({"properties": PRO}))) == {"see": 1}


def test_flat_filters_without_a_node_are_overridden_too(shop: Api) -> None:
    made = create(shop, filters={"insight": "PATHS", "include_custom_events": ["see", "buy"], **DATES})
    everything = read(shop, made)["result"]
    assert [edge["value"] for edge in everything] == [1]
    assert (
        read(shop, made, filters_override=json.dumps({"date_to": "2026-03-01", "date_from": "2026-03-01"}))["result"]
        == []
    )


BAD = [
    ("filters_override", "{bad"),
    ("filters_override", "[]"),
    ("tile_filters_override", "7"),
    ("variables_override", "{"),
    ("from_dashboard", "main"),
]


@pytest.mark.parametrize(("name", "text"), BAD)
def test_an_override_is_a_json_object(shop: Api, name: str, text: str) -> None:
    refused = shop("GET", f"insights/{create(shop, query=WRAPPED)['id']}", params={name: text})
    assert (refused.status_code, refused.json()["type"], refused.json()["attr"]) == (400, "validation_error", name)


@pytest.mark.parametrize(
    "override",
    [{"colour": "red"}, {"properties": [{"key": "x", "type": "planet"}]}, {"breakdown_filter": {"breakdwn": "x"}}],
    ids=str,
)
def test_an_override_that_cannot_be_asked_is_refused(shop: Api, override: dict[str, Any]) -> None:
    made = create(shop, query=WRAPPED)
    refused = shop("GET", f"insights/{made['id']}", params={"filters_override": json.dumps(override)})
    assert (refused.status_code, refused.json()["type"]) == (400, "validation_error")


@pytest.mark.parametrize(
    ("override", "attr"),
    [
        ({"date_from": 5}, "filters_override__date_from"),
        ({"date_to": {"a": 1}}, "filters_override__date_to"),
        ({"explicitDate": "x"}, "filters_override__explicitDate"),
        ({"breakdown_filter": 5}, "filters_override__breakdown_filter"),
    ],
    ids=str,
)
def test_an_override_of_a_wrong_type_is_named(shop: Api, override: dict[str, Any], attr: str) -> None:
    made = create(shop, query=WRAPPED)
    refused = shop("GET", f"insights/{made['id']}", params={"filters_override": json.dumps(override)})
    assert (refused.status_code, refused.json()["attr"]) == (400, attr)


def test_a_dashboard_s_filters_hold_for_who_comes_from_it(world: World, shop: Api) -> None:
    board = shop("POST", "dashboards", json={"name": "board"}).json()
    shop("PATCH", f"dashboards/{board['id']}", json={"filters": {"properties": PRO}})
    made = create(shop, query=WRAPPED, dashboards=[board["id"]])
    found = read(shop, made, from_dashboard=board["id"])
    assert counts(found) == {"see": 2}
    assert {"color", "layouts"} <= found.keys()
    overridden = read(shop, made, from_dashboard=board["id"], filters_override=json.dumps({"date_from": "2026-03-04"}))
    assert counts(overridden) == {"see": 1}
    elsewhere = create(shop, query=WRAPPED)
    assert counts(read(shop, elsewhere, from_dashboard=board["id"])) == {"see": 3}
    assert counts(read(shop, made, from_dashboard=987654)) == {"see": 3}
    shop("PUT", f"dashboards/{board['id']}/access_controls", json={"access_level": "none"})
    other = Api(shop.stack, world.new_key(world.new_user()), shop.project_id)
    assert counts(read(other, made, from_dashboard=board["id"])) == {"see": 3}


# What goes wrong.


@pytest.mark.parametrize(
    "fault",
    [
        {"dateRange": {"date_from": "2026-03-05", "date_to": "2026-03-01"}},
        {"properties": [{"type": "hogql", "key": "nothing(1)"}]},
    ],
    ids=["dates", "expression"],
)
def test_a_question_that_has_no_answer_is_a_400(shop: Api, fault: dict[str, Any]) -> None:
    refused = shop("GET", f"insights/{create(shop, query={**TREND, **fault})['id']}")
    assert (refused.status_code, refused.json()["type"]) == (400, "validation_error")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (Overloaded("The query took too long", status=512), "The query took too long"),
        (RuntimeError("inner kestrel"), ""),
    ],
    ids=["overloaded", "unexpected"],
)
def test_an_insight_can_be_read_when_it_cannot_be_computed(
    shop: Api, monkeypatch: pytest.MonkeyPatch, error: Exception, message: str
) -> None:
    query = {**TREND, "dateRange": {**TREND["dateRange"], "date_from": f"2024-01-{len(message) % 28 + 1:02}"}}
    made = create(shop, query=query, name="here")

    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(ClickHouse, "read", fail)
    answer = shop("GET", f"insights/{made['id']}")
    found = answer.json()
    assert (answer.status_code, found["name"], found["result"], found["is_cached"]) == (200, "here", None, False)
    assert (found["query_status"]["error"], found["query_status"]["complete"]) == (True, True)
    assert message in found["query_status"]["error_message"]
    assert "kestrel" not in answer.text
    assert create(shop, query=query, refresh=True)["query_status"]["error"] is True


def test_explain_shows_the_statement(shop: Api) -> None:
    made = create(shop, query=WRAPPED)
    assert "SELECT" in read(shop, made, explain="true")["explain"]["sql"]
    assert "explain" not in read(shop, made)


@pytest.mark.parametrize(
    "body",
    [
        {"query": WRAPPED},
        {"filters": {"events": [{"id": "see"}], **DATES}},
        {"filters": {"insight": "RETENTION", **DATES}},
    ],
    ids=["node", "flat", "retention"],
)
def test_one_insight_is_a_file(shop: Api, body: dict[str, Any]) -> None:
    made = create(shop, **body)
    by_ending = shop("GET", f"insights/{made['short_id']}.csv/", params={"export_name": "My visits"})
    by_format = shop("GET", f"insights/{made['id']}", params={"format": "csv"})
    assert by_ending.text == by_format.text
    assert by_ending.headers["content-type"].startswith("text/csv")
    assert 'filename="my-visits (' in by_ending.headers["content-disposition"]
    assert len(by_ending.text.splitlines()) > 1


def test_an_insight_that_asks_nothing_is_no_file(shop: Api) -> None:
    assert shop("GET", f"insights/{create(shop)['id']}.csv").json()["attr"] == "query"
