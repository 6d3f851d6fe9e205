"""The people behind trends, lifecycles and stickiness over HTTP; who of them is wanted; and all people there are."""

from __future__ import annotations

import json
from typing import Any

import pytest
from insights_acl.models import StoredProject
from insights_api.actor_queries import COUNTED, OF_ACTORS, SOURCES
from insights_engine.actors import ORDERS

from tests.api.world import Api, World
from tests.conftest import REPOSITORY

DATES = {"date_from": "2024-03-18", "date_to": "2024-03-20"}
TREND: dict[str, Any] = {
    "kind": "TrendsQuery",
    "series": [{"kind": "EventsNode", "event": "visit"}],
    "dateRange": DATES,
}
LIFECYCLE = {**TREND, "kind": "LifecycleQuery"}
STICKINESS = {**TREND, "kind": "StickinessQuery"}
RETENTION = {
    "kind": "RetentionQuery",
    "dateRange": {"date_to": "2024-03-20"},
    "retentionFilter": {"period": "Day", "totalIntervals": 3, "targetEntity": {"id": "visit", "type": "events"}},
}
FUNNEL = {**TREND, "kind": "FunnelsQuery", "series": [*TREND["series"], {"kind": "EventsNode", "event": "visit"}]}
PATHS = {"kind": "PathsQuery", "dateRange": DATES, "pathsFilter": {"includeEventTypes": ["custom_event"]}}
# ann 18 a 2: on that day of March, with b = a, twice.
VISITS = ("ann 18 a 2", "ann 19 b 1", "bob 18 b 1", "cat 19 a 1", "cat 20 a 3")
PERSONS = [
    {"distinct_ids": ["ann", "ann-phone"], "properties": {"email": "ann@x.test", "plan": "pro"}},
    {"distinct_ids": ["bob"], "properties": {"name": "Bob Stone", "plan": "free"}},
    {"distinct_ids": ["cat"], "properties": {"email": "cat@y.test", "plan": "pro"}},
    {"distinct_ids": ["dan"], "properties": {"username": "Danny"}},
]


def visits() -> list[dict[str, Any]]:
    return [
        {
            "event": "visit",
            "distinct_id": who,
            "timestamp": f"2024-03-{day}T10:0{minute}:00Z",
            "properties": {"b": b},
            "groups": {"company": "acme" if who == "ann" else "beta"},
        }
        for who, day, b, times in (text.split() for text in VISITS)
        for minute in range(int(times))
    ] + [{"event": "pay", "distinct_id": "ann", "timestamp": "2024-03-19T10:05:00Z", "properties": {}}]


@pytest.fixture(scope="module")
def filled(world: World) -> Api:
    """A project that nobody changes."""
    api = world.api(world.new_project())
    groups = [{"type": "company", "key": "acme", "properties": {"name": "Acme Rockets"}}]
    api.stack.load(api.project_id, persons=PERSONS, groups=groups, events=visits())
    return api


def insight(source: dict[str, Any], **chosen: Any) -> dict[str, Any]:
    kind = "FunnelsActorsQuery" if source["kind"] == "FunnelsQuery" else "InsightActorsQuery"
    return {"kind": kind, "source": source, **chosen}


def ask(api: Api, node: dict[str, Any]) -> dict[str, Any]:
    answer = api("POST", "query", json={"query": node})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def who(answer: dict[str, Any]) -> list[str]:
    return [row[0].get("group_key") or row[0]["distinct_ids"][0] for row in answer["results"]]


def by_group(name: str) -> dict[str, Any]:
    return {"series": [{**TREND["series"][0], "math": name, "math_group_type_index": 0}]}


