"""An organization of a test's own, with a member of each level: what the tests of its people are about."""

from __future__ import annotations

from uuid import uuid4

from insights_acl import accounts
from insights_acl.models import User

from tests.api.world import Api, World

SECRET = "quartz-lantern"  # stands in every name that nobody else may see


class Crew:
    def __init__(self, world: World) -> None:
        self.world = world
        self.organization = accounts.create_organization(world.store, f"{SECRET} Crew", now=world.stack.services.now())
        self.path = f"/api/organizations/{self.organization.id}"
        self.people: dict[str, User] = {}
        for name in ("owner", "admin", "member"):
            self.add(name)

    def add(self, name: str) -> User:
        """`admin2` is a second admin."""
        now, email = self.world.stack.services.now(), f"{name}.{SECRET}.{uuid4().hex}@example.com"
        made, _ = accounts.create_user(self.world.store, email, name.rstrip("2"), self.organization, now=now)
        self.people[name] = made
        return made

    def api(self, name: str, *scopes: str) -> Api:
        return Api(self.world.stack, self.world.new_key(self.people[name], scopes or ("*",)))

    def at(self, name: str) -> str:
        return f"{self.path}/members/{self.people[name].uuid}"

    def level(self, name: str) -> int | None:
        found = accounts.find_membership(self.world.store, self.organization.id, self.people[name].uuid)
        return int(found.level) if found else None
