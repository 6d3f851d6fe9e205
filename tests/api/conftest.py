"""The functions behind API Gateway, as in the cloud: each test runs on both stores, over an embedded ClickHouse."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest
from insights_acl import accounts
from insights_acl.models import Organization, StoredProject, User
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


@dataclass
class World:
    """Two organizations. `both` belongs to each; nobody else belongs to the other one."""

    stack: Stack
    organization: Organization
    other_organization: Organization
    other_project: StoredProject
    keys: dict[str, str] = field(default_factory=dict)

    @property
    def store(self) -> Any:
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


@pytest.fixture(scope="session", params=["sqlite", "dynamodb"])
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """The local stack on either store. Tests share it, so each takes a project of its own."""
    policies = request.getfixturevalue("dynamo_table")("policies") if request.param == "dynamodb" else None
    with Stack(policies=policies) as stack:
        yield stack


@pytest.fixture(scope="session")
def world(stack: Stack) -> World:
    store, now = stack.services.policies, stack.services.now()
    organization = accounts.create_organization(store, "First", now=now)
    other = accounts.create_organization(store, "Other", now=now)
    other_project = accounts.create_project(store, other, "Theirs", now=now)
    return World(stack, organization, other, other_project)


@pytest.fixture
def project(world: World) -> StoredProject:
    return world.new_project()


@pytest.fixture
def api(world: World, project: StoredProject) -> Api:
    """A member with a key of all scopes, in a project of the test's own."""
    return world.api(project)


@pytest.fixture
def admin(world: World, project: StoredProject) -> Api:
    return world.api(project, world.new_user("admin"))


@pytest.fixture
def nobody(stack: Stack, project: StoredProject) -> Api:
    return Api(stack, None, project.project.id)
