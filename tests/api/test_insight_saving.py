"""`saved: true` in the body of a question: it is kept as an insight, by who may, and the answer says which."""

from __future__ import annotations

from typing import Any

import pytest
from insights_acl.models import StoredProject

from tests.api.test_insights import WRAPPED
from tests.api.world import Api, World

FLAT = {"events": [{"id": "$pageview"}], "date_from": "2026-03-01", "date_to": "2026-03-03"}
KEPT = [
    ("insights/trend", {**FLAT, "interval": "week"}, "TrendsQuery"),
    ("insights/trend", {**FLAT, "insight": "LIFECYCLE"}, "LifecycleQuery"),
    ("insights/trend", {"query": WRAPPED}, "TrendsQuery"),
    ("insights/retention", {"period": "Week", "date_to": "2026-03-03"}, None),
    ("insights/retention", {"query": {"kind": "RetentionQuery"}}, "RetentionQuery"),
    ("insights/path", {"include_event_types": ["$pageview"]}, "PathsQuery"),
    ("insights/funnel", {"events": [{"id": "a", "order": 0}, {"id": "b", "order": 1}]}, "FunnelsQuery"),
    ("query", {"query": WRAPPED}, "TrendsQuery"),
]


@pytest.mark.parametrize(("path", "body", "kind"), KEPT, ids=lambda value: str(value)[:50])
def test_a_question_is_kept_with_its_answer(api: Api, path: str, body: dict[str, Any], kind: str | None) -> None:
    asked = api("POST", path, json={**body, "saved": True, "name": "Kept", "tags": ["t"]})
    assert asked.status_code == 200, asked.text
    kept = asked.json()
    assert kept["user_access_level"] == "manager"
    read = api("GET", f"insights/{kept['short_id']}").json()
    assert (read["id"], read["name"], read["tags"], read["saved"]) == (kept["id"], "Kept", ["t"], True)
    assert (read["query"] and read["query"].get("source", read["query"])["kind"]) == kind
    assert without_links(read["result"]) == without_links(kept.get("result", kept.get("results")))


def without_links(value: Any) -> Any:
    """The people behind a figure are asked for with the question, which a kept one is not sent with again."""
    if isinstance(value, list):
        return [without_links(one) for one in value]
    if isinstance(value, dict):
        return {name: without_links(one) for name, one in value.items() if not name.endswith("people_url")}
    return value


@pytest.mark.parametrize("path", ["insights/trend", "insights/retention", "insights/path", "insights/funnel", "query"])
def test_keeping_needs_what_creating_needs(world: World, project: StoredProject, admin: Api, path: str) -> None:
    body = {"saved": True, "query": {"kind": "NoSuchKind"}}
    reader = world.api(project, None, "insight:read", "query:read")
    refused = reader("POST", path, json=body)
    assert refused.json()["detail"] == "API key missing required scope 'insight:write'"
    admin("PUT", "resource_access_controls", json={"resource": "insight", "access_level": "viewer"})
    viewer = world.api(project)
    assert viewer("POST", path, json=body).status_code == 403
    assert viewer("POST", path, json={**body, "saved": False}).status_code == 400
    assert admin("GET", "insights").json()["count"] == 0


def test_only_a_body_keeps_a_question(api: Api) -> None:
    answers = [
        api("GET", "insights/trend?saved=true&events=[]"),
        api("POST", "insights/trend?saved=true", json=FLAT),
        api("POST", "insights/trend", json={**FLAT, "saved": "false"}),
    ]
    assert [(answer.status_code, "short_id" in answer.json()) for answer in answers] == [(200, False)] * 3
    assert api("GET", "insights").json()["count"] == 0


@pytest.mark.parametrize(
    ("path", "body", "attr"),
    [
        ("insights/trend.csv", FLAT, "saved"),
        ("insights/trend", {**FLAT, "name": "x" * 401}, "name"),
        ("insights/trend", {**FLAT, "interval": "fortnight"}, "interval"),
        ("query", {"query": {"kind": "ActorsQuery"}}, None),
    ],
    ids=str,
)
def test_what_has_no_answer_is_not_kept(api: Api, path: str, body: dict[str, Any], attr: str | None) -> None:
    refused = api("POST", path, json={**body, "saved": True})
    assert (refused.status_code, refused.json()["attr"]) == (400, attr)
    assert api("GET", "insights").json()["count"] == 0
