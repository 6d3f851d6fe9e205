"""Annotations: what they hold, how they are listed, and what they tell of things that the caller may not see."""

from __future__ import annotations

from typing import Any

import pytest
from insights_acl.models import StoredProject
from insights_engine import keys

from tests.api.test_access_controls import Counting
from tests.api.world import Api, World

NAMES = ("insight_short_id", "insight_name", "insight_derived_name", "dashboard_name")


@pytest.fixture
def other(world: World, project: StoredProject) -> Api:
    """Another member of the project."""
    return world.api(project, world.new_user())


def made(api: Api, **body: Any) -> dict[str, Any]:
    answer = api("POST", "annotations/", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def listed(api: Api, **asked: Any) -> list[str]:
    answer = api("GET", "annotations/", params=asked)
    assert answer.status_code == 200, answer.text
    return [one["content"] for one in answer.json()["results"]]


def insight(api: Api, **body: Any) -> dict[str, Any]:
    query = {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "$pageview"}]}
    found: dict[str, Any] = api("POST", "insights", json={"query": query, **body}).json()
    return found


def test_one_is_made_read_changed_deleted_and_brought_back(api: Api) -> None:
    first = made(api, content=" Launch ", date_marker="2026-03-01T09:30:00+02:00", scope="project")
    assert first["content"] == "Launch"
    assert first["date_marker"] == "2026-03-01T07:30:00.000000Z"
    assert (first["scope"], first["creation_type"], first["deleted"]) == ("project", "USR", False)
    assert first["created_by"]["email"].endswith("@example.com")
    assert first["created_at"] == first["updated_at"]
    place = f"annotations/{first['id']}/"
    assert api("GET", place).json() == first
    changed = api("PATCH", place, json={"content": "Relaunch", "creation_type": "GIT"}).json()
    assert (changed["content"], changed["creation_type"], changed["scope"]) == ("Relaunch", "GIT", "project")
    assert changed["updated_at"] > first["updated_at"]
    assert api("DELETE", place).status_code == 405
    assert api("PATCH", place, json={"deleted": True}).json()["deleted"] is True
    assert api("GET", place).status_code == 404
    assert listed(api) == []
    assert api("PATCH", place, json={"deleted": False}).status_code == 200
    assert listed(api) == ["Relaunch"]


def test_an_empty_one_has_every_field(api: Api) -> None:
    found = made(api)
    assert isinstance(found["id"], int)
    empty = ("content", "date_marker", "dashboard_item", "dashboard_id", *NAMES)
    assert [found[name] for name in empty] == [None] * len(empty)
    assert found["scope"] == "dashboard_item"
    assert "last_modified_at" not in found
    assert len(listed(api)) == 1
    assert listed(api, search="x") == []


@pytest.mark.parametrize(
    ("body", "attr", "words"),
    [
        ({"content": "x" * 8193}, "content", "no more than 8192 characters"),
        ({"content": ["x"]}, "content", "Not a valid string."),
        ({"content": "a\0b"}, "content", "Null characters"),
        ({"date_marker": "yesterday"}, "date_marker", "wrong format"),
        ({"date_marker": 1772360000}, "date_marker", "wrong format"),
        ({"date_marker": "0001-01-01T00:00:00+14:00"}, "date_marker", "between the years"),
        ({"date_marker": "9999-12-31T23:59:59-12:00"}, "date_marker", "between the years"),
        ({"scope": "projct"}, "scope", 'did you mean "project"'),
        ({"scope": None}, "scope", "not a valid choice"),
        ({"scope": "organization"}, "scope", '"project"'),
        ({"scope": "recording"}, "scope", "deprecated"),
        ({"creation_type": "USER"}, "creation_type", "not a valid choice"),
        ({"dashboard_item": "seven"}, "dashboard_item", "valid integer"),
        ({"dashboard_item": 999_999_999}, "dashboard_item", "does not exist"),
        ({"dashboard_id": -1}, "dashboard_id", "does not exist"),
        ({"dashboard_id": True}, "dashboard_id", "valid integer"),
    ],
)
def test_what_is_wrong_is_a_400_that_names_the_field(api: Api, body: dict[str, Any], attr: str, words: str) -> None:
    place = f"annotations/{made(api, content='x')['id']}"
    for method, path in (("POST", "annotations"), ("PATCH", place)):
        answer = api(method, path, json=body)
        assert answer.status_code == 400, answer.text
        assert answer.json()["attr"] == attr
        assert words in answer.json()["detail"]


@pytest.mark.parametrize(("route", "field"), [("insights", "dashboard_item"), ("dashboards", "dashboard_id")])
def test_nobody_writes_about_what_is_deleted(api: Api, route: str, field: str) -> None:
    deleted = insight(api)["id"] if route == "insights" else api("POST", route, json={"name": "d"}).json()["id"]
    kept = f"annotations/{made(api, content='before', **{field: deleted})['id']}"
    assert api("PATCH", f"{route}/{deleted}", json={"deleted": True}).status_code == 200
    refused = api("POST", "annotations", json={"content": "after", field: deleted})
    assert (refused.status_code, refused.json()["attr"]) == (400, field)
    assert api("PATCH", kept, json={"content": "later", field: deleted}).status_code == 200


