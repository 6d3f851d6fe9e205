"""Dashboards: their fields and lists, and what their tiles show to whom."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
import time_machine
from insights_acl.models import StoredProject
from insights_api import dashboard_results
from insights_engine import keys

from tests.api.between import Between
from tests.api.boards import QUERY, Office, error, read
from tests.api.world import Api, World


@pytest.fixture
def office(world: World, project: StoredProject) -> Office:
    return Office(world, project)


def shown(dashboard: dict[str, Any]) -> list[Any]:
    """The result of each tile: the numbers of the first series."""
    return [tile["insight"]["result"] and tile["insight"]["result"][0]["data"] for tile in dashboard["tiles"]]


def test_what_a_new_dashboard_has(office: Office) -> None:
    made = office.dashboard("Growth", description="Weekly", tags=["b", "a", "b"], pinned=True)
    assert made["created_by"]["uuid"] == office.user("maker").uuid
    expected = {
        **{"name": "Growth", "description": "Weekly", "tags": ["b", "a"], "pinned": True, "deleted": False},
        **{"tiles": [], "filters": {}, "variables": {}, "creation_mode": "default", "is_shared": False},
        **{"restriction_level": 21, "effective_restriction_level": 21, "effective_privilege_level": 37},
        **{"last_refresh": None, "last_accessed_at": None, "user_access_level": "manager"},
        "team_id": office.project.project.id,
    }
    assert {name: made[name] for name in expected} == expected
    assert "short_id" not in made
    assert isinstance(made["id"], int)


def test_what_a_body_says_of_what_is_not_its_own_is_ignored(office: Office) -> None:
    made = office.dashboard(is_shared=True, creation_mode="template", id=7, created_by=None, use_template="")
    assert (made["is_shared"], made["creation_mode"]) == (False, "default")
    assert made["created_by"] is not None


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({"name": 1}, "name"),
        ({"pinned": "yes"}, "pinned"),
        ({"tags": "a"}, "tags"),
        ({"filters": []}, "filters"),
        ({"filters": {"date_form": "-7d"}}, "filters"),
        ({"filters": {"date_from": 7}}, "filters__date_from"),
        ({"filters": {"properties": [{"key": "a", "operator": "nearly"}]}}, "filters__properties__0__operator"),
        ({"variables": 1}, "variables"),
        ({"restriction_level": 37}, "restriction_level"),
        ({"use_template": "DEFAULT_APP"}, "use_template"),
        ({"tiles": [{"id": 1}]}, "tiles__0__id"),
        ({"tiles": [{}]}, "tiles__0__text"),
        ({"tiles": [{"text": {"body": "x" * 4001}}]}, "tiles__0__text__body"),
        ({"tiles": [{"text": {"body": "x"}, "layouts": {"sm": "x" * 2000}}]}, "tiles__0__layouts"),
        ({"tiles": [{"text": {"body": "x"}, "order": "first"}]}, "tiles__0__order"),
        ({"tiles": {}}, "tiles"),
    ],
)
def test_a_wrong_value_names_its_field(office: Office, body: dict[str, Any], attr: str) -> None:
    assert error(office.api()("POST", "dashboards", json=body))[:2] == (400, attr)
    if "use_template" not in body:
        board = office.dashboard()
        assert error(office.change(board, **body))[:2] == (400, attr)
    assert len(office.api()("GET", "dashboards").json()["results"]) <= 1


def test_lists_have_pinned_ones_first_and_no_tiles(office: Office) -> None:
    office.dashboard("b")
    office.dashboard("C", pinned=True)
    office.dashboard("a", tags=["weekly"])
    gone = office.dashboard("gone")
    office.change(gone, deleted=True)
    page = office.api()("GET", "dashboards").json()
    assert [one["name"] for one in page["results"]] == ["C", "a", "b"]
    assert page["count"] == 3
    assert not {"tiles", "filters", "variables"} & set(page["results"][0])
    api = office.api()
    for query, names in (
        ({"pinned": "true"}, ["C"]),
        ({"pinned": "false"}, ["a", "b"]),
        ({"search": "WEEK"}, ["a"]),
        ({"limit": 1, "offset": 1}, ["a"]),
    ):
        assert [one["name"] for one in api("GET", "dashboards", params=query).json()["results"]] == names


def test_a_list_leaves_out_what_is_not_to_be_seen(office: Office) -> None:
    board, _ = office.dashboard("hidden"), office.dashboard("open")
    office.rule("dashboard", board["id"], "none")
    assert [one["name"] for one in office.api("reader")("GET", "dashboards").json()["results"]] == ["open"]
    assert office.api("reader")("GET", f"dashboards/{board['id']}").status_code == 403
    assert office.api("admin")("GET", "dashboards").json()["count"] == 2


def test_a_viewer_changes_nothing(office: Office) -> None:
    board = office.dashboard()
    office.rule("dashboard", board["id"], "viewer")
    reader = office.api("reader")
    found = read(reader("GET", f"dashboards/{board['id']}"))
    assert (found["user_access_level"], found["effective_privilege_level"]) == ("viewer", 21)
    assert reader("PATCH", f"dashboards/{board['id']}", json={"name": "x"}).status_code == 403
    assert reader("DELETE", f"dashboards/{board['id']}").status_code == 405
    assert office.read_dashboard(board)["name"] == "Board"


def test_tiles_show_results(office: Office) -> None:
    office.load()
    board = office.dashboard()
    office.insight(dashboards=[board["id"]])
    found = read(office.api()("GET", f"dashboards/{board['id']}"))
    assert shown(found) == [[1, 2, 0, 1]]
    assert found["last_refresh"] == found["tiles"][0]["insight"]["last_refresh"] is not None
    assert shown(office.read_dashboard(board, refresh="force_cache")) == [[1, 2, 0, 1]]
    (tile,) = found["tiles"]
    assert {name: tile[name] for name in ("text", "layouts", "color", "order", "deleted")} == {
        "text": None,
        "layouts": {},
        "color": None,
        "order": 0,
        "deleted": False,
    }


def test_the_dashboard_s_filters_hold_for_its_tiles(office: Office) -> None:
    office.load()
    board = office.dashboard(filters={"date_from": "2026-03-02", "date_to": "2026-03-03"})
    insight = office.insight(dashboards=[board["id"]])
    assert shown(read(office.api()("GET", f"dashboards/{board['id']}"))) == [[2, 0]]
    pro = [{"key": "plan", "value": "pro", "operator": "exact", "type": "event"}]
    office.change(board, filters={"properties": pro})
    assert shown(read(office.api()("GET", f"dashboards/{board['id']}"))) == [[1, 1, 0, 0]]
    query = {"from_dashboard": board["id"]}
    alone = read(office.api()("GET", f"insights/{insight['id']}", params=query))
    assert alone["result"][0]["data"] == [1, 1, 0, 0]


def test_a_tile_s_failure_is_its_own(office: Office) -> None:
    office.load()
    board = office.dashboard()
    office.insight(dashboards=[board["id"]])
    # A cohort that there is not.
    lost = [{"key": "id", "type": "cohort", "value": 999_999}]
    office.insight("Broken", dashboards=[board["id"]], query={**QUERY, "properties": lost})
    found = read(office.api()("GET", f"dashboards/{board['id']}"))
    assert shown(found) == [[1, 2, 0, 1], None]
    status = found["tiles"][1]["insight"]["query_status"]
    assert status["error"] is True
    assert status["error_message"]


def test_what_takes_too_long_or_is_too_large_is_left_out(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.load()
    board = office.dashboard()
    for number in range(3):
        office.insight(str(number), dashboards=[board["id"]])
    one = len(str(read(office.api()("GET", f"dashboards/{board['id']}"))["tiles"][0]["insight"]["result"]))
    monkeypatch.setattr(dashboard_results, "MAX_BYTES", 2 * one)
    found = read(office.api()("GET", f"dashboards/{board['id']}"))
    assert shown(found)[0] == [1, 2, 0, 1]
    assert shown(found)[2] is None
    assert "too large" in found["tiles"][2]["insight"]["query_status"]["error_message"]

    monkeypatch.setattr(dashboard_results, "SECONDS", 0.0)
    late = read(office.api()("GET", f"dashboards/{board['id']}", params={"refresh": "force_blocking"}))
    assert shown(late)[2] is None, "there was no time for the last one"
    assert "take longer" in late["tiles"][2]["insight"]["query_status"]["error_message"]


def test_an_insight_that_is_not_to_be_seen_is_only_named(office: Office) -> None:
    office.load()
    board = office.dashboard()
    insight = office.insight("secret plan", dashboards=[board["id"]])
    office.rule("insight", insight["id"], "none")
    answer = office.api("reader")("GET", f"dashboards/{board['id']}")
    (tile,) = answer.json()["tiles"]
    assert tile["insight"] == {"id": insight["id"], "short_id": insight["short_id"], "user_access_level": "none"}
    assert "secret plan" not in answer.text
    changed = office.change(board, "reader", name="Renamed")
    assert changed.status_code == 200
    assert "secret plan" not in changed.text


def test_texts_are_tiles(office: Office) -> None:
    board = office.dashboard(tiles=[{"text": {"body": "Hello"}, "color": "red"}])
    (tile,) = board["tiles"]
    assert (tile["text"], tile["color"], tile["insight"]) == ({"body": "Hello"}, "red", None)
    changed = read(office.change(board, tiles=[{"id": tile["id"], "text": {"body": "Bye"}, "order": 3}]))["tiles"]
    assert [(one["id"], one["text"], one["order"]) for one in changed] == [(tile["id"], {"body": "Bye"}, 3)]
    insight = office.insight(dashboards=[board["id"]])
    (_, of_insight) = office.read_dashboard(board)["tiles"]
    answer = office.change(board, tiles=[{"id": of_insight["id"], "text": {"body": "x"}}])
    assert error(answer)[:2] == (400, "tiles__0__text")
    assert office.read_insight(insight)["dashboards"] == [board["id"]]


def test_a_tile_comes_back_as_it_was_given(office: Office) -> None:
    """Clients send whole tiles."""
    board = office.dashboard()
    office.insight(dashboards=[board["id"]])
    tiles = office.read_dashboard(board)["tiles"]
    assert read(office.change(board, tiles=tiles))["tiles"] == tiles


def test_when_it_was_last_opened_is_noted(office: Office) -> None:
    board = office.dashboard()
    first = read(office.api()("GET", f"dashboards/{board['id']}"))["last_accessed_at"]
    assert first is not None
    assert read(office.api("reader")("GET", f"dashboards/{board['id']}"))["last_accessed_at"] == first
    assert office.change(board, name="x").status_code == 200


def test_who_opens_it_undoes_no_change_made_meanwhile(
    office: Office, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When it was opened is a courtesy, and written only where nothing changed since it was read."""
    board = office.dashboard("Old")
    key = keys.resource(office.project.project.id, "dashboard", str(board["id"]))
    racing = Between(world.store, "get_many", lambda wanted: key in wanted, lambda: office.change(board, name="New"))
    with monkeypatch.context() as patch:
        patch.setitem(world.stack.services.__dict__, "policies", racing)
        assert office.read_dashboard(board)["name"] == "Old"
    assert office.read_dashboard(board)["name"] == "New"