POINTS: dict[str, tuple[dict[str, Any], list[tuple[str, int]]]] = {
    "a day of a trend": (insight(TREND, day="2024-03-18"), [("ann", 2), ("bob", 1)]),
    "by its number": (insight(TREND, interval=1, series=0), [("ann", 1), ("cat", 1)]),
    "a total value": (
        insight({**TREND, "trendsFilter": {"display": "BoldNumber"}, "dateRange": {**DATES, "explicitDate": True}}),
        [("ann", 3), ("bob", 1), ("cat", 1)],
    ),
    "a breakdown's value": (
        insight({**TREND, "breakdownFilter": {"breakdown": "b"}}, day="2024-03-19", breakdown="b"),
        [("ann", 1)],
    ),
    "a list of values": (
        insight({**TREND, "breakdownFilter": {"breakdowns": [{"property": "b"}]}}, day="2024-03-19", breakdown=["a"]),
        [("cat", 1)],
    ),
    "the other values": (
        insight(
            {**TREND, "breakdownFilter": {"breakdown": "b", "breakdown_limit": 1}},
            day="2024-03-18",
            breakdown="$$_posthog_breakdown_other_$$",
        ),
        [("bob", 1)],
    ),
    "the period before": (
        insight(
            {
                **TREND,
                "compareFilter": {"compare": True},
                "dateRange": {"date_from": "2024-03-20", "date_to": "2024-03-20"},
            },
            day="2024-03-20",
            compare="previous",
        ),
        [("ann", 1), ("cat", 1)],
    ),
    "groups": (insight({**TREND, **by_group("unique_group")}, day="2024-03-18"), [("acme", 2), ("beta", 1)]),
    "who is new": (insight(LIFECYCLE, day="2024-03-18", status="new"), [("ann", 2), ("bob", 1)]),
    "who returns": (insight(LIFECYCLE, interval=1, status="returning"), [("ann", 1)]),
    "who is dormant": (insight(LIFECYCLE, day="2024-03-20", status="dormant"), [("ann", 0)]),
    "groups of a lifecycle": (
        insight({**LIFECYCLE, "aggregation_group_type_index": 0}, day="2024-03-20", status="returning"),
        [("beta", 3)],
    ),
    "two days": (insight(STICKINESS, day=2), [("cat", 4), ("ann", 3)]),
    "one day or more": (
        insight({**STICKINESS, "stickinessFilter": {"computedAs": "cumulative"}}, day="1", series=0),
        [("cat", 4), ("ann", 3), ("bob", 1)],
    ),
    "one day at most": (insight(STICKINESS, day=1, operator="lte"), [("bob", 1)]),
    "by its own kind": (
        {"kind": "StickinessActorsQuery", "source": STICKINESS, "day": 2, "operator": "gte"},
        [("cat", 4), ("ann", 3)],
    ),
    "groups that stick": (insight({**STICKINESS, **by_group("unique_group")}, day=3), [("beta", 5)]),
}


@pytest.mark.parametrize("name", POINTS)
def test_who_is_behind(filled: Api, name: str) -> None:
    node, wanted = POINTS[name]
    answer = ask(filled, node)
    assert answer["columns"] == ["person", "event_count"]
    assert [(one, count) for one, (_, count) in zip(who(answer), answer["results"], strict=True)] == wanted
    assert (answer["hasMore"], answer["missing_actors_count"], answer["limit"], answer["offset"]) == (False, 0, 100, 0)


@pytest.mark.parametrize("name", dict.fromkeys([*SOURCES, *OF_ACTORS, *COUNTED, *ORDERS]))
def test_the_documentation_has_every_source_column_and_order(name: str) -> None:
    assert f"`{name}`" in (REPOSITORY / "docs" / "people.md").read_text("utf-8")


SELECTED: dict[str, list[Any]] = {
    "event_count": [2, 1],
    "event_distinct_ids": [["ann"], ["bob"]],
    "properties.plan": ["pro", "free"],
    "properties.email": ["ann@x.test", None],
    "properties": [one["properties"] for one in PERSONS[:2]],
}


@pytest.mark.parametrize("column", SELECTED)
def test_columns(filled: Api, column: str) -> None:
    actors = insight(TREND, day="2024-03-18")
    answer = ask(filled, {"kind": "ActorsQuery", "source": actors, "select": [column, "id", "actor", "created_at"]})
    assert [row[0] for row in answer["results"]] == SELECTED[column]
    assert all([row[1], row[3]] == [row[2]["id"], row[2]["created_at"]] for row in answer["results"])


POINT_OF_EACH = {
    "TrendsQuery": insight(TREND, day="2024-03-19"),
    "LifecycleQuery": insight(LIFECYCLE, day="2024-03-20", status="dormant"),
    "StickinessQuery": insight({**STICKINESS, "stickinessFilter": {"computedAs": "cumulative"}}, day=2),
    "RetentionQuery": insight(RETENTION),
    "FunnelsQuery": insight(FUNNEL, funnelStep=1),
    "PathsQuery": insight(PATHS),
}
PRO = {"key": "plan", "value": "pro", "type": "person", "operator": "exact"}
# Who of ann, bob, cat and dan passes.
ONES: dict[str, tuple[dict[str, Any], set[str]]] = {
    "an address": ({"search": "X.TEST"}, {"ann"}),
    "a name": ({"search": " stone "}, {"bob"}),
    "a distinct id": ({"search": "ann-ph"}, {"ann"}),
    "a property": ({"properties": [PRO]}, {"ann", "cat"}),
    "another": ({"properties": [{**PRO, "operator": "is_not"}]}, {"bob", "dan"}),
    "a property of no type": ({"properties": [{"key": "plan", "value": "free"}]}, {"bob"}),
    "fixed": ({"fixedProperties": [PRO], "properties": [{**PRO, "key": "email", "value": "cat@y.test"}]}, {"cat"}),
    "either": ({"properties": {"type": "OR", "values": [PRO, {**PRO, "value": "free"}]}}, {"ann", "bob", "cat"}),
    "all at once": ({"search": "test", "properties": [PRO]}, {"ann", "cat"}),
    "nobody": ({"search": "%"}, set()),
}