def test_the_latest_come_first_and_those_without_a_date_last(api: Api) -> None:
    dates = {"no date": None, "old": "2026-01-01", "new": "2026-03-01", "newer": "2026-03-01", "mid": "2026-02-01"}
    for content, date in dates.items():
        made(api, content=content, date_marker=date)
    assert listed(api) == ["newer", "new", "mid", "old", "no date"]


FILTERS: list[tuple[dict[str, str], list[str]]] = [
    ({}, ["March launch", "February LAUNCH", "January"]),
    ({"search": "launch"}, ["March launch", "February LAUNCH"]),
    ({"search": "", "scope": "", "after": "", "dashboardId": ""}, ["March launch", "February LAUNCH", "January"]),
    ({"scope": "project"}, ["March launch"]),
    ({"scope": "dashboard_item"}, ["February LAUNCH"]),
    ({"scope": "insight"}, ["February LAUNCH"]),
    ({"scope": "dashboard"}, ["January"]),
    ({"scope": "organization"}, []),
    ({"after": "2026-02-01"}, ["March launch"]),
    ({"before": "2026-02-01"}, ["January"]),
    ({"date_from": "2026-02-01T00:00:00Z"}, ["March launch", "February LAUNCH"]),
    ({"date_to": "2026-02-01T01:00:00+01:00"}, ["February LAUNCH", "January"]),
    ({"date_from": "2026-01-15", "date_to": "2026-02-15"}, ["February LAUNCH"]),
    ({"dashboard_item": "{insight}"}, ["February LAUNCH"]),
    ({"dashboardItemId": "{insight}"}, ["February LAUNCH"]),
    ({"dashboard_id": "{dashboard}"}, ["January"]),
    ({"dashboardId": "{dashboard}"}, ["January"]),
    ({"dashboardId": "0"}, []),
    ({"unheard_of": "x"}, ["March launch", "February LAUNCH", "January"]),
    ({"limit": "1", "offset": "1"}, ["February LAUNCH"]),
]


def test_lists_are_filtered(api: Api) -> None:
    about = {"insight": insight(api)["id"], "dashboard": api("POST", "dashboards", json={"name": "d"}).json()["id"]}
    made(api, content="March launch", date_marker="2026-03-01", scope="project")
    made(api, content="February LAUNCH", date_marker="2026-02-01", dashboard_item=about["insight"])
    made(api, content="January", date_marker="2026-01-01", scope="dashboard", dashboard_id=about["dashboard"])
    for asked, expected in FILTERS:
        assert listed(api, **{name: value.format(**about) for name, value in asked.items()}) == expected, asked


@pytest.mark.parametrize(
    ("asked", "attr", "words"),
    [
        ({"scope": "dashbord"}, "scope", 'did you mean "dashboard"'),
        ({"after": "soon"}, "after", "wrong format"),
        ({"before": "2026-13-01"}, "before", "wrong format"),
        ({"date_from": "invalid"}, "date_from", "wrong format"),
        ({"date_from": "2026-02-01", "date_to": "2026-01-01"}, "date_from", "before date_to"),
        ({"dashboard_item": "x"}, "dashboard_item", "valid integer"),
        ({"dashboardId": "1.5"}, "dashboardId", "valid integer"),
    ],
)
def test_a_wrong_filter_is_a_400_that_names_it(api: Api, asked: dict[str, str], attr: str, words: str) -> None:
    answer = api("GET", "annotations", params=asked)
    assert answer.status_code == 400, answer.text
    assert answer.json()["attr"] == attr
    assert words in answer.json()["detail"]


def test_pages_are_linked(api: Api) -> None:
    for number in range(3):
        made(api, content=f"{number}", date_marker=f"2026-01-0{number + 1}")
    assert api("GET", "annotations/").json()["next"] is None
    seen, address = [], "annotations/?limit=2&search="
    while address:
        answer = api("GET", address).json()
        seen += [one["content"] for one in answer["results"]]
        address = answer["next"] and answer["next"].removeprefix("http://testserver")
    assert (seen, answer["count"]) == (["2", "1", "0"], 3)


def test_names_of_what_it_is_about_are_told(api: Api) -> None:
    named, unnamed = insight(api, name="Signups"), insight(api)
    dashboard = api("POST", "dashboards", json={"name": "Board"}).json()
    found = made(api, content="both", dashboard_item=named["id"], dashboard_id=dashboard["id"])
    shown = ("Signups", named["short_id"], "Board")
    assert (found["insight_name"], found["insight_short_id"], found["dashboard_name"]) == shown
    other = made(api, dashboard_item=unnamed["id"])
    assert (other["insight_name"], other["insight_derived_name"]) == (None, "Pageview count")
    api("PATCH", f"insights/{named['id']}", json={"deleted": True})
    assert api("GET", f"annotations/{found['id']}").json()["insight_name"] is None