@pytest.mark.parametrize(
    ("scope", "method", "end", "status"),
    [
        ("dashboard:read", "GET", "", 200),
        ("dashboard:read", "PATCH", "", 403),
        ("insight:read", "GET", "", 403),
        ("dashboard:write", "PATCH", "", 200),
        ("dashboard:read", "PATCH", "/move_tile", 403),
        ("dashboard:write", "GET", "/sharing", 403),
        ("sharing_configuration:read", "GET", "/sharing", 200),
        ("sharing_configuration:read", "PATCH", "/sharing", 403),
        ("dashboard:write", "GET", "/access_controls", 403),
    ],
)
def test_scopes(office: Office, scope: str, method: str, end: str, status: int) -> None:
    board = office.dashboard()
    api = Api(office.world.stack, office.world.new_key(office.user("maker"), (scope,)), office.project.project.id)
    assert api(method, f"dashboards/{board['id']}{end}", json={}).status_code == status


def test_a_key_that_may_not_delete_insights_deletes_none(office: Office) -> None:
    board = office.dashboard()
    insight = office.insight(dashboards=[board["id"]])
    key = office.world.new_key(office.user("maker"), ("dashboard:write",))
    api = Api(office.world.stack, key, office.project.project.id)
    refused = api("PATCH", f"dashboards/{board['id']}", json={"deleted": True, "delete_insights": True})
    assert error(refused) == (403, None, "API key missing required scope 'insight:write'")
    assert api("PATCH", f"dashboards/{board['id']}", json={"deleted": True}).status_code == 200
    assert office.read_insight(insight)["dashboards"] == []


