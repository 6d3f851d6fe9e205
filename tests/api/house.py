"""The people and objects that the shared cases speak of: one house a case, with what its setup says done in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from insights_acl import accounts, rule_store
from insights_acl.models import Membership, Role, User
from insights_acl.policy import Rule
from insights_acl.roles import create_role

from tests.api.cast import Cast
from tests.api.world import Api

_RULE = re.compile(
    r"rule: (?P<on>resource|project|notebook) (?P<what>\S+) (?P<subject>default|role \w+) (?P<level>\w+)"
)
_KEY = re.compile(r"\{\{key\[(?P<scopes>[^\]]+)\] org_admin\}\}")


@dataclass(frozen=True)
class House(Cast):
    """`member` made the notebook n_mine, `other` everything else; `org_admin` may do everything."""

    people: dict[str, User] = field(default_factory=dict)
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)

    def user(self, name: str) -> User:
        if name not in ("member", "org_admin", "other", "ex_member"):
            return super().user(name)
        if name not in self.people:
            made = self.world.new_user("admin" if name == "org_admin" else "member")
            project_id = self.project.project.id
            self.people[name] = accounts.update_user(self.store, replace(made, current_project_id=project_id))
        return self.people[name]

    def api(self, name: str) -> Api:
        return Api(self.world.stack, self.world.new_key(self.user(name)), self.project.project.id)

    def key_of_words(self, words: str | None) -> str | None:
        if words and words.startswith("session:"):
            return self.world.new_key(self.user(words.removeprefix("session:")))
        if words and (found := _KEY.fullmatch(words)):
            return self.world.new_key(self.user("org_admin"), tuple(found["scopes"].split()))
        return super().key_of_words(words)

    def named(self, name: str) -> Any:
        match name:
            case "n_mine" | "n_other":
                return self.object(name, "notebooks", "member" if name == "n_mine" else "other")["short_id"]
            case "n_mine_uuid":
                return self.object("n_mine", "notebooks", "member")["id"]
            case "i1" | "i_never_computed":
                query = {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "$pageview"}]}
                return self.object(name, "insights", "member", name="Views", query=query)["id"]
            case "d1" | "d_new":
                return self.object(name, "dashboards", "other", name=name)["id"]
            case "membership_u1":
                return self.membership("member").id
            case "membership_other_org":
                return self.elsewhere.id
            case "project_token":
                return self.project.project.api_token
            case "site_url":
                return "http://testserver"
        return super().named(name)

    def object(self, name: str, route: str, of: str, /, **body: Any) -> dict[str, Any]:
        if name not in self.objects:
            answer = self.api(of)("POST", route, json=body)
            assert answer.status_code == 201, answer.text
            self.objects[name] = answer.json()
        return self.objects[name]

    def membership(self, name: str) -> Membership:
        return accounts.memberships_of(self.store, self.user(name))[0]

    @cached_property
    def elsewhere(self) -> Membership:
        _, membership = accounts.create_user(
            self.store, f"{id(self)}@elsewhere.example", organization=self.world.other_organization, now=self.now
        )
        return membership

    @property
    def now(self) -> Any:
        return self.world.stack.services.now()

    def role(self, name: str) -> Role:
        return create_role(self.store, self.world.organization.id, name, now=self.now)

    def prepare(self, sentence: str) -> None:
        """What a line of a setup says. Raises KeyError for one that nobody knows."""
        if found := _RULE.fullmatch(sentence):
            self._rule(found)
            return
        _SENTENCES[sentence](self)

    def _rule(self, found: re.Match[str]) -> None:
        subject = found["subject"]
        role = self.role(subject.removeprefix("role ")).id if subject != "default" else None
        if found["on"] == "resource":
            rule = Rule(found["what"], found["level"], None, None, role)
        else:
            name = found["what"].strip("{}")
            self.named(name)
            stored = str(self.objects[name]["id"] if name in self.objects else self.named(name))
            rule = Rule(found["on"], found["level"], stored, None, role)
        project_id = int(rule.resource_id or 0) if rule.resource == "project" else self.project.project.id
        rule_store.set_rule(self.store, project_id, rule, self.now)

    def _three_projects(self) -> None:
        self.world.new_project()

    def _four_members(self) -> None:
        """None of them an admin, whom a list would put beside the creator."""
        for name in ("member", "other"):
            self.user(name)
        self.world.new_user()
        self.world.new_user()

    def _ex_member(self) -> None:
        accounts.remove_member(self.store, self.membership("ex_member"))

    def _current_elsewhere(self) -> None:
        """`both_in_other` is made so."""

    def _thousand_dashboards(self) -> None:
        for number in range(1000):
            rule = Rule("dashboard", "viewer", str(10_000 + number))
            pk, sk = f"PROJECT#{self.project.project.id}#ACL#dashboard", f"{rule.resource_id}#*"
            fields = {"resource": rule.resource, "resource_id": rule.resource_id, "level": rule.level}
            self.store.put({"pk": pk, "sk": sk, **fields, "created_at": "", "updated_at": "", "version": 1})

    def _computed(self) -> None:
        assert self.api("member")("GET", f"insights/{self.named('i1')}").status_code == 200

    def _many_requests(self) -> None:
        key = self.key_of_words("{{key_star}}")
        api = Api(self.world.stack, key, self.project.project.id)
        assert {api("GET", "insights").status_code for _ in range(240)} == {200}

    def _pageviews(self) -> None:
        events = [
            {"event": "$pageview", "distinct_id": "u", "timestamp": at, "properties": {}}
            for at in ("2012-01-14T03:21:34Z", "2012-01-14T03:21:35Z", "2012-01-15T04:01:34Z")
        ]
        persons = [{"distinct_ids": ["u"], "properties": {}}]
        self.world.stack.load(self.project.project.id, persons, [], events)


_SENTENCES: dict[str, Callable[[House], None]] = {
    "3 projects in the org": House._three_projects,
    "4 active org members": House._four_members,
    "delete the caller's membership": House._ex_member,
    "set the user's current project to {{p_other_org}}": House._current_elsewhere,
    "1000 distinct dashboards already carry object rules": House._thousand_dashboards,
    "a fresh cached result exists": House._computed,
    "send 240 personal-API-key requests to insight endpoints within one minute": House._many_requests,
    "now = 2012-01-15T04:01:34Z, timezone UTC": lambda house: None,
    "2 $pageview events on 2012-01-14, 1 on 2012-01-15": House._pageviews,
}
