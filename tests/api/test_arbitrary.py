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
from tests.examples import examples

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
    "POST /api/projects/{p}/subscriptions": (
        *(
            "insight",
            "dashboard",
            "dashboard_export_insights",
            "target_type",
            "target_value",
            "frequency",
            "start_date",
        ),
        *("interval", "byweekday", "bysetpos", "count", "until_date", "run_on", "integration_id"),
    ),
    "PATCH /api/projects/{p}/subscriptions/{u}": (
        *(
            "insight",
            "dashboard_export_insights",
            "target_type",
            "target_value",
            "integration_id",
            "frequency",
            "title",
        ),
        *("interval", "byweekday", "bysetpos", "count", "start_date", "until_date", "invite_message", "deleted"),
    ),
    "POST /api/projects/{p}/subscriptions/preview": (
        *("frequency", "start_date", "interval", "byweekday", "bysetpos", "count", "until_date"),
    ),
    "POST /api/projects/{p}/alerts": ("insight", "threshold", "condition", "config", "subscribed_users", "target_type"),
    "PATCH /api/projects/{p}/alerts/{l}": (
        *("insight", "threshold", "condition", "config", "subscribed_users", "target_type", "target_value", "name"),
        *("enabled", "calculation_interval", "skip_weekend", "snoozed_until", "integration_id", "deleted"),
    ),
    "POST /api/projects/{p}/integrations": ("kind", "config"),
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
    "target_type": st.sampled_from(["email", "slack", "s3", "wehbook"]),
    "target_value": st.sampled_from(["ada@example.com", "C0123|#team", "s3://bucket", "a@b,", "@", "s3://", "|"]),
    "frequency": st.sampled_from(["daily", "weekly", "monthly", "yearly"]),
    "start_date": st.sampled_from(["2026-01-31T09:00:00Z", "1970-01-01", "8999-12-31T23:59:59+14:00", "now"]),
    "until_date": st.sampled_from(["2027-01-01T00:00:00Z", "1969-12-31T00:00:00Z"]),
    "byweekday": st.lists(st.sampled_from(["monday", "friday", "moonday"]), max_size=3),
    "interval": st.sampled_from([1, 2, 7, 1000, 1001, 10**30]),
    "bysetpos": st.sampled_from([-367, -1, 0, 1, 5, 366]),
    "count": st.sampled_from([1, 10**6, 10**30]),
    "threshold": st.fixed_dictionaries(
        {"configuration": st.fixed_dictionaries({"type": WORDS, "bounds": JSON}) | JSON}
    ),
    "config": st.fixed_dictionaries({}, optional={"series_index": JSON, "bot_token": JSON, "type": JSON}),
    "subscribed_users": st.lists(SCALARS, max_size=3),
}
QUERIED = ("limit", "offset", "search", "type", "cursor", "insight", "target_type", "created_by", "insight_id", "kind")
QUIET = settings(
    max_examples=examples(20, 300),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def body_of(names: tuple[str, ...]) -> st.SearchStrategy[Any]:
    fields = {name: (NEARLY[name] | JSON if name in NEARLY else JSON) for name in names}
    return st.fixed_dictionaries({}, optional=fields) | JSON


@pytest.fixture(scope="module")
def targets(stack: Stack) -> tuple[Api, dict[str, Any]]:
    world = World.of(stack)
    project = world.new_project()
    api = world.api(project, world.new_user("owner"))
    everybody = {"properties": {"type": "OR", "values": []}}
    query = {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "a"}]}
    insight = api("POST", "insights", json={"query": query}).json()["id"]
    rule = {"frequency": "daily", "start_date": "2026-01-01T00:00:00Z", "enabled": False}
    where = {"target_type": "email", "target_value": "ada@example.com"}
    bounds = {"threshold": {"configuration": {"bounds": {"upper": 1}}}, "condition": {"type": "absolute_value"}}
    alert = {"insight": insight, "subscribed_users": [], "enabled": False, **bounds}
    return api, {
        "p": api.project_id,
        "c": api("POST", "cohorts", json={"name": "c", "filters": everybody}).json()["id"],
        "s": api("POST", "cohorts", json={"name": "s", "is_static": True}).json()["id"],
        "a": api("POST", "actions", json={"name": "a"}).json()["id"],
        "u": api("POST", "subscriptions", json={"insight": insight, **rule, **where}).json()["id"],
        "l": api("POST", "alerts", json=alert).json()["id"],
    }


def check(answer: Any) -> None:
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400 and answer.content:
        assert set(answer.json()) - {"extra"} == {"type", "code", "detail", "attr"}


@pytest.mark.parametrize("route", ROUTES)
def test_bodies(targets: tuple[Api, dict[str, Any]], route: str) -> None:
    api, named = targets
    method, _, path = route.partition(" ")

    @QUIET
    @given(body=body_of(ROUTES[route]))
    def send(body: Any) -> None:
        check(api(method, path.format(**named), content=json.dumps(body), headers={"Content-Type": "application/json"}))

    send()


@QUIET
@given(data=st.binary(max_size=60), kind=st.sampled_from(["application/json", "multipart/form-data; boundary=x", "x"]))
def test_bytes(targets: tuple[Api, dict[str, Any]], data: bytes, kind: str) -> None:
    api, _ = targets
    for key in (api.key, None):
        sender = Api(api.stack, key, api.project_id)
        check(sender("POST", "cohorts", content=data, headers={"Content-Type": kind}))


@QUIET
@given(parts=st.lists(WORDS | st.text(max_size=6) | st.just("@current"), max_size=4), query=st.text(max_size=10))
def test_paths(targets: tuple[Api, dict[str, Any]], parts: list[str], query: str) -> None:
    api, named = targets
    of_project = (
        f"/api/projects/{named['p']}/{kind}" for kind in ("cohorts", "subscriptions", "alerts", "integrations")
    )
    of_one = f"/api/projects/{named['p']}/subscriptions/{named['u']}"
    for root in ("/api/projects", *of_project, of_one, "/api/organizations", "/api/users"):
        path = "/".join([root, *(quote(part, safe="") for part in parts)])
        check(api("GET", path, params=dict.fromkeys(QUERIED, query)))
