"""What the activity log tells whom: of an object only those who may read it."""

from __future__ import annotations

from itertools import pairwise
from urllib.parse import quote

import pytest
from insights_acl.models import StoredProject

from tests.api.world import Api, World


@pytest.fixture
def maker(world: World, project: StoredProject) -> Api:
    return world.api(project, world.new_user())


@pytest.fixture
def reader(world: World, project: StoredProject) -> Api:
    return world.api(project, world.new_user())


def _close(api: Api, place: str) -> None:
    assert api("PUT", f"{place}/access_controls", json={"access_level": "none"}).status_code == 200


def _names(api: Api, path: str = "activity_log") -> list[str]:
    return [entry["detail"]["name"] for entry in api("GET", path).json()["results"]]


@pytest.mark.parametrize(
    ("route", "name", "change"),
    [
        ("notebooks", "title", {"content": {"text": "lantern"}}),
        ("insights", "name", {"description": "lantern"}),
        ("dashboards", "name", {"description": "lantern"}),
    ],
)
def test_of_an_object_that_is_closed_nothing_is_told(
    maker: Api, reader: Api, route: str, name: str, change: dict[str, object]
) -> None:
    place = f"{route}/{maker('POST', route, json={name: 'quartz'}).json()['id']}"
    maker("POST", route, json={name: "open"})
    maker("PATCH", place, json=change)
    assert _names(reader).count("quartz") == 2
    _close(maker, place)
    told = reader("GET", "activity_log").text
    assert "quartz" not in told
    assert "lantern" not in told
    assert _names(reader) == ["open"]
    assert _names(maker).count("quartz") == 2
    maker("PATCH", place, json={"deleted": True})
    assert _names(reader) == ["open"]


def test_of_a_kind_that_is_closed_only_the_rule_is_told(maker: Api, reader: Api, admin: Api) -> None:
    maker("POST", "notebooks", json={"title": "quartz"})
    body = {"resource": "notebook", "access_level": "none"}
    assert admin("PUT", "resource_access_controls", json=body).status_code == 200
    assert [entry["item_id"] for entry in reader("GET", "activity_log").json()["results"]] == [None]


def test_of_a_kind_that_is_closed_nobody_reads_their_own(maker: Api, admin: Api) -> None:
    """Who made an object does not get past a kind that is closed, neither to the object nor to its log."""
    made = maker("POST", "notebooks", json={"title": "quartz"}).json()
    body = {"resource": "notebook", "access_level": "none"}
    assert admin("PUT", "resource_access_controls", json=body).status_code == 200
    assert maker("GET", f"notebooks/{made['id']}").status_code == 403
    assert "quartz" not in maker("GET", "activity_log").text
    assert "quartz" in admin("GET", "activity_log").text


def test_an_insight_s_log_names_no_dashboards_that_are_closed(maker: Api, reader: Api) -> None:
    insight = maker("POST", "insights", json={"name": "views"}).json()["id"]
    closed, shown = (maker("POST", "dashboards", json={"name": name}).json()["id"] for name in ("a", "b"))
    _close(maker, f"dashboards/{closed}")
    maker("PATCH", f"insights/{insight}", json={"dashboards": [closed]})
    maker("PATCH", f"insights/{insight}", json={"dashboards": [closed, shown]})
    maker("PATCH", f"insights/{insight}", json={"dashboards": [closed]})
    maker("PATCH", f"insights/{insight}", json={"dashboards": []})

    def told(api: Api) -> list[object]:
        entries = api("GET", f"insights/{insight}/activity").json()["results"]
        changes = [change for entry in entries for change in entry["detail"]["changes"]]
        return [(change["before"], change["after"]) for change in changes if change["field"] == "dashboards"]

    steps = [[], [closed], [closed, shown], [closed], []]
    assert told(maker) == [*reversed([*pairwise(steps)])]
    assert told(reader) == [([shown], []), ([], [shown])]


def test_pages_hold_what_is_readable_alone(maker: Api, reader: Api) -> None:
    for number in range(6):
        made = maker("POST", "notebooks", json={"title": f"{number}"}).json()
        if number % 2:
            _close(maker, f"notebooks/{made['id']}")
    seen, address = [], "activity_log?limit=2"
    while address:
        page = reader("GET", address).json()
        seen += [entry["detail"]["name"] for entry in page["results"]]
        address = page["next"] and page["next"].removeprefix("http://testserver")
    assert seen == ["4", "2", "0"]


def test_an_object_s_log_has_pages(maker: Api) -> None:
    place = f"notebooks/{maker('POST', 'notebooks', json={'title': 'a'}).json()['id']}"
    maker("PATCH", place, json={"title": "b"})
    first = maker("GET", f"{place}/activity", params={"limit": 1}).json()
    second = maker("GET", first["next"].removeprefix("http://testserver")).json()
    assert [page["results"][0]["activity"] for page in (first, second)] == ["updated", "created"]
    assert second["next"] is None


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "x" * 2000,
        "2026-01-01T00:00:00.000000Z",
        "2026-01-01T00:00:00.000000Z#",
        "\ud800",
        "2026-01-01#" + "0" * 36,
    ],
    ids=["nonsense", "longer than a key", "a moment", "no id", "no text", "a day"],
)
def test_a_cursor_that_no_page_has_named_is_refused(maker: Api, cursor: str) -> None:
    address = f"activity_log?cursor={quote(cursor, errors='surrogatepass')}"
    answer = maker("GET", address)
    assert (answer.status_code, answer.json()["attr"]) == (400, "cursor"), answer.text


def test_an_empty_cursor_is_the_beginning(maker: Api) -> None:
    maker("POST", "notebooks", json={"title": "a"})
    assert _names(maker, "activity_log?cursor=") == _names(maker) == ["a"]
