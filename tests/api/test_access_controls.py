"""Rules over HTTP, beyond the shared cases: who may set them, what they change at once, what a refusal says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from insights_acl import accounts, rule_store
from insights_acl.models import Membership, StoredProject, User
from insights_acl.policy import Rule
from insights_engine.store import Store, open_store
from insights_engine.store.sqlite import SqliteStore

from tests.api.world import Api, World


class Team:
    """`maker` made a notebook; `reader` is another member; `admin` an admin of the organization."""

    def __init__(self, world: World, project: StoredProject) -> None:
        self.world, self.project = world, project
        self.people: dict[str, User] = {}
        self.notebook: dict[str, Any] = self.api("maker")("POST", "notebooks", json={"title": "plan"}).json()

    def user(self, name: str) -> User:
        if name not in self.people:
            self.people[name] = self.world.new_user("admin" if name == "admin" else "member")
        return self.people[name]

    def api(self, name: str) -> Api:
        return self.world.api(self.project, self.user(name))

    def membership(self, name: str) -> Membership:
        return accounts.memberships_of(self.world.store, self.user(name))[0]

    @property
    def place(self) -> str:
        return f"notebooks/{self.notebook['short_id']}"

    def allow(self, level: str | None, by: str = "admin", **subject: Any) -> int:
        answer = self.api(by)("PUT", f"{self.place}/access_controls", json={"access_level": level, **subject})
        return answer.status_code

    def everywhere(self, level: str | None, **subject: Any) -> int:
        body = {"resource": "notebook", "access_level": level, **subject}
        return self.api("admin")("PUT", "resource_access_controls", json=body).status_code


@pytest.fixture
def team(world: World, project: StoredProject) -> Team:
    return Team(world, project)


def test_a_rule_holds_from_the_next_request_on(team: Team) -> None:
    reader = team.api("reader")
    assert reader("GET", team.place).json()["user_access_level"] == "editor"
    assert team.allow("viewer") == 200
    assert reader("GET", team.place).json()["user_access_level"] == "viewer"
    assert reader("PATCH", team.place, json={"title": "x"}).status_code == 403
    assert team.allow("none") == 200
    assert reader("GET", team.place).status_code == 403
    assert team.allow(None) == 204
    assert reader("PATCH", team.place, json={"title": "x"}).json()["title"] == "x"


def test_a_refusal_says_which_rule(team: Team) -> None:
    team.allow("none", organization_member=team.membership("reader").id)
    extra = team.api("reader")("GET", team.place).json()["extra"]
    assert extra == {
        "access_level": "none",
        "required_access_level": "viewer",
        "source": "object",
        "source_subject": "member",
        "source_resource": "notebook",
        "source_resource_id": team.notebook["id"],
        "reason": 'Your level is "none": a rule that names you on this notebook says so.',
    }


def test_a_role_s_rule_follows_its_members(team: Team, admin: Api) -> None:
    team.everywhere("none")
    organization = f"/api/organizations/{team.world.organization.id}"
    role = admin("POST", f"{organization}/roles", json={"name": f"Writers {team.notebook['id']}"}).json()
    assert team.everywhere("editor", role=role["id"]) == 200
    reader = team.api("reader")
    assert reader("GET", team.place).status_code == 403
    body = {"user_uuid": team.user("reader").uuid}
    made = admin("POST", f"{organization}/roles/{role['id']}/role_memberships", json=body)
    assert made.status_code == 201, made.text
    assert reader("PATCH", team.place, json={"title": "x"}).status_code == 200
    assert admin("DELETE", f"{organization}/roles/{role['id']}").status_code == 204
    assert reader("GET", team.place).status_code == 403
    rules = admin("GET", "resource_access_controls").json()["access_controls"]
    assert [rule["role"] for rule in rules] == [None]


def test_rules_of_who_leaves_are_forgotten(team: Team, admin: Api) -> None:
    membership = team.membership("reader")
    for level in ("none", "viewer"):
        assert team.allow(level, organization_member=membership.id) == 200
    assert team.everywhere("viewer", organization_member=membership.id) == 200
    organization = f"/api/organizations/{team.world.organization.id}"
    gone = admin("DELETE", f"{organization}/members/{team.user('reader').uuid}")
    assert gone.status_code == 204, gone.text
    assert admin("GET", f"{team.place}/access_controls").json()["access_controls"] == []
    assert admin("GET", "resource_access_controls").json()["access_controls"] == []


@pytest.mark.parametrize(
    ("who", "status"), [("maker", 200), ("admin", 200), ("reader", 403)], ids=["maker", "admin", "another member"]
)
def test_who_may_set_rules(team: Team, who: str, status: int) -> None:
    assert team.allow("viewer", by=who) == status


def test_a_manager_by_rule_may_set_rules_and_an_admin_of_the_project_by_rule(team: Team) -> None:
    team.allow("manager", organization_member=team.membership("reader").id)
    assert team.allow("editor", by="reader") == 200
    project = {"access_level": "admin", "organization_member": team.membership("other").id}
    assert team.allow("editor", by="other") == 403
    assert team.api("admin")("PUT", "access_controls", json=project).status_code == 200
    assert team.allow("viewer", by="other") == 200
    assert team.allow("editor", by="other") == 403, "who may only view an object cannot set its rules"


def test_rules_on_whole_kinds_are_for_admins(team: Team) -> None:
    """Who manages objects of a kind, even all of them, is not yet one."""
    body = {"resource": "notebook", "access_level": "viewer"}
    team.everywhere("manager", organization_member=team.membership("reader").id)
    for path in ("resource_access_controls", "global_access_controls"):
        refused = team.api("reader")("PUT", path, json=body)
        assert refused.status_code == 403
        assert refused.json()["detail"] == "Must be an Organization admin to modify project-wide permissions."
        assert team.api("reader")("PUT", path, json={**body, "access_level": None}).status_code == 403
    rules = team.api("admin")("GET", "resource_access_controls").json()["access_controls"]
    assert [rule["access_level"] for rule in rules] == ["manager"]
    project = {"access_level": "admin", "organization_member": team.membership("reader").id}
    assert team.api("admin")("PUT", "access_controls", json=project).status_code == 200
    assert team.api("reader")("PUT", "resource_access_controls", json=body).status_code == 200


def test_rules_on_the_project_are_for_admins(team: Team) -> None:
    """That an open project makes everybody its admin does not count."""
    body = {"access_level": "member"}
    assert team.api("reader")("PUT", "access_controls", json=body).status_code == 403
    assert team.api("admin")("PUT", "access_controls", json=body).status_code == 200
    assert team.api("reader")("PUT", "access_controls", json={"access_level": None}).status_code == 403


def test_explaining_somebody_else_is_for_who_may_set_rules(team: Team) -> None:
    team.everywhere("viewer")
    maker, reader = team.user("maker"), team.user("reader")
    path = f"{team.place}/access_controls/explain"
    found = team.api("admin")("GET", path, params={"user": reader.email}).json()
    assert (found["user_access_level"], found["can_read"], found["can_write"]) == ("viewer", True, False)
    assert (
        found["gates"]["write_route"]["reason"]
        == 'Your level is "viewer": a rule for everybody on every notebook says so.'
    )
    assert [rule["resource"] for rule in found["rules"]] == ["notebook"]
    assert team.api("reader")("GET", path).json()["user_id"] == reader.uuid
    assert team.api("reader")("GET", path, params={"user": maker.uuid}).status_code == 403
    unknown = team.api("admin")("GET", path, params={"user": "nobody@example.com"})
    assert (unknown.status_code, unknown.json()["attr"]) == (400, "user")


def test_the_log_has_every_change_of_a_rule(team: Team) -> None:
    for level in ("viewer", "none", None):
        team.allow(level)
    log = team.api("admin")("GET", "activity_log", params={"scope": "notebook"}).json()["results"]
    seen = [(e["activity"], *[(c["before"], c["after"]) for c in e["detail"]["changes"]]) for e in log]
    assert seen == [
        ("access_control_deleted", ("none", None)),
        ("access_control_changed", ("viewer", "none")),
        ("access_control_created", (None, "viewer")),
        ("created",),
    ]
    assert log[0]["user"]["email"] == team.user("admin").email
    assert team.api("admin")("GET", f"{team.place}/activity").json()["results"] == log


def test_the_log_goes_on_page_by_page(team: Team) -> None:
    for level in ("viewer", "none", "editor"):
        team.allow(level)
    admin, seen, address = team.api("admin"), [], "activity_log?limit=1"
    while address:
        page = admin("GET", address).json()
        seen += page["results"]
        address = page["next"] and page["next"].removeprefix("http://testserver")
    assert len(seen) == 4
    assert admin("GET", "activity_log?limit=0").json()["attr"] == "limit"


def test_setting_the_same_level_again_changes_and_notes_nothing(team: Team) -> None:
    team.allow("viewer")
    team.allow("viewer")
    assert len(team.api("admin")("GET", "activity_log").json()["results"]) == 2


def test_lists_leave_out_what_is_closed_and_count_what_they_show(team: Team) -> None:
    team.api("maker")("POST", "notebooks", json={"title": "open"})
    team.allow("none")
    shown = team.api("reader")("GET", "notebooks").json()
    assert (shown["count"], [one["title"] for one in shown["results"]]) == (1, ["open"])
    assert team.api("maker")("GET", "notebooks").json()["count"] == 2
    assert team.api("admin")("GET", "notebooks").json()["count"] == 1
    assert team.api("admin")("GET", "notebooks", params={"admin_include_all": "true"}).json()["count"] == 2


def test_without_the_entitlement_rules_do_not_count(team: Team, world: World) -> None:
    team.allow("none")
    organization = world.organization
    world.organization = accounts.update_organization(world.store, replace(organization, features=()))
    try:
        assert team.api("reader")("GET", team.place).json()["user_access_level"] == "editor"
        assert team.api("reader")("GET", "notebooks").json()["count"] == 1
    finally:
        world.organization = accounts.update_organization(
            world.store, replace(world.organization, features=organization.features)
        )
    assert team.api("reader")("GET", team.place).status_code == 403


def test_a_project_that_a_rule_closes(team: Team, world: World) -> None:
    admin, reader = team.api("admin"), team.api("reader")
    assert admin("PUT", "access_controls", json={"access_level": "none"}).status_code == 200
    project = f"/api/projects/{team.project.project.id}"
    assert reader("GET", project).status_code == 404
    assert reader("GET", "notebooks").status_code == 403
    assert reader("GET", "insights/trend", params={"events": '[{"id": "e"}]'}).status_code == 403
    listed = reader("GET", "/api/projects").json()["results"]
    assert team.project.project.id not in [one["id"] for one in listed]
    assert str(team.project.project.api_token) not in reader("GET", "/api/users/@me").text
    assert admin("GET", project).json()["user_access_level"] == "admin"
    member = {"access_level": "member", "organization_member": team.membership("reader").id}
    assert admin("PUT", "access_controls", json=member).status_code == 200
    assert reader("GET", project).json()["user_access_level"] == "member"
    assert reader("PATCH", project, json={"timezone": "UTC"}).status_code == 403


def test_the_current_project_is_no_secret_but_may_be_closed(team: Team, world: World) -> None:
    """`@current` names nothing that its caller did not choose."""
    accounts.update_user(world.store, replace(team.user("reader"), current_project_id=team.project.project.id))
    reader = team.api("reader")
    assert reader("GET", "/api/projects/@current").json()["id"] == team.project.project.id
    assert team.api("admin")("PUT", "access_controls", json={"access_level": "none"}).status_code == 200
    refused = reader("GET", "/api/projects/@current")
    assert (refused.status_code, refused.json()["detail"]) == (403, "You don't have access to the project.")


def test_who_may_open_an_object_is_who_may_open_its_project(team: Team) -> None:
    def listed() -> dict[str, str]:
        found = team.api("admin")("GET", f"{team.place}/users_with_access").json()["users"]
        names = {user.uuid: name for name, user in team.people.items()}
        return {names[one["user_id"]]: one["access_level"] for one in found if one["user_id"] in names}

    for name in ("reader", "outsider", "inactive"):
        team.user(name)
    everybody = {"maker": "manager", "admin": "manager", "reader": "editor", "outsider": "editor", "inactive": "editor"}
    assert listed() == everybody
    accounts.update_user(team.world.store, replace(team.user("inactive"), is_active=False))
    closed = {"access_level": "none", "organization_member": team.membership("outsider").id}
    assert team.api("admin")("PUT", "access_controls", json=closed).status_code == 200
    team.allow("none", organization_member=team.membership("reader").id)
    assert listed() == {"maker": "manager", "admin": "manager"}


def test_the_settings_show_what_is_given_inherited_and_effective(team: Team, admin: Api) -> None:
    """Everybody may view notebooks, a role edits them, one member is named with less, which the highest outweighs."""
    organization, reader = f"/api/organizations/{team.world.organization.id}", team.membership("reader")
    role = admin("POST", f"{organization}/roles", json={"name": f"Editors {team.notebook['id']}"}).json()
    body = {"user_uuid": team.user("reader").uuid}
    assert admin("POST", f"{organization}/roles/{role['id']}/role_memberships", json=body).status_code == 201
    team.everywhere("viewer")
    team.everywhere("editor", role=role["id"])
    team.everywhere("none", organization_member=reader.id)

    defaults = admin("GET", "access_control_defaults").json()
    assert (defaults["project_access_level"], defaults["can_edit"]) == ("admin", True)
    assert defaults["resource_access_levels"]["notebook"] == {
        "access_level": "viewer",
        "minimum": "none",
        "maximum": "manager",
    }
    assert defaults["resource_access_levels"]["insight"]["access_level"] is None

    (of_role,) = [r for r in admin("GET", "access_control_roles").json()["results"] if r["role_id"] == role["id"]]
    assert levels(of_role["resources"]["notebook"]) == ("editor", "viewer", "editor", "project_default")
    assert levels(of_role["resources"]["insight"]) == (None, "editor", "editor", "project_default")
    assert levels(of_role["project"]) == (None, "admin", "admin", "project_default")

    members = admin("GET", "access_control_members").json()["results"]
    found = {member["organization_membership_id"]: member["resources"]["notebook"] for member in members}
    assert levels(found[reader.id]) == ("none", "editor", "editor", "role_override")
    assert levels(found[team.membership("maker").id]) == (None, "viewer", "viewer", "project_default")
    assert levels(found[team.membership("admin").id]) == (None, "manager", "manager", "organization_admin")


def levels(shown: dict[str, Any]) -> tuple[str | None, ...]:
    names = ("access_level", "inherited_access_level", "effective_access_level", "inherited_access_level_reason")
    return tuple(shown[name] for name in names)


def test_the_older_name_of_rules_on_kinds_is_the_same(team: Team, admin: Api) -> None:
    body = {"resource": "notebook", "access_level": "viewer"}
    assert admin("PUT", "global_access_controls", json=body).status_code == 200
    assert admin("GET", "global_access_controls").json() == admin("GET", "resource_access_controls").json()
    assert team.api("reader")("GET", team.place).json()["user_access_level"] == "viewer"


def test_a_rule_holds_at_once_in_another_environment(team: Team, world: World) -> None:
    """Nothing of a decision is kept: an environment that has answered before sees a rule that another one wrote."""
    reader = team.api("reader")
    assert reader("GET", team.place).status_code == 200
    elsewhere = open_store(world.stack.services.settings.policies_table)
    rule = Rule("notebook", "none", team.notebook["id"])
    rule_store.set_rule(elsewhere, team.project.project.id, rule, world.stack.services.now())
    assert reader("GET", team.place).status_code == 403


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({}, "access_level"),
        ({"access_level": 7}, "access_level"),
        ({"access_level": "admin"}, "access_level"),
        ({"access_level": "viewer", "organization_member": "x"}, "organization_member"),
        ({"access_level": "viewer", "organization_member": 3}, "organization_member"),
        ({"access_level": "viewer", "role": ["x"]}, "role"),
        ({"access_level": "viewer", "role": "00000000-0000-4000-8000-000000000000"}, "role"),
    ],
)
def test_a_rule_that_is_wrong_names_its_field(team: Team, body: dict[str, Any], attr: str) -> None:
    answer = team.api("admin")("PUT", f"{team.place}/access_controls", json=body)
    assert (answer.status_code, answer.json()["attr"]) == (400, attr), answer.text


@pytest.mark.parametrize("resource", [None, 7, "", "notebok", "organization", ["notebook"]])
def test_a_rule_on_a_kind_that_is_not_known(team: Team, resource: Any) -> None:
    body = {"access_level": "viewer", **({} if resource is None else {"resource": resource})}
    answer = team.api("admin")("PUT", "resource_access_controls", json=body)
    assert (answer.status_code, answer.json()["attr"]) == (400, "resource"), answer.text


def test_actions_cannot_be_closed_below_viewer(team: Team) -> None:
    body = {"resource": "action", "access_level": "none"}
    answer = team.api("admin")("PUT", "resource_access_controls", json=body)
    assert answer.json()["detail"] == "Access level cannot be set below the minimum 'viewer' for action."


class Counting:
    """A store that counts the reads of a request: each call is one round trip."""

    def __init__(self, store: Store) -> None:
        self.store, self.reads = store, 0

    def __getattr__(self, name: str) -> Any:
        self.reads += name in ("get", "get_many", "query")
        return getattr(self.store, name)


@pytest.mark.parametrize(
    ("path", "reads"),
    [("notebooks/{id}", 4), ("notebooks", 4), ("insights/trend?events=[{{}}]&date_from=bad", 2)],
    ids=["an object", "a list", "a question"],
)
def test_rules_cost_one_read_at_most(team: Team, monkeypatch: pytest.MonkeyPatch, path: str, reads: int) -> None:
    """Two reads say who asks; an object or a list is one more, its rules another; a question needs none for rules."""
    services = team.world.stack.services
    if not isinstance(services.policies, SqliteStore):
        pytest.skip("the number is the same on every store")
    team.everywhere("editor")
    reader = team.api("reader")
    reader("GET", "notebooks")  # the key's first use is noted
    counting = Counting(services.policies)
    monkeypatch.setitem(services.__dict__, "policies", counting)
    reader("GET", path.format(id=team.notebook["id"]))
    assert counting.reads == reads


def test_at_once_every_rule_is_kept(team: Team, world: World) -> None:
    """Rules on kinds share an item, which several people write at once."""
    from concurrent.futures import ThreadPoolExecutor

    now, project_id = world.stack.services.now(), team.project.project.id
    kinds = ("dashboard", "insight", "notebook", "action", "survey", "export")

    def put(kind: str) -> None:
        rule_store.set_rule(world.store, project_id, Rule(kind, "viewer"), now)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(put, kinds))
    assert {rule.resource for rule in rule_store.read(world.store, project_id).project_wide} == set(kinds)