def test_of_the_people_behind_any_insight_those_who_pass(filled: Api) -> None:
    for kind, actors in POINT_OF_EACH.items():
        everybody = set(who(ask(filled, actors)))
        assert everybody, kind
        for name, (further, wanted) in ONES.items():
            found = ask(filled, {"kind": "ActorsQuery", "source": actors, **further})
            assert set(who(found)) == wanted & everybody, (kind, name)


@pytest.mark.parametrize("name", ONES)
def test_of_all_people_those_who_pass(filled: Api, name: str) -> None:
    further, wanted = ONES[name]
    assert set(who(ask(filled, {"kind": "ActorsQuery", **further}))) == wanted


def test_by_cohort(filled: Api) -> None:
    made = filled("POST", "cohorts", json={"name": "Pro", "filters": {"properties": {"type": "AND", "values": [PRO]}}})
    assert made.status_code == 201, made.text
    wanted = [{"key": "id", "value": made.json()["id"], "type": "cohort"}]
    assert set(who(ask(filled, {"kind": "ActorsQuery", "properties": wanted}))) == {"ann", "cat"}


def test_groups_are_searched(filled: Api) -> None:
    groups = insight({**TREND, **by_group("weekly_active")}, day="2024-03-20")
    for text, wanted in (("rocket", ["acme"]), ("BETA", ["beta"]), ("", ["beta", "acme"])):
        assert who(ask(filled, {"kind": "ActorsQuery", "source": groups, "search": text})) == wanted
    refused = filled("POST", "query", json={"query": {"kind": "ActorsQuery", "source": groups, "properties": [PRO]}})
    assert (refused.status_code, refused.json()["attr"]) == (400, "properties")


def test_all_people(filled: Api) -> None:
    answer = ask(filled, {"kind": "ActorsQuery", "limit": 3})
    assert answer["columns"] == ["person", "id", "created_at"]
    assert [len(answer["results"]), answer["hasMore"]] == [3, True]
    rest = ask(filled, {"kind": "ActorsQuery", "limit": 3, "offset": 3})
    assert (rest["hasMore"], sorted(who(answer) + who(rest))) == (False, ["ann", "bob", "cat", "dan"])
    made = [row[2] for row in answer["results"] + rest["results"]]
    assert made == sorted(made, reverse=True)
    oldest = ask(filled, {"kind": "ActorsQuery", "orderBy": ["created_at ASC"], "select": ["created_at"]})
    assert [row[0] for row in oldest["results"]] == sorted(made)


@pytest.mark.parametrize("order", ["event_count DESC, actor_id DESC", "event_count desc", "created_at", "id ASC"])
def test_orders(filled: Api, order: str) -> None:
    actors = insight({**TREND, "trendsFilter": {"display": "ActionsTable"}})
    found = who(ask(filled, {"kind": "ActorsQuery", "source": actors, "orderBy": [order]}))
    by_count = order.startswith("event_count")
    assert (found[:2] == ["cat", "ann"] if by_count else True) and sorted(found) == ["ann", "bob", "cat"]
    if order == "id ASC":
        assert found == ["ann", "bob", "cat"]


@pytest.mark.parametrize("order", ["event_count", "event_count ASC", " event_count  asc "])
def test_an_order_without_a_direction_goes_upwards(filled: Api, order: str) -> None:
    actors = insight({**TREND, "trendsFilter": {"display": "ActionsTable"}})
    assert who(ask(filled, {"kind": "ActorsQuery", "source": actors, "orderBy": [order]})) == ["bob", "ann", "cat"]


