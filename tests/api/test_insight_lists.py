"""Lists of insights: filters, search, orders, pages; and what many people view."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from insights_acl import accounts
from insights_acl.models import StoredProject
from insights_engine.clickhouse import ClickHouse

from tests.api.test_insights import FUNNEL, PAGEVIEWS, WRAPPED, change, create
from tests.api.world import Api, World

# Name -> body, in the order in which they are made. Every test that lists has these.
SHELF: dict[str, dict[str, Any]] = {
    "visits": {"query": WRAPPED, "tags": ["web", "daily"], "favorited": True, "order": 2},
    "signups": {"query": FUNNEL, "description": "from landing to account", "saved": True, "order": 1},
    "older": {"filters": {"insight": "TRENDS", "events": [{"id": "buy"}], "breakdown": "$feature/new-shop"}},
    "older retention": {"filters": {"insight": "RETENTION", "target_entity": {"id": "buy"}}, "tags": ["weekly"]},
    "ways": {"query": {"kind": "PathsQuery", "pathsFilter": {"includeEventTypes": ["$pageview"]}}, "tags": ["daily"]},
    "Feature Flag Called Total Volume": {},
    "statement": {
        "query": {"kind": "DataVisualizationNode", "source": {"kind": "HogQLQuery", "query": "SELECT 1 FROM events"}}
    },
    "rows": {"query": {"kind": "DataTableNode", "source": {"kind": "EventsQuery", "select": ["*"], "event": "rented"}}},
}
ALL = [*reversed(SHELF)]


def names(api: Api, **parameters: Any) -> list[str]:
    answer = api("GET", "insights/", params=parameters)
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert page["count"] == len(page["results"])
    return [insight["name"] for insight in page["results"]]


FILTERS: list[tuple[dict[str, Any], set[str]]] = [
    ({}, set(ALL)),
    ({"saved": "true"}, {"signups"}),
    ({"saved": "false"}, set(ALL) - {"signups"}),
    ({"favorited": "anything"}, {"visits"}),
    ({"insight": "TRENDS"}, {"visits", "older"}),
    ({"insight": "FUNNELS"}, {"signups"}),
    ({"insight": "RETENTION"}, {"older retention"}),
    ({"insight": "PATHS"}, {"ways"}),
    ({"insight": "LIFECYCLE"}, set()),
    ({"insight": "JSON"}, {"signups", "ways", "rows"}),
    ({"insight": "SQL"}, {"statement"}),
    ({"events": '["rented"]'}, {"rows"}),
    ({"tags": '["web", "weekly"]'}, {"visits", "older retention"}),
    ({"tags": "[]"}, set(ALL)),
    ({"tags": ""}, set(ALL)),
    ({"events": '["$pageview"]'}, {"visits", "signups", "ways"}),
    ({"events": '["$pageview", "Signed up"]'}, {"signups"}),
    ({"events": '["buy"]'}, {"older", "older retention"}),
    ({"dashboards": "[987654]"}, set()),
    ({"dashboards": ""}, set(ALL)),
    ({"feature_flag": "new-shop"}, {"older"}),
    ({"feature_flag": '%"'}, set()),
    ({"hide_feature_flag_insights": "true"}, set(ALL) - {"Feature Flag Called Total Volume"}),
    ({"hide_feature_flag_insights": "false"}, set(ALL)),
    ({"date_from": "-1d"}, set(ALL)),
    ({"date_from": "2100-01-01"}, set()),
    ({"date_to": "-1d"}, set()),
    ({"created_date_from": "2020-01-01", "created_date_to": "2100-01-01T00:00:00Z"}, set(ALL)),
    ({"created_date_to": "2020-01-01"}, set()),
    ({"last_viewed_date_from": "-1d"}, set()),
    ({"last_viewed_date_to": "2100-01-01"}, set()),
    ({"search": "SIGN"}, {"signups"}),
    ({"search": "landing"}, {"signups"}),
    ({"search": "daily"}, {"visits", "ways"}),
    ({"search": "pageview"}, {"visits", "signups"}),
    ({"search": "visist"}, {"visits"}),
    ({"search": "landnig acount"}, {"signups"}),
    ({"search": "zz"}, set()),
    ({"search": "  "}, set(ALL)),
    ({"tags": '["daily"]', "events": '["$pageview"]', "favorited": "1"}, {"visits"}),
    ({"nothing": "known"}, set(ALL)),
]


@pytest.fixture(scope="module")
def filled(world: World) -> tuple[Api, dict[str, dict[str, Any]]]:
    """One project with the shelf that no test changes."""
    api = world.api(world.new_project())
    return api, {name: create(api, name=name, **body) for name, body in SHELF.items()}


@pytest.mark.parametrize(("parameters", "expected"), FILTERS, ids=[str(parameters) for parameters, _ in FILTERS])
def test_a_filter_chooses(
    filled: tuple[Api, dict[str, dict[str, Any]]], parameters: dict[str, Any], expected: set[str]
) -> None:
    found = names(filled[0], **parameters)
    assert (set(found), len(found)) == (expected, len(expected))


WRONG: list[tuple[dict[str, str], str]] = [
    ({"created_by": "me"}, "created_by"),
    ({"created_by": '["x"]'}, "created_by"),
    ({"dashboards": "{}"}, "dashboards"),
    ({"tags": "web"}, "tags"),
    ({"tags": "[1]"}, "tags"),
    ({"events": '"buy"'}, "events"),
    ({"insight": "trends"}, "insight"),
    ({"date_from": "1800-01-01"}, "date_from"),
    ({"last_viewed_date_to": "9999-99-99"}, "last_viewed_date_to"),
    ({"search": "x" * 201}, "search"),
    ({"order": "password"}, "order"),
]


@pytest.mark.parametrize(("parameters", "attr"), WRONG, ids=str)
def test_a_filter_that_cannot_be_meant_is_named(
    filled: tuple[Api, dict[str, dict[str, Any]]], parameters: dict[str, str], attr: str
) -> None:
    refused = filled[0]("GET", "insights", params=parameters)
    assert (refused.status_code, refused.json()["type"]) == (400, "validation_error")
    assert refused.json()["attr"] == attr


ORDERS = [
    ("", ["signups", "visits", *(name for name in ALL if name not in ("signups", "visits"))]),
    ("id", list(SHELF)),
    ("-id", ALL),
    ("-created_at", ALL),
    ("name", sorted(SHELF, key=str.lower)),
    ("-name", sorted(SHELF, key=str.lower, reverse=True)),
    ("-favorited", ["visits", *(name for name in ALL if name != "visits")]),
]


@pytest.mark.parametrize(("order", "expected"), ORDERS)
def test_an_order_orders(filled: tuple[Api, dict[str, dict[str, Any]]], order: str, expected: list[str]) -> None:
    assert names(filled[0], **({"order": order} if order else {})) == expected


def test_exact_finds_come_first(api: Api) -> None:
    for name in ("revenue", "revenues of shops", "revenge"):
        create(api, name=name)
    found = api("GET", "insights?search=revenues").json()["results"]
    assert [(one["name"], one["search_match_type"]) for one in found] == [
        ("revenues of shops", "exact"),
        ("revenge", "similar"),
        ("revenue", "similar"),
    ]
    assert names(api, search="revenues", order="name") == ["revenge", "revenue", "revenues of shops"]


def test_mine_and_somebody_else_s(world: World, project: StoredProject, api: Api) -> None:
    other = world.api(project)
    mine, theirs = create(api, name="mine"), create(other, name="theirs")
    assert names(api, user="true") == ["mine"]
    assert names(other, user="0") == ["theirs"]
    assert names(api, created_by=json.dumps([theirs["created_by"]["id"]])) == ["theirs"]
    both = [mine["created_by"]["id"], theirs["created_by"]["id"]]
    assert set(names(api, created_by=json.dumps(both))) == {"mine", "theirs"}
    assert names(api, created_by="[0]") == []
    assert names(api, short_id=mine["short_id"]) == ["mine"]


def test_pages_follow_each_other(filled: tuple[Api, dict[str, dict[str, Any]]]) -> None:
    api, _ = filled
    path, found = "insights?limit=2&basic=true&order=id&saved=false", []
    while path:
        page = api("GET", path).json()
        found += [one["name"] for one in page["results"]]
        assert (page["count"], len(page["results"]) <= 2) == (len(SHELF) - 1, True)
        path = (page["next"] or "").partition("http://testserver")[2]
    assert found == [name for name in SHELF if name != "signups"]


def test_a_list_has_metadata_and_computes_nothing(
    filled: tuple[Api, dict[str, dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """ClickHouse is not asked at all."""
    read: list[Any] = []
    monkeypatch.setattr(ClickHouse, "read", lambda *args, **kwargs: read.append(args))
    api, made = filled
    whole = {one["name"]: one for one in api("GET", "insights?refresh=blocking").json()["results"]}
    assert {one["result"] for one in whole.values()} == {None}
    assert {one["is_cached"] for one in whole.values()} == {False}
    assert whole["visits"]["short_id"] == made["visits"]["short_id"]
    for basic in api("GET", "insights?basic=true").json()["results"]:
        assert not {"result", "is_cached", "columns", "query_status"} & basic.keys()
        assert isinstance(basic["short_id"], str)
        assert whole[basic["name"]].items() >= basic.items()
    assert "result" not in api("GET", f"insights/{made['visits']['id']}?basic=true").json()
    assert read == []


def test_views_are_kept_for_each_person(world: World, project: StoredProject, api: Api) -> None:
    one, two, three = (create(api, name=name, query=PAGEVIEWS) for name in ("one", "two", "three"))
    other = world.api(project)
    for viewer, seen in ((api, [one]), (other, [two, one]), (other, [two])):
        answer = viewer("POST", "insights/viewed", json={"insight_ids": [insight["id"] for insight in seen]})
        assert (answer.status_code, answer.content) == (201, b"")
    assert api("GET", f"insights/{one['id']}").json()["last_viewed_at"] is not None
    assert api("GET", f"insights/{two['id']}").json()["last_viewed_at"] is None
    assert names(api, last_viewed_date_from="-1h") == ["one"]
    assert names(other, order="-last_viewed_at") == ["two", "one", "three"]
    assert names(other, order="last_viewed_at") == ["three", "one", "two"]
    trending = api("GET", "insights/trending").json()
    assert (trending["next"], trending["previous"]) == (None, None)
    assert [(t["name"], t["view_count"], len(t["viewers"])) for t in trending["results"]] == [
        ("one", 2, 2),
        ("two", 1, 1),
    ]
    assert "result" not in trending["results"][0]
    assert api("GET", "insights/trending?limit=1&days=1").json()["count"] == 1
    change(api, one, deleted=True)
    assert [t["name"] for t in api("GET", "insights/trending").json()["results"]] == ["two"]
    assert three["last_viewed_at"] is None


def test_what_is_not_to_be_seen_is_not_viewed(world: World, project: StoredProject, api: Api) -> None:
    shown, deleted, closed = (create(api, name=name, query=PAGEVIEWS) for name in ("shown", "deleted", "closed"))
    reader = world.api(project)
    change(api, deleted, deleted=True)
    api("PUT", f"insights/{closed['id']}/access_controls", json={"access_level": "none"})
    numbers = [one["id"] for one in (shown, deleted, closed)]
    assert reader("POST", "insights/viewed", json={"insight_ids": [*numbers, 999_999_999]}).status_code == 201
    change(api, deleted, deleted=False)
    api("PUT", f"insights/{closed['id']}/access_controls", json={"access_level": None})
    viewed = {one["name"]: one["last_viewed_at"] is not None for one in reader("GET", "insights").json()["results"]}
    assert viewed == {"shown": True, "deleted": False, "closed": False}


def test_who_may_see_one_insight_alone_has_viewed_it(world: World, project: StoredProject, api: Api) -> None:
    """To look makes nothing, so that a rule on the one is enough."""
    shown, closed = (create(api, name=name, query=PAGEVIEWS) for name in ("shown", "closed"))
    reader, admin = world.new_user(), world.api(project, world.new_user("admin"))
    member = accounts.memberships_of(world.store, reader)[0].id
    everybody = {"resource": "insight", "access_level": "none"}
    assert admin("PUT", "resource_access_controls", json=everybody).status_code == 200
    named = {"access_level": "viewer", "organization_member": member}
    assert admin("PUT", f"insights/{shown['id']}/access_controls", json=named).status_code == 200
    mine = world.api(project, reader)
    viewed = mine("POST", "insights/viewed", json={"insight_ids": [shown["id"], closed["id"]]})
    assert viewed.status_code == 201, viewed.text
    assert names(mine, last_viewed_date_from="-1h") == ["shown"]


def test_the_ends_of_a_range_of_dates_are_not_in_it(api: Api) -> None:
    at = create(api, name="one", query=PAGEVIEWS)["created_at"]
    later = (datetime.fromisoformat(at) + timedelta(microseconds=1)).isoformat()
    earlier = (datetime.fromisoformat(at) - timedelta(microseconds=1)).isoformat()
    assert names(api, created_date_from=at) == names(api, created_date_to=at) == []
    assert names(api, created_date_from=earlier, created_date_to=later) == ["one"]


def test_trending_goes_back_so_many_days_and_no_longer(api: Api) -> None:
    views = create(api, name="views", query=PAGEVIEWS)["id"]
    start = datetime(2101, 1, 1, 12, tzinfo=UTC)
    with time_machine.travel(start, tick=False):
        api("POST", "insights/viewed", json={"insight_ids": [views]})
    for later, expected in ((timedelta(days=2), ["views"]), (timedelta(days=2, seconds=1), [])):
        with time_machine.travel(start + later, tick=False):
            assert [t["name"] for t in api("GET", "insights/trending?days=2").json()["results"]] == expected


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({}, "insight_ids"),
        ({"insight_ids": []}, "insight_ids"),
        ({"insight_ids": 7}, "insight_ids"),
        ({"insight_ids": ["x"]}, "insight_ids__0"),
        ({"insight_ids": list(range(2501))}, "insight_ids"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_was_viewed_is_a_list_of_ids(api: Api, body: dict[str, Any], attr: str) -> None:
    refused = api("POST", "insights/viewed", json=body)
    assert (refused.status_code, refused.json()["attr"]) == (400, attr)


@pytest.mark.parametrize("parameters", ["days=0", "days=x", "limit=0", "limit=-1"])
def test_trending_takes_whole_numbers(api: Api, parameters: str) -> None:
    refused = api("GET", f"insights/trending?{parameters}")
    assert (refused.status_code, refused.json()["attr"]) == (400, parameters.partition("=")[0])


def test_dashboards_that_are_not_to_be_seen_are_not_named(world: World, project: StoredProject, api: Api) -> None:
    board = api("POST", "dashboards", json={"name": "secret-kestrel"}).json()
    made = create(api, name="placed", dashboards=[board["id"]])
    assert (made["dashboards"], made["dashboard_tiles"][0]["dashboard_id"]) == ([board["id"]], board["id"])
    assert names(api, dashboards=json.dumps([board["id"]])) == names(api, saved="true") == ["placed"]
    other = world.api(project)
    refused = other("PATCH", f"dashboards/{board['id']}", json={"name": "x"})
    assert refused.status_code == 200
    api("PUT", f"dashboards/{board['id']}/access_controls", json={"access_level": "none"})
    seen = other("GET", "insights").json()["results"][0]
    assert (seen["dashboards"], seen["dashboard_tiles"]) == ([], [])
    assert names(other, dashboards=json.dumps([board["id"]])) == names(other, saved="true") == []
    assert change(other, made, dashboards=[])["dashboards"] == []
    assert api("GET", f"insights/{made['id']}").json()["dashboards"] == [board["id"]]
    assert change(api, made, dashboards=[])["dashboard_tiles"] == []