def test_what_is_deleted_is_not_there_to_be_deleted(office: Office) -> None:
    board = office.dashboard()
    assert office.change(board, deleted=True).status_code == 200
    for body in ({"deleted": True}, {"name": "x"}, {"name": "x", "deleted": True}):
        assert office.change(board, **body).status_code == 404
    assert office.change(board, deleted=False, name="x").json()["name"] == "x"


def test_its_results_are_as_old_as_the_oldest(office: Office) -> None:
    board = office.dashboard()
    queries = (QUERY, {**QUERY, "interval": "week"})  # two questions, so two results
    old, new = (office.insight(query=query, dashboards=[board["id"]]) for query in queries)
    for insight, at in ((new, "2101-01-01T12:00:00Z"), (old, "2101-01-01T11:00:00Z")):
        with time_machine.travel(datetime.fromisoformat(at), tick=False):
            computed = office.api()("GET", f"insights/{insight['id']}", params={"refresh": "force_blocking"})
            assert computed.json()["last_refresh"] == at
    with time_machine.travel(datetime.fromisoformat("2101-01-01T12:00:30Z"), tick=False):
        assert office.read_dashboard(board)["last_refresh"] == "2101-01-01T11:00:00Z"


def test_rules_and_the_log_are_a_dashboard_s_too(office: Office) -> None:
    board = office.dashboard()
    place = f"dashboards/{board['id']}"
    assert office.api()("PUT", f"{place}/access_controls", json={"access_level": "viewer"}).status_code == 200
    assert office.api("reader")("PATCH", place, json={"name": "x"}).status_code == 403
    office.change(board, name="New")
    done = [entry["activity"] for entry in office.api()("GET", f"{place}/activity").json()["results"]]
    assert done == ["updated", "access_control_created", "created"]
