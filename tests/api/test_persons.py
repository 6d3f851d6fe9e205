"""Persons: found, walked through page by page, and followed through merges; never another project's."""

from __future__ import annotations

import itertools
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from insights_acl.models import StoredProject
from insights_engine.ingest.squash import squash
from insights_local.stack import Stack

from tests.api import crowd
from tests.api.crowd import Someone, ids_of, newest_first, pages
from tests.api.world import Api, World

PEOPLE = [
    {"distinct_ids": ["ann", "ann-phone"], "properties": {"email": "ann@example.com", "age": 31, "a.b": "dotted"}},
    {"distinct_ids": ["bob"], "properties": {"email": "bob@example.com", "age": 31, "name": "Bob"}},
    {"distinct_ids": ["cid"], "properties": {"name": "Cid", "age": 25}},
    {"distinct_ids": ["dee"], "properties": {}},
]


@pytest.fixture
def api(world: World, stack: Stack, project: StoredProject) -> Api:
    return peopled(world, stack, project)


def peopled(world: World, stack: Stack, project: StoredProject) -> Api:
    """A project with people in it, each made a day before the one above."""
    days = ({**person, "created_at": f"2026-01-0{9 - at}T12:00:00.000001Z"} for at, person in enumerate(PEOPLE))
    stack.load(project.project.id, persons=days)
    return world.api(project)


def listed(api: Api, **params: Any) -> list[dict[str, Any]]:
    answer = api("GET", "persons", params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def names(found: list[dict[str, Any]]) -> list[str]:
    return [person["distinct_ids"][0] for person in found]


def leaf(key: str, operator: str, value: Any = None, **further: Any) -> dict[str, Any]:
    return {"type": "person", "key": key, "operator": operator, "value": value, **further}


def test_a_person_is_the_same_in_a_list_and_alone(api: Api) -> None:
    ann = listed(api)[0]
    assert ann == {
        "type": "person",
        "id": ann["uuid"],
        "uuid": ann["uuid"],
        "name": "ann@example.com",
        "distinct_ids": ["ann", "ann-phone"],
        "properties": PEOPLE[0]["properties"],
        "created_at": "2026-01-09T12:00:00.000001Z",
        "is_identified": False,
        "last_seen_at": None,
    }
    for named in (ann["uuid"], ann["uuid"].upper(), "1"):
        assert api("GET", f"persons/{named}/").json() == ann


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, ["ann", "bob", "cid", "dee"]),
        ({"search": "EXAMPLE"}, ["ann", "bob"]),
        ({"search": "cid"}, ["cid"]),
        ({"search": "phone"}, ["ann"]),
        ({"search": ""}, ["ann", "bob", "cid", "dee"]),
        ({"search": "nobody"}, []),
        ({"email": "bob@example.com"}, ["bob"]),
        ({"email": "BOB@example.com"}, []),
        ({"distinct_id": "ann-phone"}, ["ann"]),
        ({"distinct_id": "ann-"}, []),
        ({"distinct_id": "ann%"}, []),
        ({"distinct_id": "_ob"}, []),
        ({"properties": json.dumps([leaf("age", "exact", 31)])}, ["ann", "bob"]),
        ({"properties": json.dumps([leaf("age", "exact", 31), leaf("name", "is_set")])}, ["bob"]),
        ({"properties": json.dumps({"type": "OR", "values": [leaf("age", "lt", 30), leaf("a.b", "is_set")]})},
         ["ann", "cid"]),
        ({"properties": json.dumps([leaf("email", "is_not_set")])}, ["cid", "dee"]),
        ({"properties": json.dumps({"email__icontains": "ann"})}, ["ann"]),
        ({"properties": json.dumps([leaf("age", "exact", 31)]), "search": "bob"}, ["bob"]),
        ({"limit": "0"}, ["ann", "bob", "cid", "dee"]),
        ({"limit": "-1"}, ["ann", "bob", "cid", "dee"]),
        ({"limit": "abc"}, ["ann", "bob", "cid", "dee"]),
        ({"limit": "99999999999999999999"}, ["ann", "bob", "cid", "dee"]),
        ({"limit": "1", "offset": "2"}, ["cid"]),
        ({"offset": "90000"}, []),
        ({"search": "\0"}, []),
        ({"search": "%"}, []),
        ({"distinct_id": "' OR 1=1 --"}, []),
    ],
)  # fmt: skip
def test_a_list_is_filtered(api: Api, params: dict[str, str], expected: list[str]) -> None:
    assert names(listed(api, **params)) == expected


