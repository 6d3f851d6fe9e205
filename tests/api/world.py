"""Who and what the tests of the API are about: two organizations, their people, and requests with their keys."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import httpx
from insights_acl import accounts
from insights_acl.models import Organization, StoredProject, User
from insights_engine.store import Store
from insights_local.stack import Stack


@dataclass(frozen=True)
class Api:
    """Requests with one key; `None` sends none."""

    stack: Stack
    key: str | None
    project_id: int = 0

    def __call__(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """A path that does not begin with `/` is one of the project."""
        path = path if path.startswith("/") else f"/api/projects/{self.project_id}/{path}"
        return asyncio.run(self._send(method, path, **kwargs))

    async def _send(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        transport = httpx.ASGITransport(app=self.stack.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver", headers=headers) as client:
            return await client.request(method, path, **kwargs)


@contextmanager
def limited(stack: Stack, rates: str = "", at_once: int = 0) -> Iterator[None]:
    """The stack with RATE_LIMITS and QUERIES_AT_ONCE."""
    before = stack.services.settings
    stack.services.settings = replace(before, rate_limits=rates, queries_at_once=at_once)
    try:
        yield
    finally:
        stack.services.settings = before


@dataclass
class World:
    """Two organizations. `both` belongs to each; nobody else belongs to the other one."""

    stack: Stack
    organization: Organization
    other_organization: Organization
    other_project: StoredProject
    second_project: StoredProject
    strict_organization: Organization
    strict_project: StoredProject
    # Values by what the cases say of them.
    keys: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, stack: Stack) -> World:
        """`strict` lets no members use personal keys."""
        store, now = stack.services.policies, stack.services.now()
        first, other, strict = (accounts.create_organization(store, n, now=now) for n in ("First", "Other", "Strict"))
        strict = accounts.update_organization(store, replace(strict, members_can_use_personal_api_keys=False))
        projects = [accounts.create_project(store, o, "Project", now=now) for o in (other, first, strict)]
        return cls(stack, first, other, projects[0], projects[1], strict, projects[2])

    @property
    def store(self) -> Store:
        return self.stack.services.policies

    def new_project(self, **settings: Any) -> StoredProject:
        now = self.stack.services.now()
        return accounts.create_project(self.store, self.organization, "Project", settings, now=now)

    def new_user(self, level: str = "member", *, both: bool = False) -> User:
        store, now = self.store, self.stack.services.now()
        user, _ = accounts.create_user(store, f"{uuid4().hex}@example.com", level, self.organization, now=now)
        if both:
            accounts.add_member(store, user, self.other_organization, "member", now=now)
        return user

    def new_key(self, user: User, scopes: tuple[str, ...] = ("*",), **restrictions: Any) -> str:
        return accounts.create_personal_key(
            self.store, user, "test", scopes, **restrictions, now=self.stack.services.now()
        )[1]

    def api(self, project: StoredProject, user: User | None = None, *scopes: str) -> Api:
        user = user or self.new_user()
        return Api(self.stack, self.new_key(user, scopes or ("*",)), project.project.id)