def test_who_is_known_by_events_alone_is_counted_as_missing(world: World) -> None:
    """As those of personless events are, who have a number and no person: here the second one, bob."""
    api = world.api(world.new_project())
    api.stack.load(api.project_id, persons=PERSONS, events=visits())
    row = {"project": api.project_id, "person": 2, "is_deleted": 1, "version": 2**62}
    api.stack.services.clickhouse.insert_json("persons", tuple(row), json.dumps(row).encode())
    answer = ask(api, insight(TREND, day="2024-03-18"))
    assert (who(answer), answer["missing_actors_count"], answer["hasMore"]) == (["ann"], 1, False)


@pytest.mark.parametrize(("order", "wanted"), [("ASC", ["cat", "ann"]), ("DESC", ["ann", "cat"])])
def test_by_creation(world: World, order: str, wanted: list[str]) -> None:
    """Which is neither the order of their numbers nor that of their events; groups without a row come from 1970."""
    api = world.api(world.new_project())
    made = (("ann", "2024-02-02"), ("cat", "2024-01-01"))
    persons = [{"distinct_ids": [name], "created_at": f"{day}T00:00:00Z"} for name, day in made]
    api.stack.load(api.project_id, persons=persons, groups=[{"type": "company", "key": "acme"}], events=visits())
    by = {"select": ["person"], "orderBy": [f"created_at {order}"], "search": "a"}
    assert who(ask(api, {"kind": "ActorsQuery", "source": insight(TREND, day="2024-03-19"), **by})) == wanted
    groups = insight({**TREND, **by_group("weekly_active")}, day="2024-03-20")
    wanted_groups = ["beta", "acme"] if order == "ASC" else ["acme", "beta"]
    assert who(ask(api, {"kind": "ActorsQuery", "source": groups, **by})) == wanted_groups


def test_pages_have_everybody_once(filled: Api) -> None:
    actors = insight({**TREND, "trendsFilter": {"display": "ActionsTable"}})
    pages = [ask(filled, {"kind": "ActorsQuery", "source": actors, "limit": 1, "offset": n}) for n in range(3)]
    assert [name for page in pages for name in who(page)] == ["cat", "ann", "bob"]
    assert [page["hasMore"] for page in pages] == [True, True, False]


@pytest.mark.parametrize(
    "wrappers", [["DataTableNode"], ["InsightVizNode"], ["DataVisualizationNode", "DataTableNode"]]
)
def test_wrappers_are_taken_off(filled: Api, wrappers: list[str]) -> None:
    node = {"kind": "ActorsQuery", "source": insight(TREND, day="2024-03-18")}
    for wrapper in wrappers:
        node = {"kind": wrapper, "source": node}
    assert who(ask(filled, node)) == ["ann", "bob"]


def test_csv(filled: Api) -> None:
    node = {"kind": "ActorsQuery", "source": insight(TREND, day="2024-03-18"), "select": ["person", "event_count"]}
    head, first, *_ = filled("POST", "query?format=csv", json={"query": node}).text.splitlines()
    assert head.startswith("person.type,person.id,") and ",event_count" in head
    assert "ann@x.test" in first and first.endswith(",2,")


WRONG: list[tuple[dict[str, Any], str | None, str]] = [
    (insight(TREND), "day", "day is required"),
    (insight(TREND, day="2024-03-21"), "day", "day is not in the range of dates"),
    (insight(TREND, day="soon"), "day", "day 'soon' is not a date"),
    (insight(TREND, day="2024-03-18", series=2), "series", "There is no series 2: there are 0 to 0"),
    (insight(TREND, day="2024-03-18", breakdown="x"), "breakdown", "breakdown: the query has none"),
    (insight(TREND, day="2024-03-18", compare="previous"), "compare", "compare: the query compares with no earlier"),
    (insight(TREND, day="2024-03-18", compare="next"), None, "query.compare: Input should be 'current' or 'previous'"),
    (insight(TREND, day="2024-03-18", status="new"), None, "query.status: unknown field"),
    (insight(TREND, days="2024-03-18"), None, 'query.days: unknown field; did you mean "day"?'),
    (insight(LIFECYCLE, day="2024-03-18"), "status", "status is required: one of new, returning"),
    (insight(LIFECYCLE, day="2024-03-18", status="dorment"), "status", 'status "dorment" is not known; did you mean'),
    (insight(LIFECYCLE, status="new"), "day", "day is required"),
    (insight(STICKINESS), "day", "day is required: a number of intervals"),
    (insight(STICKINESS, day=4), "day", "day is a number of intervals, from 1 to 3"),
    (insight(STICKINESS, day="2024-03-18"), "day", "day '2024-03-18' is not a number of intervals"),
    (insight({**STICKINESS, "series": []}, day=1), "series", "There is no series 0"),
    (
        insight({**STICKINESS, "series": [{"kind": "EventsNode", "math": "hogql", "math_hogql": "event"}]}, day=1),
        "series",
        "series[0]: values of an expression are no people to list",
    ),
]
AROUND: list[tuple[dict[str, Any], str | None, str]] = [
    ({"select": ["matched_recordings"]}, "select", 'select "matched_recordings" is not known; known are: person,'),
    ({"select": ["event_counts"]}, "select", 'select "event_counts" is not known; did you mean "event_count"?'),
    ({"orderBy": ["event_cuont"]}, "orderBy", 'orderBy "event_cuont" is not known; did you mean "event_count"?'),
    ({"orderBy": ["event_count downwards"]}, "orderBy", "orderBy 'event_count downwards' must end in ASC or DESC"),
    ({"search": "x" * 1001}, None, "query.search: String should have at most 1000 characters"),
    (
        {"properties": [{"key": "x", "value": 1, "type": "session"}]},
        "properties__0__type",
        'properties[0].type "session"',
    ),
    (
        {"fixedProperties": [{"key": "1", "type": "hogql"}]},
        "fixedProperties__0__type",
        'fixedProperties[0].type "hogql"',
    ),
    ({"properties": [{"value": 99, "type": "cohort"}]}, "properties__0", "Cohort 99 does not exist in this project"),
    ({"properties": 5}, None, "query.properties"),
    ({"limit": 1001}, None, "query.limit"),
]


