"""The people, keys and projects that the cases name: `{p1}`, `{org2}`, `{"user": "admin", "scopes": [...]}`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from insights_acl import accounts
from insights_acl.models import PersonalKey, StoredProject, User, item_of
from insights_acl.tokens import hash_of
from insights_engine.store import Store

from tests.api.world import World

_NAME = re.compile(r"\{([a-z]\w*)\}")
# `{{key[*] teams=[p1]}}`
_WORDS = re.compile(r"\{\{key\[(?P<scopes>[^\]]*)\](?: teams=\[(?P<teams>\w+)\])?(?: orgs=\[(?P<organizations>\w+)\])?")


@dataclass(frozen=True)
class Cast:
    """`project` is p1; the rest is made when a case asks for it."""

    world: World
    project: StoredProject

    @property
    def store(self) -> Store:
        return self.world.store

    def filled(self, value: Any) -> Any:
        """`{name}` in texts becomes what it names; a text that is nothing else keeps its type."""
        if isinstance(value, dict):
            return {name: self.filled(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.filled(inner) for inner in value]
        if not isinstance(value, str):
            return value
        whole = _NAME.fullmatch(value)
        return self.named(whole[1]) if whole else _NAME.sub(lambda found: str(self.named(found[1])), value)

    def named(self, name: str) -> Any:
        match name:
            case "org1":
                return self.world.organization.id
            case "org2":
                return self.world.other_organization.id
            case "key" | "key_star":
                return self.key_of({})
            case _ if name.endswith("_token"):
                return self.project_named(name.removesuffix("_token")).project.api_token
            case _:
                return self.project_named(name).project.id

    def project_named(self, name: str) -> StoredProject:
        match name:
            case "p1":
                return self.project
            case "p2":
                return self.world.second_project
            case "p_other" | "p_other_org":
                return self.world.other_project
            case "p_strict":
                return self.world.strict_project
        raise KeyError(name)

    def key_of(self, spec: dict[str, Any] | None) -> str | None:
        """The value of a key of a user who has no other; None sends none."""
        if spec is None:
            return None
        text = json.dumps(spec)
        if "p1" in text:  # each test has its own
            return self._new_key(spec)
        if text not in self.world.keys:
            self.world.keys[text] = self._new_key(spec)
        return self.world.keys[text]

    def _new_key(self, spec: dict[str, Any]) -> str:
        user = self.user(spec.get("user", "member"))
        teams = [self.named(name) for name in spec.get("teams", ())]
        organizations = [self.named(name) for name in spec.get("organizations", ())]
        scopes = tuple(spec.get("scopes", ("*",)))
        value = self.world.new_key(user, scopes or ("*",), scoped_teams=teams, scoped_organizations=organizations)
        if not scopes:
            self._take_scopes(value)
        return value

    def key_of_words(self, words: str | None) -> str | None:
        if words is None or words.startswith("{{key_star"):
            return self.key_of(None if words is None else {})
        found = _WORDS.match(words)
        if found is None:
            return self.key_of({"user": "admin" if "admin" in words else "member"})
        spec: dict[str, Any] = {"scopes": found["scopes"].split()}
        spec |= {name: [found[name]] for name in ("teams", "organizations") if found[name]}
        return self.key_of({**spec, "user": "both_in_other" if "organizations" in spec else "member"})

    def user(self, name: str) -> User:
        world, now = self.world, self.world.stack.services.now()
        match name:
            case "both":
                return world.new_user(both=True)
            case "both_in_other":
                user = world.new_user(both=True)
                return accounts.update_user(
                    self.store, replace(user, current_project_id=world.other_project.project.id)
                )
            case "nowhere":
                left = accounts.create_organization(self.store, "Left", now=now)
                user, membership = accounts.create_user(
                    self.store, f"{uuid4().hex}@example.com", organization=left, now=now
                )
                accounts.remove_member(self.store, membership)
                return user
            case "strict" | "strict_admin":
                user = world.new_user()
                level = "admin" if name == "strict_admin" else "member"
                accounts.add_member(self.store, user, world.strict_organization, level, now=now)
                return user
            case _:
                return world.new_user(name)

    def _take_scopes(self, value: str) -> None:
        """Keys without scopes can no longer be made, but older ones have none."""
        from insights_acl import keys

        place = keys.personal_key(hash_of(value))
        item = self.store.get(*place)
        assert item is not None
        self.store.put(item_of(replace(PersonalKey.from_item(item), scopes=()), place))
