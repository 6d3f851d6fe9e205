"""The functions behind API Gateway, as in the cloud: each test runs on both stores, over an embedded ClickHouse."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from insights_acl.models import StoredProject
from insights_local.stack import Stack

from tests.api.crew import Crew
from tests.api.world import Api, World


@pytest.fixture(scope="session", params=["sqlite", "dynamodb"])
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """The local stack on either store. Tests share it, so each takes a project of its own."""
    tables: dict[str, str] = {}
    if request.param == "dynamodb":
        make = request.getfixturevalue("dynamo_table")
        tables = {kind: make(kind) for kind in ("policies", "results")}
    with Stack(**tables) as stack:
        yield stack


@pytest.fixture(scope="session")
def world(stack: Stack) -> World:
    return World.of(stack)


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
def crew(world: World) -> Crew:
    """An organization of the test's own."""
    return Crew(world)
