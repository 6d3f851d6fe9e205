"""What published clients ask before anything else, and the lists that they read, in the forms in which they ask."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest
from insights_acl.models import StoredProject

from tests.api.world import Api, World

LISTS = ("annotations", "cohorts", "dashboards", "feature_flags", "insights", "notebooks", "subscriptions", "alerts")
FORMS = (
    "/api/projects/{p}/{list}",
    "/api/projects/{p}/{list}/",
    "/api/projects/{p}//{list}/?limit=100&offset=0",
    "/api/environments/{p}/{list}/",
    "/api/projects/@current/{list}/?limit=100",
    "/api//environments//@current//{list}//",
)
NO_FLAGS: dict[str, Any] = {"flags": [], "group_type_mapping": {}, "cohorts": {}}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_has_the_same_envelope_in_every_form(api: Api, name: str) -> None:
    for form in FORMS:
        answer = api("GET", form.format(p=api.project_id, list=name))
        assert answer.status_code == 200, (form, answer.text)
        assert answer.json().keys() >= {"count", "next", "previous", "results"}, form


@pytest.mark.parametrize(
    "path",
    [
        "/api/organizations/",
        "/api/organizations/?limit=100",
        "/api/organizations/@current/projects/",
        "/api/organizations/{organization}/projects/",
        "/api/projects/?limit=100",
        "/api/environments/",
    ],
)
def test_what_there_is_to_choose_from(api: Api, world: World, path: str) -> None:
    answer = api("GET", path.format(organization=world.organization.id))
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["count"] >= len(found["results"]) >= 1
    for one in found["results"]:
        assert one["name"]
        if "organizations/" in path and "projects" not in path:
            UUID(one["id"])
        else:
            assert isinstance(one["id"], int)
            UUID(one["organization"])


@pytest.mark.parametrize("path", ["/api/users/@me/", "/api/users/@me"])
def test_who_asks(api: Api, path: str) -> None:
    me = api("GET", path).json()
    for place in (me["uuid"], me["organization"]["id"], me["team"]["organization"], me["organizations"][0]["id"]):
        UUID(place)
    assert isinstance(me["team"]["id"], int)
    assert isinstance(me["distinct_id"], str)


def test_what_the_key_may(world: World, project: StoredProject) -> None:
    number = project.project.id
    key = world.new_key(world.new_user(), ("insight:read", "query:read"), scoped_teams=[number])
    found = Api(world.stack, key)("GET", "/api/personal_api_keys/@current").json()
    assert found["scopes"] == ["insight:read", "query:read"]
    assert (found["scoped_teams"], found["scoped_organizations"]) == ([number], [])


def test_the_scope_that_is_missing_can_be_read_from_the_refusal(world: World, project: StoredProject) -> None:
    for name, scope in (("annotations", "annotation"), ("feature_flags", "feature_flag"), ("insights", "insight")):
        answer = world.api(project, None, "survey:read")("GET", name)
        assert answer.status_code == 403
        named = re.fullmatch(r"API key missing required scope '(\w+:\w+)'", answer.json()["detail"])
        assert named and named[1] == f"{scope}:read"


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "feature_flags/", 200, {"count": 0, "next": None, "previous": None, "results": []}),
        ("GET", "feature_flags?limit=5&offset=0&search=x", 200, {"count": 0, "results": []}),
        ("GET", "feature_flags/7/", 404, {"code": "not_found"}),
        ("PATCH", "feature_flags/7/", 404, {"code": "not_found"}),
        ("POST", "feature_flags/", 405, {"code": "method_not_allowed", "type": "invalid_request"}),
        ("GET", "feature_flags/local_evaluation?send_cohorts", 200, NO_FLAGS),
        ("GET", "feature_flags/beta/remote_config", 404, {"code": "not_found"}),
    ],
)
def test_a_project_has_no_feature_flags(api: Api, method: str, path: str, status: int, body: dict[str, Any]) -> None:
    answer = api(method, path, **({} if method == "GET" else {"json": {"key": "beta"}}))
    assert answer.status_code == status, answer.text
    assert {name: answer.json().get(name) for name in body} == body


@pytest.mark.parametrize("key", [None, "phs_secret", "phx_unknown"])
@pytest.mark.parametrize("path", ["/api/feature_flag/local_evaluation", "/flags/definitions"])
def test_sdks_that_work_out_flags_themselves_are_told_of_none(world: World, key: str | None, path: str) -> None:
    for slash in ("", "/"):
        answer = Api(world.stack, key)("GET", f"{path}{slash}?token=phc_x&send_cohorts")
        assert (answer.status_code, answer.json()) == (200, NO_FLAGS)


def test_flags_are_polled_in_the_newest_version(world: World) -> None:
    sent = {"token": "phc_x", "distinct_id": "u", "groups": {}, "person_properties": {}}
    found = Api(world.stack, None)("POST", "/flags/?v=4", json=sent).json()
    assert (found["flags"], found["errorsWhileComputingFlags"]) == ({}, False)
    assert UUID(found["requestId"])


def test_one_of_another_project_has_no_flags_to_show(world: World) -> None:
    stranger = Api(world.stack, world.new_key(world.new_user()), world.other_project.project.id)
    assert stranger("GET", "feature_flags").status_code == 403
