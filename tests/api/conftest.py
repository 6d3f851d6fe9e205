"""The functions behind API Gateway, as in the cloud, on one store or both, over an embedded ClickHouse."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from insights_acl.models import StoredProject
from insights_local.stack import Stack

from tests.api.crew import Crew
from tests.api.world import Api, World
from tests.examples import IS_THOROUGH

# Modules about people, keys, rules and tiles, most of which is written with a condition. That both stores do the same
# is what their contract says, so the others ask the embedded one alone; `make thorough` asks both.
ON_BOTH_STORES = frozenset(
    {
        *("test_access_controls", "test_auth", "test_invites", "test_members", "test_organizations"),
        *("test_organization_boundaries", "test_projects", "test_roles", "test_tiles"),
    }
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "stack" in metafunc.fixturenames:
        name = metafunc.module.__name__.rpartition(".")[2]
        stores = ["sqlite", "dynamodb"] if IS_THOROUGH or name in ON_BOTH_STORES else ["sqlite"]
        metafunc.parametrize("stack", stores, indirect=True, scope="session")


@pytest.fixture(scope="session")
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