@pytest.mark.parametrize(("route", "field"), [("insights", "dashboard_item"), ("dashboards", "dashboard_id")])
def test_of_what_somebody_may_not_see_they_learn_no_name(api: Api, other: Api, route: str, field: str) -> None:
    query = {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "quartz"}]}
    body = {"name": "quartz", **({"query": query} if route == "insights" else {})}
    closed = api("POST", route, json=body).json()["id"]
    found = made(api, content="about it", date_marker="2026-01-01", **{field: closed})
    made(api, content="about it too", **{field: closed})
    assert "quartz" in other("GET", "annotations").text
    assert api("PUT", f"{route}/{closed}/access_controls", json={"access_level": "none"}).status_code == 200
    place = f"annotations/{found['id']}"
    for answer in (
        other("GET", "annotations"),
        other("GET", place),
        other("PATCH", place, json={"content": "changed", field: closed}),
        other("GET", f"{place}/activity"),
        other("GET", "activity_log"),
    ):
        assert answer.status_code == 200, answer.text
        assert "quartz" not in answer.text
    assert "quartz" in api("GET", place).text


@pytest.mark.parametrize(("route", "field"), [("insights", "dashboard_item"), ("dashboards", "dashboard_id")])
def test_nobody_makes_one_about_what_they_may_not_see(api: Api, other: Api, route: str, field: str) -> None:
    closed = api("POST", route, json={"name": "quartz"}).json()["id"]
    api("PUT", f"{route}/{closed}/access_controls", json={"access_level": "none"})
    own = made(other, content="mine")
    for method, path in (("POST", "annotations"), ("PATCH", f"annotations/{own['id']}")):
        answer = other(method, path, json={field: closed})
        assert answer.status_code == 403, answer.text
        assert "quartz" not in answer.text


@pytest.mark.parametrize(("route", "field"), [("insights", "dashboard_item"), ("dashboards", "dashboard_id")])
def test_it_is_about_nothing_of_another_project(
    api: Api, world: World, route: str, field: str, project: StoredProject
) -> None:
    elsewhere = world.api(world.new_project())("POST", route, json={"name": "quartz"}).json()["id"]
    for where in (elsewhere, str(elsewhere)):
        answer = api("POST", "annotations", json={field: where})
        assert (answer.status_code, answer.json()["attr"], answer.json()["code"]) == (400, field, "does_not_exist")


def test_another_project_has_its_own(api: Api, world: World) -> None:
    found = made(api, content="quartz", scope="project")
    elsewhere = world.api(world.new_project())
    assert listed(elsewhere) == []
    assert elsewhere("GET", f"annotations/{found['id']}").status_code == 404
    assert elsewhere("PATCH", f"annotations/{found['id']}", json={"content": "x"}).status_code == 404
    assert world.store.get(*keys.resource(api.project_id, "annotation", str(found["id"]))) is not None


@pytest.mark.parametrize("level", ["none", "viewer"])
def test_a_rule_holds_for_reading_and_changing(api: Api, other: Api, level: str) -> None:
    place = f"annotations/{made(api, content='x')['id']}"
    assert api("PUT", f"{place}/access_controls", json={"access_level": level}).status_code == 200
    assert other("GET", place).status_code == (200 if level == "viewer" else 403)
    assert listed(other) == (["x"] if level == "viewer" else [])
    assert other("PATCH", place, json={"content": "y"}).status_code == 403
    assert api("PATCH", place, json={"content": "y"}).status_code == 200


@pytest.mark.parametrize(
    ("scopes", "reads", "writes"),
    [(("annotation:read",), 200, 403), (("annotation:write",), 200, 201), (("notebook:write",), 403, 403)],
)
def test_scopes(world: World, project: StoredProject, scopes: tuple[str, ...], reads: int, writes: int) -> None:
    api = world.api(project, None, *scopes)
    assert api("GET", "annotations").status_code == reads
    assert api("POST", "annotations", json={"content": "x"}).status_code == writes


def test_the_log_names_it_by_its_content(api: Api) -> None:
    place = f"annotations/{made(api, content='Launch')['id']}"
    api("PATCH", place, json={"content": "Relaunch"})
    entries = api("GET", f"{place}/activity").json()["results"]
    assert [(one["activity"], one["detail"]["name"]) for one in entries] == [
        ("updated", "Relaunch"),
        ("created", "Launch"),
    ]


def test_a_list_reads_once_what_its_page_is_about(api: Api, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one insight, and of many, and of their rules."""
    services = world.stack.services
    reads = []
    for number in (2, 3):
        for _ in range(number):
            made(api, dashboard_item=insight(api)["id"])
        counted = []
        for _ in range(3):  # what a request reads once in a while, such as a key's rate, is not in all of them
            with monkeypatch.context() as patched:
                counting = Counting(services.policies)
                patched.setitem(services.__dict__, "policies", counting)
                assert len(listed(api)) == (2 if number == 2 else 5)
            counted.append(counting.reads)
        reads.append(min(counted))
    assert reads[0] == reads[1]
