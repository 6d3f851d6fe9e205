"""Projects: settings that stay, tokens that change, writers that do not overwrite each other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from insights_acl import accounts
from insights_acl.models import StoredProject
from insights_engine import keys

from tests.api.world import Api, World


def test_a_change_keeps_what_it_does_not_name(api: Api) -> None:
    rules = [{"alias": "/<id>", "regex": "/\\d+(/|\\?)?"}]
    filters = [{"key": "email", "type": "person", "value": "@us.com", "operator": "not_icontains"}]
    api("PATCH", f"/api/projects/{api.project_id}/", json={"path_cleaning_filters": rules, "week_start_day": 1})
    api("PATCH", f"/api/projects/{api.project_id}/", json={"test_account_filters": filters, "surveys_opt_in": True})
    found = api("GET", f"/api/environments/{api.project_id}/").json()
    assert (found["path_cleaning_filters"], found["test_account_filters"]) == (rules, filters)
    assert (found["week_start_day"], found["surveys_opt_in"], found["name"]) == (1, True, "Project")


def test_admins_rename_and_members_may_send_the_present_name(api: Api, admin: Api) -> None:
    path = f"/api/projects/{api.project_id}"
    assert api("PATCH", path, json={"name": "Mine", "week_start_day": 1}).status_code == 403
    assert api("GET", path).json()["week_start_day"] is None
    assert api("PATCH", path, json={"name": " Project ", "week_start_day": 1}).status_code == 200
    assert admin("PATCH", path, json={"name": "Ours"}).json()["name"] == "Ours"
    assert api("GET", path).json()["name"] == "Ours"


@pytest.mark.parametrize(("level", "status"), [("member", 403), ("admin", 200)])
def test_an_organization_without_members_keys_lists_no_projects_to_them(world: World, level: str, status: int) -> None:
    organization, now = world.strict_organization, world.stack.services.now()
    user, _ = accounts.create_user(world.store, f"{uuid4().hex}@example.com", level, organization, now=now)
    api = Api(world.stack, world.new_key(user))
    for path in ("/api/projects", f"/api/organizations/{organization.id}/projects"):
        answer = api("GET", path)
        assert answer.status_code == status
        assert (world.strict_project.project.api_token in answer.text) is (status == 200)


def test_the_zone_of_stored_days_is_the_first_one(world: World) -> None:
    project = world.new_project(timezone="Asia/Tokyo")
    api = world.api(project)
    api("PATCH", f"/api/projects/{api.project_id}", json={"timezone": "Europe/Paris"})
    stored = accounts.find_project(world.store, api.project_id)
    assert stored is not None
    assert (stored.project.timezone, stored.project.days_timezone) == ("Europe/Paris", "Asia/Tokyo")


def test_what_ingest_keeps_in_a_project_cannot_be_set(admin: Api, world: World) -> None:
    body = {
        "name": "x",
        "id": 1,
        "api_token": "phc_mine",
        "organization_id": world.other_organization.id,
        "days_timezone": "Asia/Tokyo",
        "group_types": ["a"],
        "version": 7,
    }
    for answer in (
        admin("POST", "/api/projects", json=body),
        admin("PATCH", f"/api/projects/{admin.project_id}", json=body),
    ):
        assert answer.status_code in (200, 201)
        stored = accounts.find_project(world.store, answer.json()["id"])
        assert stored is not None
        project = stored.project
        assert project.api_token != "phc_mine"
        assert project.organization_id == world.organization.id
        assert (project.days_timezone, project.group_types, project.id != 1) == ("UTC", (), True)


def test_a_project_is_private_where_a_rule_says_what_everybody_may(admin: Api, world: World) -> None:
    path = f"/api/projects/{admin.project_id}"
    assert admin("GET", path).json()["access_control"] is False
    member = accounts.memberships_of(world.store, world.new_user())[0].id
    for subject, is_private in (({"organization_member": member}, False), ({}, True)):
        rule = {"access_level": "member", **subject}
        assert admin("PUT", "access_controls", json=rule).status_code == 200
        assert admin("GET", path).json()["access_control"] is is_private


def test_a_reset_token_is_the_only_one_that_works(admin: Api, world: World) -> None:
    before = admin("GET", f"/api/projects/{admin.project_id}").json()["api_token"]
    after = admin("PATCH", f"/api/projects/{admin.project_id}/reset_token").json()["api_token"]
    assert after != before
    assert world.store.get(*keys.project_token(before)) is None
    assert world.store.get(*keys.project_token(after)) is not None


def test_writers_at_once_lose_nothing(api: Api, project: StoredProject) -> None:
    names = ("surveys_opt_in", "heatmaps_opt_in", "anonymize_ips", "session_recording_opt_in")
    with ThreadPoolExecutor(4) as threads:
        path = f"/api/projects/{api.project_id}"
        answers = list(threads.map(lambda name: api("PATCH", path, json={name: True}), names))
    assert {answer.status_code for answer in answers} <= {200, 409}
    found = api("GET", path).json()
    written = [name for name, answer in zip(names, answers, strict=True) if answer.status_code == 200]
    assert written
    assert all(found[name] is True for name in written)


def test_a_new_project_is_in_the_list_and_in_its_organization(admin: Api, world: World) -> None:
    made = admin("POST", f"/api/organizations/{world.organization.id}/projects", json={"name": "Fresh one"}).json()
    for path in (
        "/api/projects",
        "/api/organizations/@current/projects",
        f"/api/organizations/{made['organization']}/projects",
    ):
        found = admin("GET", path, params={"search": "fresh ONE"}).json()["results"]
        assert made["id"] in [project["id"] for project in found]
    assert made["api_token"].startswith("phc_")
