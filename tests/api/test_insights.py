"""Saved insights: their fields, what a change changes, who may do what, and questions that are kept when asked."""

from __future__ import annotations

from typing import Any

import pytest
from insights_acl.models import StoredProject

from tests.api.matching import difference
from tests.api.world import Api, World

PAGEVIEWS = {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "$pageview"}]}
WRAPPED = {"kind": "InsightVizNode", "source": PAGEVIEWS}
FUNNEL = {
    "kind": "FunnelsQuery",
    "series": [{"kind": "EventsNode", "event": "$pageview"}, {"kind": "EventsNode", "event": "Signed up"}],
}


def create(api: Api, **body: Any) -> dict[str, Any]:
    answer = api("POST", "insights/", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def change(api: Api, insight: dict[str, Any], **body: Any) -> dict[str, Any]:
    answer = api("PATCH", f"insights/{insight['id']}", json=body)
    assert answer.status_code == 200, answer.text
    changed: dict[str, Any] = answer.json()
    return changed


def test_an_insight_has_every_field(api: Api) -> None:
    made = create(
        api, name="Visits", description="All of them", query=WRAPPED, tags=["a", "b", "a"], favorited=True, order=3
    )
    whole = {
        "id": {"$type": "integer"},
        "short_id": {"$regex": "^[0-9A-Za-z]{8}$"},
        "name": "Visits",
        "derived_name": "Pageview count",
        "description": "All of them",
        "query": WRAPPED,
        "filters": {},
        "order": 3,
        "deleted": False,
        "dashboards": [],
        "dashboard_tiles": [],
        "tags": ["a", "b"],
        "favorited": True,
        "saved": False,
        "is_sample": False,
        "created_at": {"$regex": "Z$"},
        "updated_at": {"$regex": "Z$"},
        "last_modified_at": {"$regex": "Z$"},
        "created_by": {"email": {"$type": "string"}, "uuid": {"$type": "string"}},
        "last_modified_by": {"email": {"$type": "string"}},
        "effective_restriction_level": 21,
        "effective_privilege_level": 37,
        "user_access_level": "manager",
        "timezone": "UTC",
        "alerts": [],
        "last_viewed_at": None,
        "search_match_type": None,
        "filters_hash": {"$type": "string"},
        **dict.fromkeys(
            ("result", "hasMore", "columns", "last_refresh", "cache_target_age", "next_allowed_client_refresh")
        ),
        **dict.fromkeys(("query_status", "hogql", "types", "resolved_date_range")),
        "is_cached": False,
    }
    assert difference(whole, made) is None
    read = api("GET", f"insights/{made['short_id']}/").json()
    assert made.keys() <= read.keys()
    assert read["id"] == made["id"]


def test_an_insight_may_ask_nothing(api: Api) -> None:
    made = create(api, name="from nothing")
    read = api("GET", f"insights/{made['id']}").json()
    assert (read["query"], read["filters"], read["result"], read["derived_name"]) == (None, {}, None, None)


WRONG = [
    ({"name": "x" * 401}, "validation_error", "max_length", "name"),
    ({"name": 7}, "validation_error", "invalid_input", "name"),
    ({"derived_name": []}, "validation_error", "invalid_input", "derived_name"),
    ({"order": "first"}, "validation_error", "invalid_input", "order"),
    ({"favorited": "perhaps"}, "validation_error", "invalid_input", "favorited"),
    ({"saved": None}, "validation_error", "null", "saved"),
    ({"tags": "a"}, "validation_error", "not_a_list", "tags"),
    ({"tags": ["a", 3]}, "validation_error", "invalid_input", "tags__1"),
    ({"dashboards": [True]}, "validation_error", "invalid_input", "dashboards__0"),
    ({"dashboards": [987654]}, "validation_error", "does_not_exist", "dashboards"),
    ({"query": ""}, "validation_error", "invalid_input", "query"),
    ({"query": []}, "validation_error", "invalid_input", "query"),
    ({"query": False}, "validation_error", "invalid_input", "query"),
    ({"query": "TrendsQuery"}, "invalid_request", "parse_error", None),
    ({"query": {"kind": "NoSuchKind"}}, "invalid_request", "parse_error", None),
    ({"query": {"kind": "InsightVizNode"}}, "invalid_request", "parse_error", None),
    ({"query": {"kind": "InsightVizNode", "source": {"kind": "HogQLQuery"}}}, "invalid_request", "parse_error", None),
    ({"query": {**PAGEVIEWS, "seriess": []}}, "invalid_request", "parse_error", None),
    ({"query": {**PAGEVIEWS, "interval": "fortnight"}}, "invalid_request", "parse_error", None),
    ({"query": {**PAGEVIEWS, "trendsFilter": {"formula": "A +"}}}, "invalid_request", "parse_error", None),
    ({"query": {**FUNNEL, "series": FUNNEL["series"][:1]}}, "invalid_request", "parse_error", None),
    ({"query": {**FUNNEL, "kind": "LifecycleQuery"}}, "invalid_request", "parse_error", None),
    ({"filters": []}, "validation_error", "not_a_dict", "filters"),
    ({"filters": {"insight": "NOPE"}}, "validation_error", "invalid_input", "filters__insight"),
    ({"filters": {"interval": "fortnight"}}, "validation_error", "invalid_input", "filters__interval"),
    ({"filters": {"insight": "PATHS", "step_limit": 0}}, "validation_error", "invalid_input", "filters__step_limit"),
]


@pytest.mark.parametrize(("body", "kind", "code", "attr"), WRONG, ids=lambda value: str(value)[:60])
def test_what_is_wrong_is_named_and_changes_nothing(
    api: Api, body: dict[str, Any], kind: str, code: str, attr: str | None
) -> None:
    made = create(api, name="as it was")
    for answer in (api("POST", "insights", json=body), api("PATCH", f"insights/{made['id']}", json=body)):
        assert answer.status_code == 400, answer.text
        assert {name: answer.json()[name] for name in ("type", "code", "attr")} == {
            "type": kind,
            "code": code,
            "attr": attr,
        }
    assert api("GET", "insights").json()["count"] == 1
    assert api("GET", f"insights/{made['id']}").json()["name"] == "as it was"


def test_a_fault_of_a_query_says_where_it_is(api: Api) -> None:
    query = {**PAGEVIEWS, "series": [{"kind": "EventsNode", "math": "p98"}]}
    assert 'series[0].math "p98"' in api("POST", "insights", json={"query": query}).json()["detail"]


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT"])
def test_a_body_is_json(api: Api, method: str) -> None:
    made = create(api)
    path = "insights/" if method == "POST" else f"insights/{made['id']}/"
    assert api(method, path, data={"name": "x"}).status_code == 415
    malformed = api(method, path, content=b"{bad", headers={"Content-Type": "application/json"})
    assert (malformed.status_code, malformed.json()["code"]) == (400, "parse_error")


def test_put_is_patch(api: Api) -> None:
    made = create(api, name="first", description="kept", query=WRAPPED)
    changed = api("PUT", f"insights/{made['id']}", json={"name": "second"}).json()
    assert (changed["name"], changed["description"], changed["query"]) == ("second", "kept", WRAPPED)


def test_a_change_saves_unless_it_says_otherwise(api: Api) -> None:
    made = create(api)
    assert change(api, made, favorited=True)["saved"] is True
    assert change(api, made, saved=False)["saved"] is False


MATERIAL = [
    ({"name": "other"}, True),
    ({"description": "other"}, True),
    ({"query": FUNNEL}, True),
    ({"filters": {"insight": "PATHS"}}, True),
    ({"deleted": True}, True),
    ({"name": "Visits"}, False),
    ({"favorited": True}, False),
    ({"saved": True}, False),
    ({"tags": ["x"]}, False),
    ({"order": 9}, False),
    ({"derived_name": "other"}, False),
]


@pytest.mark.parametrize(("body", "is_material"), MATERIAL, ids=str)
def test_only_a_material_change_is_a_modification(
    world: World, project: StoredProject, api: Api, body: dict[str, Any], is_material: bool
) -> None:
    made = create(api, name="Visits")
    editor = world.api(project)
    changed = change(editor, made, **body)
    assert (changed["last_modified_at"] != made["last_modified_at"]) is is_material
    assert (changed["last_modified_by"] != made["last_modified_by"]) is is_material
    assert changed["updated_at"] > made["updated_at"]
    assert changed["created_by"] == made["created_by"]


def test_a_new_question_has_no_old_name(api: Api) -> None:
    made = create(api, query=WRAPPED, derived_name="as the client says")
    assert change(api, made, name="x")["derived_name"] == "as the client says"
    assert change(api, made, query=FUNNEL)["derived_name"] == "Pageview → Signed up conversion rate"
    assert change(api, made, query=WRAPPED, derived_name="again")["derived_name"] == "again"


def test_deletion_is_a_patch_and_can_be_taken_back(api: Api) -> None:
    made = create(api, name="gone")
    refused = api("DELETE", f"insights/{made['id']}")
    assert (refused.status_code, refused.content) == (405, b"")
    assert change(api, made, deleted=True)["deleted"] is True
    for method, body in (("GET", None), ("PATCH", {"name": "x"}), ("PATCH", {"deleted": True})):
        assert api(method, f"insights/{made['id']}", json=body).status_code == 404
    assert api("GET", "insights").json()["count"] == 0
    assert change(api, made, deleted=False)["deleted"] is False
    assert api("GET", f"insights/{made['short_id']}").status_code == 200


def test_digits_are_an_id_first_and_a_short_id_then(world: World, project: StoredProject, api: Api) -> None:
    from insights_engine import keys

    first, second = create(api, name="first"), create(api, name="second")
    pk, sk = keys.short_id(project.project.id, "insight", str(first["id"]))
    world.store.put({"pk": pk, "sk": sk, "id": second["id"]})
    pk, sk = keys.short_id(project.project.id, "insight", "00000000")
    world.store.put({"pk": pk, "sk": sk, "id": second["id"]})
    assert api("GET", f"insights/{first['id']}").json()["name"] == "first"
    assert api("GET", "insights/00000000").json()["name"] == "second"
    assert api("GET", "insights/99999999").status_code == 404
    assert api("GET", "insights/nothing1").status_code == 404


def test_a_method_that_is_not_there_is_refused(api: Api) -> None:
    made = create(api)
    assert api("POST", f"insights/{made['id']}", json={}).status_code == 403
    assert "does not support" in api("GET", "insights/my_last_viewed").json()["detail"]


NAMES = [
    ({**PAGEVIEWS, "breakdownFilter": {"breakdown": "$browser"}}, "Pageview count by Browser"),
    (
        {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": None, "math": "dau"}]},
        "All events unique users",
    ),
    (
        {
            "kind": "TrendsQuery",
            "series": [{"kind": "EventsNode", "event": "buy", "math": "p90", "math_property": "price"}],
        },
        "buy price p90",
    ),
    (
        {
            "kind": "TrendsQuery",
            "series": [
                {"kind": "EventsNode", "event": "buy", "math": "avg_count_per_actor"},
                {"kind": "ActionsNode", "id": 7, "name": "sign up"},
            ],
        },
        "buy avg count per user & sign up count",
    ),
    ({**PAGEVIEWS, "trendsFilter": {"formula": "A * 2"}}, "A * 2, where A: Pageview count"),
    ({**FUNNEL, "funnelsFilter": {"funnelOrderType": "unordered"}}, "Pageview & Signed up conversion rate"),
    ({"kind": "LifecycleQuery", "series": [{"kind": "EventsNode", "event": "buy"}]}, "User lifecycle based on buy"),
    ({"kind": "StickinessQuery", "series": [{"kind": "EventsNode", "event": "buy"}]}, "User stickiness based on buy"),
    (
        {"kind": "RetentionQuery", "retentionFilter": {"returningEntity": {"id": "buy", "type": "events"}}},
        "Users who came back with buy after Pageview",
    ),
    (
        {"kind": "PathsQuery", "pathsFilter": {"includeEventTypes": ["$pageview"], "startPoint": "/"}},
        "User paths over page views starting at /",
    ),
]


@pytest.mark.parametrize(("query", "name"), NAMES, ids=[name for _, name in NAMES])
def test_an_unnamed_insight_is_called_by_its_question(api: Api, query: dict[str, Any], name: str) -> None:
    assert create(api, query=query)["derived_name"] == name


FLAT_NAMES = [
    ({"insight": "TRENDS", "events": [{"id": "buy", "order": 1}, {"id": "see", "order": 0}]}, "see count & buy count"),
    ({"insight": "RETENTION", "target_entity": {"id": "buy"}}, "Users who came back with buy after buy"),
    ({"insight": "FUNNELS", "events": '[{"id": "a"}, {"id": "b", "order": 1}]'}, "a → b conversion rate"),
]


@pytest.mark.parametrize(("filters", "name"), FLAT_NAMES, ids=[name for _, name in FLAT_NAMES])
def test_older_filters_have_a_name_too(api: Api, filters: dict[str, Any], name: str) -> None:
    assert create(api, filters=filters)["derived_name"] == name


# Who may do what.


def test_a_viewer_reads_and_changes_nothing(world: World, project: StoredProject, api: Api) -> None:
    made, viewer = create(api, name="secret-kestrel", query=WRAPPED), world.api(project)
    api("PUT", f"insights/{made['id']}/access_controls", json={"access_level": "viewer"})
    read = viewer("GET", f"insights/{made['id']}").json()
    assert (read["user_access_level"], read["effective_privilege_level"]) == ("viewer", 21)
    refused = viewer("PATCH", f"insights/{made['id']}", json={"name": "mine"})
    assert refused.status_code == 403
    assert refused.json()["detail"] == "You do not have editor access to this resource."
    assert api("GET", f"insights/{made['id']}").json()["name"] == "secret-kestrel"


def test_what_is_hidden_is_hidden_everywhere(world: World, project: StoredProject, api: Api) -> None:
    made, other = create(api, name="secret-kestrel", query=WRAPPED), world.api(project)
    api("PUT", f"insights/{made['id']}/access_controls", json={"access_level": "none"})
    api("POST", "insights/viewed", json={"insight_ids": [made["id"]]})
    asked = [
        other("GET", f"insights/{made['id']}"),
        other("GET", f"insights/{made['short_id']}.csv"),
        other("PATCH", f"insights/{made['id']}", json={"name": "mine"}),
        other("PATCH", f"insights/{made['id']}", json={"deleted": False}),
        other("GET", f"insights/{made['id']}/activity"),
        other("GET", "insights?search=kestrel"),
        other("GET", f"insights?short_id={made['short_id']}"),
        other("GET", "insights/trending"),
        other("POST", "insights/viewed", json={"insight_ids": [made["id"]]}),
    ]
    assert [answer.status_code for answer in asked] == [403, 403, 403, 403, 403, 200, 200, 200, 201]
    assert not any("kestrel" in answer.text or made["short_id"] in answer.text for answer in asked)
    assert api("GET", "insights/trending").json()["results"][0]["view_count"] == 1


def test_another_project_has_other_insights(world: World, api: Api) -> None:
    made = create(api, name="here")
    elsewhere = Api(api.stack, api.key, world.second_project.project.id)
    assert elsewhere("GET", f"insights/{made['id']}").status_code == 404
    assert elsewhere("GET", f"insights/{made['short_id']}").status_code == 404
    assert "here" not in elsewhere("GET", "insights?search=here").text


SCOPES = [
    ("GET", "insights", "insight:read"),
    ("GET", "insights/{id}", "insight:read"),
    ("GET", "insights/trending", "insight:read"),
    ("POST", "insights/viewed", "insight:read"),
    ("POST", "insights", "insight:write"),
    ("PATCH", "insights/{id}", "insight:write"),
    ("GET", "insights/{id}/activity", "activity_log:read"),
    ("GET", "insights/{id}/access_controls", "access_control:read"),
]


@pytest.mark.parametrize(("method", "path", "scope"), SCOPES, ids=lambda value: str(value))
def test_a_key_needs_the_scope(
    world: World, project: StoredProject, api: Api, method: str, path: str, scope: str
) -> None:
    made = create(api)
    body = {"insight_ids": [made["id"]]} if method == "POST" else {}
    path = path.format(id=made["id"])
    without = world.api(project, None, "cohort:write")(method, path, json=body)
    assert without.json()["detail"] == f"API key missing required scope '{scope}'"
    assert world.api(project, None, scope)(method, path, json=body).status_code < 300


def test_changes_are_in_the_log(api: Api) -> None:
    made = create(api, name="first")
    change(api, made, name="second")
    newest, oldest = api("GET", f"insights/{made['id']}/activity").json()["results"]
    assert oldest["activity"] == "created"
    changed = {one["field"]: (one["before"], one["after"]) for one in newest["detail"]["changes"]}
    assert changed["name"] == ("first", "second")