@pytest.mark.parametrize(("node", "attr", "text"), WRONG, ids=[text for *_, text in WRONG])
def test_points_that_there_are_not(filled: Api, node: dict[str, Any], attr: str | None, text: str) -> None:
    answer = filled("POST", "query", json={"query": node})
    assert (answer.status_code, answer.json()["attr"]) == (400, attr), answer.text
    assert answer.json()["detail"].startswith(text)


@pytest.mark.parametrize(("further", "attr", "text"), AROUND, ids=[text for *_, text in AROUND])
def test_what_is_refused_around_them(filled: Api, further: dict[str, Any], attr: str | None, text: str) -> None:
    node = {"kind": "ActorsQuery", "source": insight(TREND, day="2024-03-18"), **further}
    answer = filled("POST", "query", json={"query": node})
    assert (answer.status_code, answer.json()["attr"]) == (400, attr), answer.text
    assert answer.json()["detail"].startswith(text)


@pytest.mark.parametrize("kind", ["RetentionQuery", "FunnelsQuery", "PathsQuery"])
@pytest.mark.parametrize("orders", [["event_count"], ["created_at DESC"], ["actor_id", "event_count"]])
def test_some_insights_have_one_order(filled: Api, kind: str, orders: list[str]) -> None:
    node = {"kind": "ActorsQuery", "source": POINT_OF_EACH[kind], "orderBy": orders}
    refused = filled("POST", "query", json={"query": node})
    assert (refused.status_code, refused.json()["attr"]) == (400, "orderBy")
    node["orderBy"] = SOURCES[kind].order[:1]
    assert ask(filled, node)["results"] == ask(filled, {**node, "orderBy": []})["results"]


def test_nothing_is_counted_of_all_people(filled: Api) -> None:
    for further in ({"select": ["event_count"]}, {"orderBy": ["event_count"]}):
        assert filled("POST", "query", json={"query": {"kind": "ActorsQuery", **further}}).status_code == 400


def test_people_need_their_scope(world: World, project: StoredProject) -> None:
    persons, groups = insight(TREND, day="2024-03-18"), insight({**TREND, **by_group("unique_group")}, day="2024-03-18")
    everybody: dict[str, Any] = {"kind": "ActorsQuery"}
    for scope, allowed in (("person:read", [persons, everybody]), ("group:read", [groups])):
        api = world.api(project, None, "query:read", scope)
        for node in (persons, groups, everybody):
            status = 200 if node in allowed else 403
            assert api("POST", "query", json={"query": node}).status_code == status, (scope, node)


def test_another_project_s_people_are_not_among_them(world: World) -> None:
    one, other = (world.api(world.new_project()) for _ in range(2))
    for api, name in ((one, "ann"), (other, "zoe")):
        events = [{"event": "visit", "distinct_id": name, "timestamp": "2024-03-18T10:00:00Z", "properties": {}}]
        api.stack.load(api.project_id, persons=[{"distinct_ids": [name], "properties": {}}], events=events)
    for node in ({"kind": "ActorsQuery"}, insight(TREND, day="2024-03-18"), insight(STICKINESS, day=1)):
        assert who(ask(one, node)) == ["ann"]
