"""Tiles: an insight and its dashboards always say the same of each other, whichever side was changed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from insights_acl.models import StoredProject
from insights_api.tiles import MAX_OTHERS, MAX_TILES
from insights_engine import keys

from tests.api.between import Between
from tests.api.boards import Office, error, made, read
from tests.api.world import World


@pytest.fixture
def office(world: World, project: StoredProject) -> Office:
    return Office(world, project)


def on(office: Office, dashboard: dict[str, Any]) -> list[int]:
    """The insights on it."""
    return [tile["insight"]["id"] for tile in office.read_dashboard(dashboard)["tiles"] if tile["insight"]]


def agree(office: Office, insight: dict[str, Any], *dashboards: dict[str, Any]) -> list[int]:
    """The dashboards of an insight, once both sides are known to say the same."""
    found = office.read_insight(insight)
    links = {link["dashboard_id"]: link["id"] for link in found["dashboard_tiles"]}
    assert sorted(links) == sorted(found["dashboards"])
    for dashboard in dashboards:
        own = [
            tile["id"]
            for tile in office.read_dashboard(dashboard)["tiles"]
            if tile["insight"] and tile["insight"]["id"] == insight["id"]
        ]
        assert own == [links[dashboard["id"]]] if dashboard["id"] in links else own == []
    return sorted(found["dashboards"])


def test_an_insight_is_made_on_dashboards(office: Office) -> None:
    first, second = office.dashboard(), office.dashboard()
    insight = office.insight(dashboards=[first["id"], second["id"]])
    assert insight["dashboards"] == [first["id"], second["id"]]
    assert agree(office, insight, first, second) == [first["id"], second["id"]]


def test_a_change_of_dashboards_is_on_both_sides(office: Office) -> None:
    first, second, third = (office.dashboard() for _ in range(3))
    insight = office.insight(dashboards=[first["id"], second["id"]])
    assert office.place(insight, second, third).status_code == 200
    assert agree(office, insight, first, second, third) == [second["id"], third["id"]]
    assert office.place(insight).status_code == 200
    assert agree(office, insight, first, second, third) == []


def test_back_on_a_dashboard_it_has_its_old_place(office: Office) -> None:
    board = office.dashboard()
    insight = office.insight(dashboards=[board["id"]])
    (tile,) = office.read_dashboard(board)["tiles"]
    layouts = {"sm": {"x": 1, "y": 2, "w": 6, "h": 5}}
    office.change(board, tiles=[{"id": tile["id"], "layouts": layouts, "color": "blue"}])
    office.place(insight)
    office.place(insight, board)
    (back,) = office.read_dashboard(board)["tiles"]
    assert (back["id"], back["layouts"], back["color"]) == (tile["id"], layouts, "blue")


def test_a_dashboard_that_is_not_there(office: Office, world: World) -> None:
    gone = office.dashboard()
    office.change(gone, deleted=True)
    elsewhere = Office(world, world.new_project()).dashboard()
    insight = office.insight()
    for number in (gone["id"], elsewhere["id"], 999_999_999):
        answer = office.api()("PATCH", f"insights/{insight['id']}", json={"dashboards": [number]})
        assert error(answer) == (400, "dashboards", f'Invalid pk "{number}" - object does not exist.')
        assert answer.json()["code"] == "does_not_exist"


def test_a_dashboard_that_the_caller_may_not_edit(office: Office) -> None:
    board, insight = office.dashboard(), office.insight()
    office.rule("dashboard", board["id"], "viewer")
    refused = office.place(insight, board, by="reader")
    assert error(refused) == (403, None, f"You don't have permission to add insights to dashboard: {board['id']}")
    office.place(insight, board)
    refused = office.place(insight, by="reader")
    assert error(refused) == (403, None, f"You don't have permission to remove insights from dashboard: {board['id']}")
    # One that stays as it is needs nothing.
    other = office.dashboard()
    assert office.place(insight, board, other, by="reader").status_code == 200
    assert agree(office, insight, board, other) == [board["id"], other["id"]]


def test_a_deleted_insight_leaves_its_dashboards(office: Office) -> None:
    board = office.dashboard()
    insight = office.insight(dashboards=[board["id"]])
    deleted = office.api()("PATCH", f"insights/{insight['id']}", json={"deleted": True})
    assert deleted.json()["dashboards"] == []
    assert on(office, board) == []
    assert office.api()("PATCH", f"insights/{insight['id']}", json={"deleted": False}).status_code == 200
    assert agree(office, insight, board) == []


def test_an_insight_that_was_deleted_comes_back_to_one_dashboard_at_a_time(office: Office) -> None:
    board, other = office.dashboard(), office.dashboard()
    insight = office.insight(dashboards=[board["id"], other["id"]])
    (tile,) = office.read_dashboard(board)["tiles"]
    for deleted in (True, False):
        read(office.api()("PATCH", f"insights/{insight['id']}", json={"deleted": deleted}))
    read(office.change(board, tiles=[{"id": tile["id"], "deleted": False}]))
    assert agree(office, insight, board, other) == [board["id"]]


def test_a_tile_that_is_deleted_leaves_its_insight(office: Office) -> None:
    board = office.dashboard()
    insight = office.insight(dashboards=[board["id"]])
    (tile,) = office.read_dashboard(board)["tiles"]
    assert office.change(board, tiles=[{"id": tile["id"], "deleted": True}]).json()["tiles"] == []
    assert agree(office, insight, board) == []
    assert office.change(board, tiles=[{"id": tile["id"], "deleted": False}]).status_code == 200
    assert agree(office, insight, board) == [board["id"]]


def test_a_deleted_dashboard_leaves_its_insights_and_comes_back_with_them(office: Office) -> None:
    board = office.dashboard()
    kept, dropped = (office.insight(name, dashboards=[board["id"]]) for name in ("kept", "dropped"))
    office.place(dropped)
    assert office.change(board, deleted=True).status_code == 200
    assert agree(office, kept) == []
    assert office.change(board, deleted=False).status_code == 200
    assert agree(office, kept, board) == [board["id"]]
    assert agree(office, dropped, board) == []


def test_insights_that_are_nowhere_else_go_with_their_dashboard(office: Office) -> None:
    board, other = office.dashboard(), office.dashboard()
    alone = office.insight("alone", dashboards=[board["id"]])
    elsewhere = office.insight("elsewhere", dashboards=[board["id"], other["id"]])
    guarded = made(office.api("admin")("POST", "insights", json={"name": "guarded", "dashboards": [board["id"]]}))
    office.rule("insight", guarded["id"], "viewer")
    assert office.change(board, deleted=True, delete_insights=True).status_code == 200
    api = office.api()
    assert api("GET", f"insights/{alone['id']}").status_code == 404
    assert agree(office, elsewhere, other) == [other["id"]]
    assert agree(office, guarded) == []
    assert office.change(board, deleted=False).status_code == 200
    assert agree(office, alone, board) == [board["id"]]
    assert agree(office, elsewhere, board, other) == [board["id"], other["id"]]


def test_a_copy_has_tiles_of_its_own_of_the_same_insights(office: Office) -> None:
    board = office.dashboard(filters={"date_from": "-7d"})
    insight = office.insight(dashboards=[board["id"]])
    office.change(board, tiles=[{"text": {"body": "Hello"}}])
    copy = office.dashboard("Copy", use_dashboard=board["id"])
    assert (copy["creation_mode"], copy["filters"]) == ("duplicate", {"date_from": "-7d"})
    assert [tile["text"] for tile in copy["tiles"]] == [None, {"body": "Hello"}]
    assert agree(office, insight, board, copy) == [board["id"], copy["id"]]


def test_a_copy_needs_everything_of_it_to_be_seen(office: Office) -> None:
    board = office.dashboard()
    insight = office.insight(dashboards=[board["id"]])
    office.rule("insight", insight["id"], "none")
    body = {"use_dashboard": board["id"]}
    assert error(office.api("reader")("POST", "dashboards", json=body)) == (
        403,
        None,
        f"You don't have permission to use insight: {insight['id']}",
    )
    office.rule("dashboard", board["id"], "none")
    assert office.api("reader")("POST", "dashboards", json=body).status_code == 403
    missing = office.api()("POST", "dashboards", json={"use_dashboard": 999_999_999})
    assert error(missing)[:2] == (400, "use_dashboard")


def test_a_copy_needs_the_dashboard_to_be_seen(office: Office) -> None:
    board = office.dashboard(tiles=[{"text": {"body": "Hello"}}])
    body = {"use_dashboard": board["id"]}
    assert office.api("reader")("POST", "dashboards", json=body).status_code == 201
    office.rule("dashboard", board["id"], "none")
    refused = office.api("reader")("POST", "dashboards", json=body)
    assert error(refused) == (403, None, f"You don't have permission to use dashboard: {board['id']}")


def test_nothing_goes_to_or_is_copied_from_a_deleted_dashboard(office: Office) -> None:
    board, gone = office.dashboard(tiles=[{"text": {"body": "Hello"}}]), office.dashboard()
    (tile,) = board["tiles"]
    read(office.change(gone, deleted=True))
    body = {"toDashboard": gone["id"], "tile": {"id": tile["id"]}}
    moved = office.api()("PATCH", f"dashboards/{board['id']}/move_tile", json=body)
    copied = office.api()("POST", "dashboards", json={"use_dashboard": gone["id"]})
    detail = f'Invalid pk "{gone["id"]}" - object does not exist.'
    assert [error(moved), error(copied)] == [(400, attr, detail) for attr in ("toDashboard", "use_dashboard")]
    assert len(office.read_dashboard(board)["tiles"]) == 1


def test_a_dashboard_brings_back_no_insight_past_the_rules(office: Office) -> None:
    board = office.dashboard()
    insight = office.insight(dashboards=[board["id"]])
    assert office.change(board, deleted=True, delete_insights=True).status_code == 200
    office.rule("insight", insight["id"], "viewer")
    assert office.change(board, "reader", deleted=False).json()["tiles"] == []
    assert office.api()("GET", f"insights/{insight['id']}").status_code == 404
    office.change(board, deleted=True)
    office.change(board, deleted=False)
    assert on(office, board) == [], "what was left behind once is not fetched later"


def test_a_tile_moves(office: Office) -> None:
    board, other = office.dashboard(), office.dashboard()
    insight = office.insight(dashboards=[board["id"]])
    (tile,) = office.read_dashboard(board)["tiles"]
    body = {"toDashboard": other["id"], "tile": {"id": tile["id"]}}
    assert office.api()("PATCH", f"dashboards/{board['id']}/move_tile", json=body).json()["tiles"] == []
    assert agree(office, insight, board, other) == [other["id"]]
    again = office.api()("PATCH", f"dashboards/{board['id']}/move_tile", json=body)
    assert error(again)[:2] == (400, "tile")
    office.place(insight, board, other)
    (tile,) = office.read_dashboard(board)["tiles"]
    body["tile"] = {"id": tile["id"]}
    assert error(office.api()("PATCH", f"dashboards/{board['id']}/move_tile", json=body))[:2] == (400, "toDashboard")


@pytest.mark.parametrize(
    ("kind", "level", "detail"),
    [
        ("dashboard", "viewer", "You don't have permission to add insights to dashboard"),
        ("insight", "none", "You don't have permission to use insight"),
    ],
)
def test_a_tile_does_not_move_past_the_rules(office: Office, kind: str, level: str, detail: str) -> None:
    board, other = office.dashboard(), office.dashboard()
    insight = office.insight(dashboards=[board["id"]])
    office.rule(kind, other["id"] if kind == "dashboard" else insight["id"], level)
    (tile,) = office.read_dashboard(board)["tiles"]
    body = {"toDashboard": other["id"], "tile": {"id": tile["id"]}}
    refused = office.api("reader")("PATCH", f"dashboards/{board['id']}/move_tile", json=body)
    assert refused.status_code == 403
    assert refused.json()["detail"].startswith(detail)
    assert agree(office, insight, board, other) == [board["id"]]


def test_a_deleted_tile_does_not_come_back_past_the_rules(office: Office) -> None:
    board = office.dashboard()
    insight = office.insight(dashboards=[board["id"]])
    (tile,) = office.read_dashboard(board)["tiles"]
    office.change(board, tiles=[{"id": tile["id"], "deleted": True}])
    office.rule("insight", insight["id"], "none")
    back = [{"id": tile["id"], "deleted": False}]
    assert office.change(board, "reader", tiles=back).status_code == 403
    office.api()("PATCH", f"insights/{insight['id']}", json={"deleted": True})
    assert error(office.change(board, tiles=back))[:2] == (400, "tiles")


def test_several_at_once_lose_nothing(office: Office) -> None:
    """Each is done or a 409, and both sides agree in the end."""
    board = office.dashboard()
    insights = [office.insight(f"{number}") for number in range(4)]
    with ThreadPoolExecutor(4) as threads:
        statuses = list(threads.map(lambda insight: office.place(insight, board).status_code, insights))
    assert set(statuses) <= {200, 409}
    assert 200 in statuses
    done = [insight["id"] for insight, status in zip(insights, statuses, strict=True) if status == 200]
    assert sorted(on(office, board)) == sorted(done)
    for insight in insights:
        agree(office, insight, board)


def test_an_insight_that_is_put_elsewhere_meanwhile_does_not_go_with_its_dashboard(
    office: Office, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    board, other = office.dashboard(), office.dashboard()
    insight = office.insight(dashboards=[board["id"]])
    key = keys.resource(office.project.project.id, "insight", str(insight["id"]))
    racing = Between(world.store, "get_many", lambda wanted: key in wanted, lambda: office.place(insight, board, other))
    with monkeypatch.context() as patch:
        patch.setitem(world.stack.services.__dict__, "policies", racing)
        assert office.change(board, deleted=True, delete_insights=True).status_code == 409
    assert agree(office, insight, board, other) == [board["id"], other["id"]]


@pytest.mark.parametrize(("first", "then"), [("insight", "dashboard"), ("dashboard", "insight")])
def test_what_is_deleted_while_the_other_side_is_read_is_not_shown(
    office: Office, world: World, monkeypatch: pytest.MonkeyPatch, first: str, then: str
) -> None:
    """What was read first still has the other one, which is gone when that is looked up."""
    board = office.dashboard()
    number = {"dashboard": board["id"], "insight": office.insight(dashboards=[board["id"]])["id"]}
    key = keys.resource(office.project.project.id, first, str(number[first]))

    def deleted() -> None:
        read(office.api()("PATCH", f"{then}s/{number[then]}", json={"deleted": True}))

    with monkeypatch.context() as patch:
        racing = Between(world.store, "get_many", lambda wanted: key in wanted, deleted)
        patch.setitem(world.stack.services.__dict__, "policies", racing)
        found = read(office.api()("GET", f"{first}s/{number[first]}", params={"refresh": "force_cache"}))
    if first == "insight":
        assert (found["dashboards"], found["dashboard_tiles"]) == ([], [])
    else:
        assert [tile["insight"] for tile in found["tiles"]] == [None]


def test_a_dashboard_is_full(office: Office, world: World) -> None:
    board = office.dashboard()
    texts = [{"text": {"body": str(number)}} for number in range(MAX_TILES)]
    assert office.change(board, tiles=texts).status_code == 200
    assert error(office.change(board, tiles=texts[:1])) == (400, "tiles", f"A dashboard has at most {MAX_TILES} tiles.")
    assert office.place(office.insight(), board).status_code == 400


def test_more_than_a_transaction_holds_is_refused(office: Office, world: World) -> None:
    insight = office.insight()
    too_many = list(range(1, MAX_OTHERS + 2))
    answer = office.api()("PATCH", f"insights/{insight['id']}", json={"dashboards": too_many})
    assert error(answer)[:2] == (400, "dashboards")
    assert f"more than {MAX_OTHERS}" in answer.json()["detail"]


def test_deleted_tiles_do_not_pile_up(office: Office, world: World) -> None:
    board = office.dashboard()
    for _ in range(2):
        texts = [{"text": {"body": "x"}} for _ in range(MAX_TILES)]
        made_tiles = office.change(board, tiles=texts).json()["tiles"]
        office.change(board, tiles=[{"id": tile["id"], "deleted": True} for tile in made_tiles])
    stored = world.store.get(*keys.resource(office.project.project.id, "dashboard", str(board["id"])))
    assert stored is not None
    assert len(stored["tiles"]) <= MAX_TILES
    assert read(office.change(board, tiles=[{"text": {"body": "y"}}]))["tiles"][0]["text"] == {"body": "y"}
