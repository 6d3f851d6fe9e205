"""What `resources` mounts is loaded by the paths of its routes, and answers as if it were there from the start."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from insights_acl.levels import ANSWERED
from insights_acl.mixin import AccessControlMixin
from insights_api.mounts import MOUNTS
from insights_api.resource import Resource
from insights_engine.mounting import Mounted
from insights_local.openapi.kinds import class_of
from insights_local.routes import ROOT
from starlette.routing import Match

ROUTES = [(mount, route) for mount in MOUNTS for route in mount.router.routes if isinstance(route, APIRoute)]
VALUES = ("7", "@current", "trend", "sharing", "access_controls", "my_last_viewed", "ab-cd.é", "query")


def filled(path: str, value: str) -> str:
    return re.sub(r"\{[^}]+\}", value, path)


def endpoint(routes: list[Any], method: str, path: str) -> tuple[str, str] | None:
    """Of the route that the router would take: the first that fits wholly, else the first but for its method."""
    scope = {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}
    partial = None
    for route in routes:
        match, child = route.matches(scope)
        if match is Match.FULL:
            return "full", child["endpoint"].__qualname__ + child["endpoint"].__module__
        if match is Match.PARTIAL and partial is None:
            partial = "partial", child["endpoint"].__qualname__ + child["endpoint"].__module__
    return partial


@pytest.mark.parametrize("mount", MOUNTS, ids=lambda mount: mount.module)
def test_a_mount_looks_at_the_paths_of_all_its_routes(mount: Mounted) -> None:
    assert isinstance(mount.router, APIRouter)
    paths = [filled(route.path, value) for found, route in ROUTES if found is mount for value in VALUES]
    assert paths
    assert [path for path in paths if not mount.paths.match(path)] == []


@pytest.mark.parametrize("value", VALUES)
def test_each_path_reaches_the_endpoint_that_it_would_reach_among_all_routes(value: str) -> None:
    every = [route for _, route in ROUTES]
    paths = {filled(route.path, value) for route in every} | {f"{filled(route.path, value)}/{value}" for route in every}
    paths |= {"/", "/nothing", "/apis", "/api", "/api/nothing", "/e/x", "/api/projects/7/nothing", "/api/usersx"}
    for path in sorted(paths):
        for method in ("GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"):
            assert endpoint(list(MOUNTS), method, path) == endpoint(every, method, path), (method, path)


def test_the_routers_of_all_functions_are_mounted() -> None:
    sources = [path.read_text("utf-8") for path in ROOT.glob("functions/*/app.py")]
    names = {name for text in sources for name in re.findall(r"(\w+)\.router", text)}
    assert names <= {mount.module.rpartition(".")[2] for mount in MOUNTS}


def test_what_access_rules_guard_is_a_kind_of_a_row_and_a_module_of_its_route_s_name() -> None:
    kinds = {kind.name for kind in ANSWERED}
    assert {kind.name for kind in ANSWERED if issubclass(class_of(kind), AccessControlMixin)} == kinds
    guarded = {one.kind for one in Resource.__subclasses__() if issubclass(one, AccessControlMixin)}
    assert guarded == kinds, "a row of levels.py is missing"


def test_a_path_loads_what_may_answer_it_and_no_more() -> None:
    script = """
import sys
from insights_api.mounts import MOUNTS
scope = {"type": "http", "method": "GET", "path": "/api/users/@me", "root_path": "", "headers": []}
[mount.matches(scope) for mount in MOUNTS]
print(*(mount.module for mount in MOUNTS if mount.module in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert {"insights_api.users", "insights_api.fallback"} <= loaded
    assert not loaded & {f"insights_api.{name}" for name in ("cohorts", "dashboards", "notebooks", "trend", "capture")}
