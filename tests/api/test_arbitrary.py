"""Whatever JSON arrives at whatever route, the answer is never a 5xx, and its errors have the API's shape."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from insights_local.stack import Stack

from tests.api.world import Api, World

# One row a route: its names are those of the fields it reads.
ROUTES = {
    "POST /api/projects": ("name", "timezone", "week_start_day", "test_account_filters", "path_cleaning_filters"),
    "PATCH /api/projects/{p}": ("name", "test_account_filters", "path_cleaning_filters", "modifiers", "app_urls"),
    "POST /api/projects/{p}/cohorts": ("name", "filters", "groups", "is_static", "distinct_ids", "query"),
    "PATCH /api/projects/{p}/cohorts/{c}": ("name", "filters", "groups", "is_static", "description"),
    "PATCH /api/projects/{p}/cohorts/{s}": ("distinct_ids", "_create_static_person_ids", "from_cohort_id", "csv"),
    "PATCH /api/projects/{p}/cohorts/{s}/add_persons_to_static_cohort": ("person_ids",),
    "PATCH /api/projects/{p}/cohorts/{s}/remove_person_from_static_cohort": ("person_id",),
    "POST /api/projects/{p}/actions": ("name", "steps", "tags", "description", "post_to_slack"),
    "PATCH /api/projects/{p}/actions/{a}": ("name", "steps", "slack_message_format"),
}
_KEYS = ("type", "values", "properties", "key", "value", "operator", "id", "event", "negation", "url_matching", "alias")
_VALUES = (
    "person",
    "cohort",
    "AND",
    "OR",
    "exact",
    "gt",
    "regex",
    "is_set",
    "between",
    "UTC",
    "icontains",
    "in",
    "(",
    "-",
)
WORDS = st.sampled_from(_KEYS + _VALUES)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), WORDS, st.text(max_size=8), st.just("a\0b")
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
LEAF = st.fixed_dictionaries(
    {}, optional={"type": WORDS, "key": JSON, "value": JSON, "operator": WORDS, "negation": JSON}
)
GROUP = st.fixed_dictionaries({"type": WORDS, "values": st.lists(LEAF | JSON, max_size=3)})
# What is nearly right finds more than what is nowhere near it.
NEARLY = {
    "filters": st.fixed_dictionaries({"properties": GROUP | JSON}),
    "groups": st.lists(st.fixed_dictionaries({"properties": st.lists(LEAF, max_size=3) | JSON}) | JSON, max_size=3),
    "test_account_filters": st.lists(LEAF, max_size=3),
    "path_cleaning_filters": st.lists(st.fixed_dictionaries({"alias": JSON, "regex": st.text(max_size=8) | JSON})),
    "steps": st.lists(st.fixed_dictionaries({}, optional={"event": JSON, "properties": st.lists(LEAF), "url": JSON})),
    "name": st.text(max_size=8),
}
QUIET = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def body_of(names: tuple[str, ...]) -> st.SearchStrategy[Any]:
    fields = {name: (NEARLY[name] | JSON if name in NEARLY else JSON) for name in names}
    return st.fixed_dictionaries({}, optional=fields) | JSON


@pytest.fixture(scope="module")
def targets(stack: Stack) -> tuple[Api, dict[str, int]]:
    world = World.of(stack)
    project = world.new_project()
    api = world.api(project, world.new_user("owner"))
    everybody = {"properties": {"type": "OR", "values": []}}
    return api, {
        "p": api.project_id,
        "c": api("POST", "cohorts", json={"name": "c", "filters": everybody}).json()["id"],
        "s": api("POST", "cohorts", json={"name": "s", "is_static": True}).json()["id"],
        "a": api("POST", "actions", json={"name": "a"}).json()["id"],
    }


def check(answer: Any) -> None:
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400 and answer.content:
        assert set(answer.json()) == {"type", "code", "detail", "attr"}


@pytest.mark.parametrize("route", ROUTES)
def test_bodies(targets: tuple[Api, dict[str, int]], route: str) -> None:
    api, named = targets
    method, _, path = route.partition(" ")

    @QUIET
    @given(body=body_of(ROUTES[route]))
    def send(body: Any) -> None:
        check(api(method, path.format(**named), content=json.dumps(body), headers={"Content-Type": "application/json"}))

    send()


@QUIET
@given(data=st.binary(max_size=60), kind=st.sampled_from(["application/json", "multipart/form-data; boundary=x", "x"]))
def test_bytes(targets: tuple[Api, dict[str, int]], data: bytes, kind: str) -> None:
    api, _ = targets
    for key in (api.key, None):
        sender = Api(api.stack, key, api.project_id)
        check(sender("POST", "cohorts", content=data, headers={"Content-Type": kind}))


@QUIET
@given(parts=st.lists(WORDS | st.text(max_size=6) | st.just("@current"), max_size=4), query=st.text(max_size=10))
def test_paths(targets: tuple[Api, dict[str, int]], parts: list[str], query: str) -> None:
    api, named = targets
    for root in ("/api/projects", f"/api/projects/{named['p']}/cohorts", "/api/organizations", "/api/users"):
        path = "/".join([root, *(quote(part, safe="") for part in parts)])
        check(api("GET", path, params={"limit": query, "offset": query, "search": query, "type": query}))
