"""Cohorts over real people: who is in them, counted, listed, and refused when they cannot be asked."""

from __future__ import annotations

from typing import Any

import pytest
from insights_acl.models import StoredProject
from insights_local.stack import Stack

from tests.api.world import Api, World

PEOPLE = [
    {"distinct_ids": ["ann", "ann-phone"], "properties": {"email": "ann@example.com", "age": 31, "a.b": "dotted"}},
    {"distinct_ids": ["bob"], "properties": {"email": "bob@example.com", "age": 25}},
    {"distinct_ids": ["cid"], "properties": {"name": "Cid"}},
    {"distinct_ids": ["dee"], "properties": {}},
]


def leaf(key: str, operator: str, value: Any = None, **further: Any) -> dict[str, Any]:
    return {"type": "person", "key": key, "operator": operator, "value": value, **further}


def all_of(*leaves: dict[str, Any]) -> dict[str, Any]:
    return {"properties": {"type": "OR", "values": [{"type": "AND", "values": list(leaves)}]}}


def of_cohort(cohort_id: int, *, negation: bool = False) -> dict[str, Any]:
    return {"type": "cohort", "key": "id", "value": cohort_id, "negation": negation}


@pytest.fixture
def api(world: World, stack: Stack, project: StoredProject) -> Api:
    """A project with people in it."""
    stack.load(project.project.id, persons=PEOPLE)
    return world.api(project)


def make(api: Api, **body: Any) -> int:
    answer = api("POST", "cohorts", json={"name": "c", **body})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def people(api: Api, cohort_id: int) -> set[str]:
    answer = api("GET", f"cohorts/{cohort_id}/persons")
    assert answer.status_code == 200, answer.text
    return {person["distinct_ids"][0] for person in answer.json()["results"]}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (all_of(leaf("email", "icontains", "@EXAMPLE.com")), {"ann", "bob"}),
        (all_of(leaf("email", "is_set"), leaf("age", "gt", 30)), {"ann"}),
        (all_of(leaf("email", "is_not_set")), {"cid", "dee"}),
        (all_of(leaf("email", "exact", ["bob@example.com"], negation=True)), {"ann", "cid", "dee"}),
        (all_of(leaf("a.b", "exact", "dotted")), {"ann"}),
        (all_of(leaf("email", "exact", "nobody")), set()),
    ],
)
def test_property_cohorts_are_worked_out_when_asked(api: Api, filters: dict[str, Any], expected: set[str]) -> None:
    cohort_id = make(api, filters=filters)
    assert people(api, cohort_id) == expected
    found = api("GET", f"cohorts/{cohort_id}").json()
    assert (found["count"], found["is_calculating"]) == (len(expected), False)
    assert found["last_calculation"]
    assert api("GET", "cohorts").json()["results"][0]["count"] == len(expected)


def test_groups_are_alternatives(api: Api) -> None:
    groups = [
        {"properties": [{"key": "name", "value": "Cid", "type": "person"}]},
        {"properties": [{"key": "email", "value": "bob@example.com"}, {"key": "age", "operator": "lt", "value": 30}]},
    ]
    cohort_id = make(api, groups=groups)
    assert people(api, cohort_id) == {"bob", "cid"}
    assert api("GET", f"cohorts/{cohort_id}").json()["groups"] == groups


def test_a_cohort_may_be_made_of_others(api: Api) -> None:
    static = make(api, is_static=True, distinct_ids=["ann", "dee"])
    dynamic = make(api, filters=all_of(leaf("email", "is_set"), of_cohort(static)))
    rest = make(api, filters=all_of(of_cohort(dynamic, negation=True)))
    assert people(api, dynamic) == {"ann"}
    assert people(api, rest) == {"bob", "cid", "dee"}


def test_cohorts_never_lead_back_to_themselves(api: Api) -> None:
    first = make(api, filters=all_of(leaf("email", "is_set")))
    second = make(api, filters=all_of(of_cohort(first)))
    third = make(api, filters=all_of(of_cohort(second)))
    for target in (first, second, third):
        answer = api("PATCH", f"cohorts/{first}", json={"filters": all_of(of_cohort(target))})
        assert answer.status_code == 400
        assert answer.json()["detail"] == "Cohorts cannot reference other cohorts in a loop."


