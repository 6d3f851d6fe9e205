"""What persons have: values of their properties, names of these, and the cohorts that a person is in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from insights_acl.models import StoredProject
from insights_api import person_lists
from insights_engine.filters import MAX_TEXT
from insights_local.stack import Stack

from tests.api.test_persons import leaf, listed, names, peopled
from tests.api.world import Api, World


@pytest.fixture
def api(world: World, stack: Stack, project: StoredProject) -> Api:
    return peopled(world, stack, project)


def test_values_are_offered_the_most_frequent_first(api: Api) -> None:
    def values(**params: Any) -> Any:
        return api("GET", "persons/values", params=params).json()

    assert values(key="age") == [{"name": "31", "count": 2}, {"name": "25", "count": 1}]
    assert values(key="age", limit=1) == [{"name": "31", "count": 2}]
    assert values(key="email", value="BOB") == [{"name": "bob@example.com", "count": 1}]
    assert values(key="a.b") == [{"name": "dotted", "count": 1}]
    assert values(key="none") == values(key="`; DROP") == values(key="\0") == []
    assert values()["attr"] == "key"
    assert values(key="age", limit=0)["attr"] == "limit"
    assert values(key="age", value="x" * 2000)["attr"] == "value"


def test_a_value_that_no_filter_may_be_is_not_offered(stack: Stack, api: Api) -> None:
    bios = ["x", "é" * MAX_TEXT, "é" * (MAX_TEXT + 1)]
    people = ({"distinct_ids": [f"{i}"], "properties": {"bio": bio}} for i, bio in enumerate(bios))
    stack.load(api.project_id, persons=people)
    assert [one["name"] for one in api("GET", "persons/values?key=bio").json()] == bios[:2]


def test_properties_are_counted(api: Api) -> None:
    found = api("GET", "persons/properties").json()
    assert [(one["name"], one["count"]) for one in found] == [("age", 3), ("email", 2), ("name", 2), ("a.b", 1)]


@pytest.mark.parametrize("at_once", [50, 2])
def test_the_cohorts_of_a_person(api: Api, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    """However many are asked about in one statement."""
    monkeypatch.setattr(person_lists, "_COHORTS_AT_ONCE", at_once)

    def cohort(**body: Any) -> int:
        made = api("POST", "cohorts", json={"name": "c", **body})
        assert made.status_code == 201, made.text
        return int(made.json()["id"])

    def of_filters(*leaves: dict[str, Any]) -> int:
        return cohort(filters={"properties": {"type": "AND", "values": list(leaves)}})

    old, other = of_filters(leaf("age", "gt", 30)), of_filters(leaf("age", "is_not_set"))
    static = cohort(is_static=True, distinct_ids=["bob"])
    both = of_filters({"type": "cohort", "key": "id", "value": static}, leaf("name", "exact", "Bob"))
    unlike = of_filters({"type": "cohort", "key": "id", "value": static, "negation": True})
    of_filters(leaf("email", "regex", "("))  # nobody is in what cannot be asked
    api("PATCH", f"cohorts/{other}", json={"deleted": True})
    expected = {"ann": [unlike, old], "bob": [both, static, old], "dee": [unlike]}
    for person in listed(api):
        name = names([person])[0]
        found = api("GET", f"persons/cohorts?person_id={person['id']}").json()["results"]
        assert [one["id"] for one in found] == expected.get(name, [unlike]), name
    assert names(listed(api, cohort=old)) == ["ann", "bob"]
    assert names(listed(api, cohort=both)) == ["bob"]
    assert names(listed(api, properties=json.dumps([{"type": "cohort", "key": "id", "value": static}]))) == ["bob"]
    assert api("GET", "persons/cohorts").json()["attr"] == "person_id"
    assert api("GET", "persons/cohorts?person_id=99").status_code == 404
    assert listed(api, cohort=static, search="ann") == []
    assert api("GET", f"persons?cohort={other}").json()["attr"] == "cohort"