def test_a_uuid_is_searched_for_by_any_part(api: Api) -> None:
    for person in listed(api):
        assert person in listed(api, search=person["uuid"][9:18].upper())


@pytest.mark.parametrize(
    ("params", "attr"),
    [
        ({"search": "x" * 1001}, "search"),
        ({"offset": "1000001"}, "offset"),
        ({"cohort": "0"}, "cohort"),
        ({"cohort": "x"}, "cohort"),
        ({"cohort": "999999"}, "cohort"),
        ({"properties": "[{"}, "properties"),
        ({"properties": "x"}, "properties"),
        ({"properties": "7"}, "properties"),
        ({"properties": "[" * 900 + "]" * 900}, "properties__0"),
        ({"properties": json.dumps([leaf("age", "like", 3)])}, "properties__0__operator"),
        ({"properties": json.dumps([{"type": "group", "key": "x", "value": 1}])}, "properties__0__type"),
        ({"properties": json.dumps([leaf("age", "gt", "old")])}, "properties__0"),
        ({"format": "xml"}, "format"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "ä"}, "cursor"),
        ({"cursor": "A" * 5000}, "cursor"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_by_name(api: Api, params: dict[str, str], attr: str) -> None:
    answer = api("GET", "persons", params=params)
    assert (answer.status_code, answer.json()["attr"]) == (400, attr), answer.text


PROJECT = "the project"


@pytest.mark.parametrize(
    "told",
    [
        None,
        7,
        {},
        [],
        ["persons", PROJECT],
        ["persons", PROJECT, 1, 1, 0],
        ["persons", PROJECT, 1, 1, False, 1],
        ["persons", PROJECT, 1, -1, False],
        ["persons", PROJECT, 1, 2**32, False],
        ["persons", PROJECT, 1, "1", False],
        ["persons", PROJECT, 1.5, 1, False],
        ["persons", PROJECT, 10**30, 1, False],
        ["persons", PROJECT, 2**63, 1, False],
        ["persons", PROJECT, True, 1, False],
        ["persons", 0, 1, 1, False],
        ["groups0", PROJECT, 1, "a", False],
    ],
)
def test_a_cursor_that_no_page_has_named_is_refused(api: Api, told: Any) -> None:
    if isinstance(told, list):
        told = [api.project_id if part == PROJECT else part for part in told]
    cursor = urlsafe_b64encode(json.dumps(told).encode()).decode()
    answer = api("GET", "persons", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["attr"]) == (400, "cursor"), answer.text


@pytest.mark.parametrize(("at", "expected"), [(2**63 - 1, 4), (-(2**63), 0)])
def test_a_cursor_may_be_of_any_moment(api: Api, at: int, expected: int) -> None:
    told = json.dumps(["persons", api.project_id, at, 2**32 - 1, False])
    assert len(listed(api, cursor=urlsafe_b64encode(told.encode()).decode())) == expected


@pytest.fixture(scope="module")
def many(stack: Stack) -> tuple[Api, list[Someone]]:
    """People of whom some became part of others; the merges are not written into any event yet."""
    world = World.of(stack)
    project = world.new_project()
    people = crowd.crowd()
    stack.load(project.project.id, persons=[person.row for person in people])
    for gone, kept in ((3, 4), (4, 9), (12, 11)):
        people = crowd.merged(stack, project.project.id, people, gone, kept)
    api = world.api(project)
    uuids = {ids_of(person): person["uuid"] for person in listed(api)}
    for person in people:
        person.uuid = uuids[tuple(sorted(person.ids))]
    return api, people


# What can be asked of the list, and who passes by the list in Python.
Asked = tuple[dict[str, Any], Callable[[Someone], bool]]


def _of_text(properties: dict[str, Any], key: str) -> str | None:
    return str(properties[key]) if key in properties else None


searches = st.sampled_from(
    ["a", "É", "lis", "user-1", "PHONE-2", "@exam", "o'n", "50%", "_", "\\", " 1", "zoë", "nobody", "-1"]
).map(lambda part: ({"search": part}, lambda person: person.mentions(part)))
emails = st.integers(1, 40).map(lambda number: crowd.crowd()[number - 1].properties.get("email", "none")).map(
    lambda email: ({"email": email}, lambda person: person.properties.get("email") == email)
)  # fmt: skip
distinct_ids = st.integers(1, 40).map(lambda number: crowd.crowd()[number - 1].ids[-1]).map(
    lambda one: ({"distinct_id": one}, lambda person: one in person.ids)
)  # fmt: skip
FILTERS: list[tuple[dict[str, Any], Callable[[dict[str, Any]], bool]]] = [
    (leaf("plan", "exact", "pro"), lambda p: p.get("plan") == "pro"),
    (leaf("plan", "exact", ["pro", "free"]), lambda p: p.get("plan") in ("pro", "free")),
    (leaf("plan", "is_not", "pro"), lambda p: p.get("plan") != "pro"),
    (leaf("plan", "icontains", "PRO"), lambda p: "pro" in (p.get("plan") or "").lower()),
    (leaf("age", "gt", 3), lambda p: p.get("age", -1) > 3),
    (leaf("age", "exact", "0"), lambda p: _of_text(p, "age") == "0"),
    (leaf("name", "is_set"), lambda p: "name" in p),
    (leaf("username", "is_not_set"), lambda p: "username" not in p),
]
filters = st.lists(st.sampled_from(FILTERS), min_size=1, max_size=2).map(
    lambda chosen: (
        {"properties": json.dumps([asked for asked, _ in chosen])},
        lambda person: all(holds(person.properties) for _, holds in chosen),
    )
)
questions = st.lists(st.one_of(searches, filters, emails, distinct_ids), max_size=2, unique_by=lambda q: tuple(q[0]))


@settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(asked=questions, limit=st.sampled_from((4, 7, 12, 36, 37, 100)))
def test_a_walk_shows_who_passes_once_and_in_order(
    many: tuple[Api, list[Someone]], asked: list[Asked], limit: int
) -> None:
    api, people = many
    params = {name: value for question, _ in asked for name, value in question.items()}
    expected = [p for p in newest_first(people) if all(passes(p) for _, passes in asked)]
    found = pages(api, "persons", {**params, "limit": limit})
    shown = [person for page in found for person in page["results"]]
    assert [ids_of(person) for person in shown] == [tuple(sorted(person.ids)) for person in expected]
    assert [person["properties"] for person in shown] == [person.properties for person in expected]
    assert all(len(page["results"]) == limit for page in found[:-1])
    earlier = crowd.back(api, found[-1])
    assert [page["results"] for page in earlier] == [page["results"] for page in found[:-1]]


def test_who_comes_while_somebody_walks_moves_nothing(stack: Stack, world: World, project: StoredProject) -> None:
    """The new ones stand before the walk, or, made long ago, after it."""
    people, api, number = crowd.crowd(25), world.api(project), itertools.count(100)
    stack.load(project.project.id, persons=[person.row for person in people])

    def arrives() -> None:
        if next(number) > 120:
            return
        now, day = stack.services.now(), timedelta(days=1000)
        late = [Someone(n, [f"new-{n}"], {}, at) for n, at in ((next(number), now), (next(number), now - day))]
        stack.load(project.project.id, persons=[person.row for person in late])

    found = pages(api, "persons", {"limit": 4}, meanwhile=arrives)
    shown = [ids_of(person) for page in found for person in page["results"]]
    assert len(shown) == len(set(shown))
    assert [ids for ids in shown if not ids[0].startswith("new-")] == [
        tuple(sorted(person.ids)) for person in newest_first(people)
    ]


def test_an_offset_goes_on_by_cursor(api: Api) -> None:
    page = api("GET", "persons?limit=1&offset=1").json()
    assert "offset" not in page["next"] + page["previous"]
    following = api("GET", page["next"].removeprefix("http://testserver")).json()
    earlier = api("GET", page["previous"].removeprefix("http://testserver")).json()
    assert [names(one["results"]) for one in (earlier, page, following)] == [["ann"], ["bob"], ["cid"]]
    assert earlier["previous"] is None


def test_beside_a_cursor_an_offset_says_nothing(api: Api) -> None:
    following = api("GET", "persons?limit=1").json()["next"].removeprefix("http://testserver")
    assert names(api("GET", f"{following}&offset=2").json()["results"]) == ["bob"]


def test_a_page_has_a_thousand_at_most(api: Api) -> None:
    previous = api("GET", "persons?limit=5000&offset=1").json()["previous"]
    assert "limit=1000&" in previous


@pytest.mark.parametrize("is_squashed", [False, True])
def test_a_merged_person_is_found_as_the_one_it_became(stack: Stack, api: Api, is_squashed: bool) -> None:
    """Through two merges; whether or not they are written into the events."""
    before = {names([person])[0]: person for person in listed(api)}
    for pair in (["bob", "cid"], ["ann", "bob"]):
        stack.load(api.project_id, persons=[{"distinct_ids": pair}])
    if is_squashed:
        squash(stack.services, api.project_id, min_age=timedelta(0))
    ann, dee = listed(api)
    assert (ann["uuid"], dee["uuid"]) == (before["ann"]["uuid"], before["dee"]["uuid"])
    assert ann["distinct_ids"] == ["ann", "ann-phone", "bob", "cid"]
    assert ann["properties"] == {"email": "ann@example.com", "age": 31, "a.b": "dotted", "name": "Bob"}
    for named in (before["bob"]["uuid"], before["cid"]["uuid"], ann["uuid"], "2", "3"):
        assert api("GET", f"persons/{named}").json() == ann
    for distinct_id in ann["distinct_ids"]:
        assert listed(api, distinct_id=distinct_id) == [ann]
        assert listed(api, search=distinct_id) == [ann]
    assert listed(api, search=before["bob"]["uuid"]) == []


def test_an_id_that_was_copied_late_is_the_survivor_s(stack: Stack, api: Api) -> None:
    """As a consumer leaves it that learned of its person before the merge and wrote after it."""
    stack.load(api.project_id, persons=[{"distinct_ids": ["ann", "bob"]}])
    row = {"project": api.project_id, "distinct_id": "late", "person": 2, "version": 1}
    stack.services.clickhouse.insert_json("person_distinct_ids", tuple(row), json.dumps(row).encode())
    assert names(listed(api, distinct_id="late")) == names(listed(api, search="late")) == ["ann"]
    assert listed(api)[0]["distinct_ids"] == ["ann", "ann-phone", "bob", "late"]


def test_an_id_is_that_of_its_newest_row(stack: Stack, api: Api) -> None:
    """Before ClickHouse has merged the rows as well as after. Here it went from the second person to the fourth."""
    for version, person in ((2**40 + 2, 4), (2**40 + 1, 3)):
        row = {"project": api.project_id, "distinct_id": "bob", "person": person, "version": version}
        stack.services.clickhouse.insert_json("person_distinct_ids", tuple(row), json.dumps(row).encode())
    (dee,) = listed(api, distinct_id="bob")
    assert dee["distinct_ids"] == ["bob", "dee"]
    assert sorted(person["distinct_ids"] for person in listed(api)) == [
        [],
        ["ann", "ann-phone"],
        ["bob", "dee"],
        ["cid"],
    ]


@pytest.mark.parametrize("gone", [1, 99])
def test_a_uuid_is_that_of_the_person_that_there_is(stack: Stack, api: Api, gone: int) -> None:
    """Whatever rows of persons that are gone have it as well, older ones or newer."""
    (bob,) = listed(api, distinct_id="bob")
    row = {"project": api.project_id, "person": gone, "uuid": bob["uuid"], "is_deleted": 1, "version": 2**40}
    stack.services.clickhouse.insert_json("persons", tuple(row), json.dumps(row).encode())
    assert api("GET", f"persons/{bob['uuid']}").json() == bob


NOBODY = ["5", "0", "4294967296", "99999999999", "ann", "", "%00", "-1", "1.5", "0189a4f6-0000-4000-8000-000000000000"]


@pytest.mark.parametrize("named", NOBODY)
def test_what_names_nobody_is_not_found(api: Api, named: str) -> None:
    path = f"persons/{named}" if named else "persons/nobody@example.com"
    assert api("GET", path).status_code == 404


def test_another_project_s_persons_are_not_there(api: Api, world: World) -> None:
    page = api("GET", "persons?limit=1").json()
    ann, cursor = page["results"][0], page["next"].partition("cursor=")[2]
    elsewhere = world.api(world.new_project())
    assert elsewhere("GET", f"persons/{ann['uuid']}").status_code == 404
    assert elsewhere("GET", "persons/1").status_code == 404
    assert elsewhere("GET", f"persons/cohorts?person_id={ann['uuid']}").status_code == 404
    assert listed(elsewhere, distinct_id="ann") == listed(elsewhere, search=ann["uuid"]) == []
    assert elsewhere("GET", "persons/values?key=email").json() == []
    assert elsewhere("GET", "persons/properties").json() == []
    refused = elsewhere("GET", f"persons?cursor={cursor}")
    assert (refused.status_code, refused.json()["attr"]) == (400, "cursor")


def test_csv_has_the_page_and_says_where_it_goes_on(api: Api) -> None:
    for path in ("persons.csv?limit=3", "persons?format=csv&limit=3"):
        table = api("GET", path)
        assert table.headers["content-type"].startswith("text/csv")
        assert table.text.splitlines()[0].split(",")[:4] == ["id", "email", "name", "created_at"]
        assert len(table.text.splitlines()) == 4
        address, rel = table.headers["link"].split("; ")
        following = api("GET", address.strip("<>").removeprefix("http://testserver"))
        assert (rel, following.headers.get("link")) == ('rel="next"', None)
        assert following.text.splitlines()[1].split(",")[2] == "dee"


ROUTES = ("persons", "persons/1", "persons/values?key=age", "persons/properties", "persons/cohorts?person_id=1")


@pytest.mark.parametrize("route", ROUTES)
def test_a_key_needs_the_scope_of_persons(api: Api, world: World, project: StoredProject, route: str) -> None:
    needed = ("person:read", "cohort:read") if "cohorts" in route else ("person:read",)
    assert world.api(project, None, *needed)("GET", route).status_code == 200
    for scope in needed:
        others = tuple(one for one in (*needed, "insight:read", "query:read", "cohort:read") if one != scope)
        refused = world.api(project, None, *others)("GET", route)
        assert refused.status_code == 403
        assert refused.json()["detail"] == f"API key missing required scope '{scope}'"


@pytest.mark.parametrize(("method", "route"), [("DELETE", "persons/1"), ("POST", "persons"), ("PATCH", "persons/1")])
def test_persons_are_only_read_here(api: Api, method: str, route: str) -> None:
    assert api(method, route, json={}).status_code == 403
    assert len(listed(api)) == len(PEOPLE)