def test_static_cohorts_are_lists(api: Api) -> None:
    made = api("POST", "cohorts", json={"name": "s", "is_static": True, "distinct_ids": ["ann-phone", "bob", "who"]})
    cohort = made.json()
    assert (cohort["is_static"], cohort["count"], cohort["cohort_type"]) == (True, 2, "static")
    everybody = make(api, filters=all_of(leaf("none", "is_not_set")))
    ids = {p["distinct_ids"][0]: p["uuid"] for p in api("GET", f"cohorts/{everybody}/persons").json()["results"]}

    path = f"cohorts/{cohort['id']}"
    added = api("PATCH", f"{path}/add_persons_to_static_cohort", json={"person_ids": [ids["cid"], ids["ann"]]})
    assert (added.status_code, added.json()["count"]) == (200, 3)
    removed = api("PATCH", f"{path}/remove_person_from_static_cohort", json={"person_id": ids["bob"]})
    assert (removed.status_code, removed.json()["count"]) == (200, 2)
    assert people(api, cohort["id"]) == {"ann", "cid"}

    by_ids = make(api, is_static=True, _create_static_person_ids=[ids["dee"]])
    copy = make(api, is_static=True, from_cohort_id=cohort["id"])
    assert (people(api, by_ids), people(api, copy)) == ({"dee"}, {"ann", "cid"})


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"ann\nbob\n\nwho\n", {"ann", "bob"}),
        (b"\xef\xbb\xbfemail\r\nbob@example.com\r\n", {"bob"}),
        (b"name,distinct-id\nx,cid\ny,dee\n", {"cid", "dee"}),
        (b"e-mail,distinct_id\nann@example.com,bob\n", {"bob"}),
    ],
)
def test_static_cohorts_of_a_file(api: Api, content: bytes, expected: set[str]) -> None:
    answer = api("POST", "cohorts", data={"name": "file"}, files={"csv": ("people.csv", content, "text/csv")})
    assert answer.status_code == 201, answer.text
    assert people(api, answer.json()["id"]) == expected


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\xff\xfe\x00", b"person_id\nnot a uuid\n"])
def test_files_that_name_nobody_are_refused(api: Api, content: bytes) -> None:
    answer = api("POST", "cohorts", data={"name": "file"}, files={"csv": ("people.csv", content, "text/csv")})
    assert (answer.status_code, answer.json()["attr"].partition("__")[0]) == (400, "csv")


def test_persons_come_in_pages_and_as_csv(api: Api) -> None:
    cohort_id = make(api, filters=all_of(leaf("none", "is_not_set")))
    first = api("GET", f"cohorts/{cohort_id}/persons", params={"limit": 3}).json()
    assert len(first["results"]) == 3
    assert first["previous"] is None
    second = api("GET", first["next"].removeprefix("http://testserver")).json()
    assert (len(second["results"]), second["next"]) == (1, None)
    assert second["previous"].endswith(f"/cohorts/{cohort_id}/persons?limit=3")
    ann = first["results"][0]
    assert ann["properties"] == PEOPLE[0]["properties"]
    assert (ann["name"], ann["distinct_ids"], ann["id"]) == ("ann@example.com", ["ann", "ann-phone"], ann["uuid"])
    table = api("GET", f"cohorts/{cohort_id}/persons.csv")
    assert table.headers["content-type"].startswith("text/csv")
    header = table.text.splitlines()[0].split(",")
    assert header[:4] == ["id", "email", "name", "created_at"]
    assert len(table.text.splitlines()) == 5


def test_deleting_is_soft_and_can_be_undone(api: Api) -> None:
    cohort_id = make(api, filters=all_of(leaf("email", "is_set")))
    assert api("PATCH", f"cohorts/{cohort_id}", json={"deleted": True}).json()["deleted"] is True
    assert api("GET", f"cohorts/{cohort_id}").status_code == 404
    assert api("PATCH", f"cohorts/{cohort_id}", json={"name": "x"}).status_code == 404
    assert api("GET", "cohorts").json()["count"] == 0
    assert api("PATCH", f"cohorts/{cohort_id}", json={"deleted": False}).status_code == 200
    assert people(api, cohort_id) == {"ann", "bob"}


def test_lists_are_filtered_and_newest_first(api: Api) -> None:
    first = make(api, name="Alpha", filters=all_of(leaf("email", "is_set")))
    second = make(api, name="Beta", is_static=True)
    found = {
        query: [cohort["id"] for cohort in api("GET", f"cohorts?{query}").json()["results"]]
        for query in ("", "type=static", "type=dynamic", "search=alph", "created_by_id=0")
    }
    assert found == {
        "": [second, first],
        "type=static": [second],
        "type=dynamic": [first],
        "search=alph": [first],
        "created_by_id=0": [],
    }


def test_a_change_says_what_it_changed_and_no_more(api: Api) -> None:
    cohort_id = make(api, filters=all_of(leaf("email", "is_set")))
    renamed = api("PATCH", f"cohorts/{cohort_id}", json={"name": "New", "count": 99, "version": 99}).json()
    assert (renamed["name"], renamed["count"], renamed["version"], renamed["is_calculating"]) == ("New", None, 2, False)
    changed = api("PATCH", f"cohorts/{cohort_id}", json={"filters": all_of(leaf("age", "lt", 30))}).json()
    assert (changed["name"], changed["is_calculating"]) == ("New", True)
    assert people(api, cohort_id) == {"bob"}
    assert api("PATCH", f"cohorts/{cohort_id}", json={"is_static": True}).json()["attr"] == "is_static"


def test_another_project_s_cohort_is_not_there(api: Api, world: World) -> None:
    cohort_id = make(api, filters=all_of(leaf("email", "is_set")))
    elsewhere = world.api(world.new_project())
    assert elsewhere("GET", f"cohorts/{cohort_id}").status_code == 404
    refused = elsewhere("POST", "cohorts", json={"filters": all_of(of_cohort(cohort_id))})
    assert (refused.status_code, refused.json()["code"]) == (400, "does_not_exist")
