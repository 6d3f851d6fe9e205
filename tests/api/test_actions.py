"""Actions: names that are unique among those that are not deleted, steps kept as they were given."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.api.world import Api, World


def make(api: Api, name: str, *steps: dict[str, Any]) -> int:
    answer = api("POST", "actions", json={"name": name, "steps": list(steps)})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


STEP = {
    "event": "$autocapture",
    "selector": "div > a.buy",
    "tag_name": "a",
    "text": "Buy",
    "text_matching": "contains",
    "href": "/buy",
    "href_matching": "regex",
    "url": "/shop",
    "url_matching": "exact",
    "properties": [{"key": "$browser", "type": "event", "value": ["Chrome"], "operator": "exact"}],
}


def test_steps_are_kept_and_fields_that_are_not_ours_are_not(api: Api) -> None:
    action_id = make(api, "Bought", {**STEP, "selector_regex": "x", "nonsense": 1}, {"event": "bought"})
    steps = api("GET", f"actions/{action_id}").json()["steps"]
    assert steps[0] == STEP
    assert steps[1]["event"] == "bought"
    assert steps[1]["properties"] == []


def test_names_are_unique_while_their_actions_live(api: Api) -> None:
    first = make(api, "Same")
    refused = api("POST", "actions", json={"name": " Same "}).json()
    assert refused == {
        "type": "validation_error",
        "code": "unique",
        "detail": f"This project already has an action with this name, ID {first}",
        "attr": "name",
    }
    second = make(api, "Other")
    assert api("PATCH", f"actions/{second}", json={"name": "Same"}).json()["code"] == "unique"
    assert api("PATCH", f"actions/{first}", json={"name": "Renamed"}).status_code == 200
    assert api("PATCH", f"actions/{second}", json={"name": "Same"}).status_code == 200
    assert api("PATCH", f"actions/{second}", json={"name": "Same"}).status_code == 200

    assert api("PATCH", f"actions/{second}", json={"deleted": True}).status_code == 200
    assert api("GET", f"actions/{second}").status_code == 404
    make(api, "Same")
    assert api("PATCH", f"actions/{second}", json={"deleted": False}).json()["code"] == "unique"
    assert api("PATCH", f"actions/{second}", json={"deleted": False, "name": "Back"}).status_code == 200
    assert api("GET", f"actions/{second}").json()["name"] == "Back"


def test_names_are_a_project_s_own(api: Api, world: World) -> None:
    make(api, "Same")
    make(world.api(world.new_project()), "Same")


def test_of_two_at_once_one_gets_the_name(api: Api) -> None:
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: api("POST", "actions", json={"name": "Race"}), range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 400, 400, 400]
    assert len(api("GET", "actions").json()["results"]) == 1


def test_the_list_has_everything_that_is_not_deleted_last_worked_on_first(api: Api) -> None:
    first, second, third = make(api, "B"), make(api, "A"), make(api, "C")
    api("PATCH", f"actions/{third}", json={"deleted": True})
    api("PATCH", f"actions/{first}", json={"steps": [{"event": "x"}]})
    assert [action["id"] for action in api("GET", "actions").json()["results"]] == [first, second]
    table = api("GET", "actions.csv")
    assert (table.headers["content-type"].partition(";")[0], len(table.text.splitlines())) == ("text/csv", 3)


@pytest.mark.parametrize(
    "body", [{"deleted": "yes"}, {"steps": None}, {"tags": [1]}, {"name": None}, {"post_to_slack": 1}]
)
def test_a_change_that_is_wrong_names_its_field(api: Api, body: dict[str, Any]) -> None:
    action_id = make(api, "A")
    answer = api("PATCH", f"actions/{action_id}", json=body)
    assert answer.status_code == 400
    assert answer.json()["attr"].startswith(next(iter(body)))
    assert api("GET", f"actions/{action_id}").json()["name"] == "A"


@pytest.mark.parametrize(
    "step",
    [
        {"url": "(?=", "url_matching": "contains"},
        {"text": "(", "text_matching": None},
        {"href": "", "href_matching": "regex"},
        {"url": r"^/shop/\pL+(?i)x\z", "url_matching": "regex"},
        {"selector": '*[data-attr="x"]:nth-child(2) > b.c#d'},
    ],
)
def test_what_can_be_matched_is_taken(api: Api, step: dict[str, Any]) -> None:
    make(api, "A", step)


def test_without_the_key_s_scope_nothing_changes(api: Api, world: World) -> None:
    action_id = make(api, "A")
    reader = Api(api.stack, world.new_key(world.new_user(), ("action:read",)), api.project_id)
    assert reader("GET", f"actions/{action_id}").status_code == 200
    for method in ("PATCH", "PUT", "DELETE"):
        refused = reader(method, f"actions/{action_id}", json={"name": "B"})
        assert refused.json()["detail"] == "API key missing required scope 'action:write'"
