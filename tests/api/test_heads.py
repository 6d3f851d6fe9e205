"""A HEAD is answered as the GET is, without its body: what programs ask that only want to know whether it is there."""

from __future__ import annotations

import re

import pytest
from insights_acl.permissions import each_route
from insights_local.stack import Stack

from tests.api.world import Api, World

PATHS = [path for method, path, permission in each_route() if method == "GET" and permission.scopes]


@pytest.fixture(scope="module")
def owner(world: World) -> Api:
    return world.api(world.new_project(), world.new_user("owner"))


@pytest.mark.parametrize("path", PATHS)
def test_each_route_that_answers_get(owner: Api, world: World, path: str) -> None:
    places = {"project_id": str(owner.project_id), "organization_id": world.organization.id}
    filled = re.sub(r"\{(\w+)\}", lambda found: places.get(found[1], "7"), path)
    asked, told = owner("GET", filled), owner("HEAD", filled)
    assert (told.status_code, told.content) == (asked.status_code, b"")
    assert told.headers["content-type"] == asked.headers["content-type"]
    assert Api(world.stack, None)("HEAD", filled).status_code == 401


def test_a_path_without_a_get_has_no_head(owner: Api) -> None:
    assert owner("HEAD", "insights/viewed").status_code == owner("GET", "insights/viewed").status_code


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
def test_the_documentation_is_open_to_heads(stack: Stack, path: str) -> None:
    asked, told = (Api(stack, None)(method, path) for method in ("GET", "HEAD"))
    assert (told.status_code, told.content, told.headers["content-type"]) == (200, b"", asked.headers["content-type"])


@pytest.mark.parametrize("path", ["/e", "/capture"])
def test_capture_takes_no_heads(stack: Stack, path: str) -> None:
    assert Api(stack, None)("HEAD", path).status_code == 405
