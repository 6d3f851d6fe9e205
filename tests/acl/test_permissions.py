"""The table of permissions has every route of every function of the template, and no other."""

from __future__ import annotations

import re

import pytest
from insights_acl.permissions import PERMISSIONS, PUBLIC, each_route, permission_of
from insights_acl.scopes import SCOPES
from insights_engine.errors import ServerError
from insights_local.openapi.operations import operations
from insights_local.routes import load_template, routes_of

ROUTES = {(method, path) for method, path, _ in each_route()}
# Routes of the gateway that lead to a function as a whole.
_WHOLE = ("$default", "/api/{proxy+}", "/i/{proxy+}", "/array/{proxy+}", "/exporter/{proxy+}")


def test_every_route_of_the_template_s_functions_is_written_down() -> None:
    known = ROUTES | {(one.method, one.path) for one in operations() if one.path in PUBLIC}
    assert [f"{one.method} {one.path}" for one in operations() if (one.method, one.path) not in known] == []


def test_nothing_is_written_down_that_no_function_answers() -> None:
    answered = {(one.method, one.path) for one in operations()}
    # OPTIONS is a preflight, which is no operation of its own.
    assert {(method, path) for method, path in ROUTES if method != "OPTIONS"} <= answered
    assert set(PUBLIC) <= {path for _, path in answered}


def test_every_path_of_the_template_leads_to_a_route_that_is_written_down() -> None:
    patterns = [re.compile(_as_pattern(path)) for path in {*(path for _, path in ROUTES), *PUBLIC}]
    for route in routes_of(load_template()).all:
        if route.path in _WHOLE:
            continue
        plain = route.path.replace("/{proxy+}", "").replace("/environments/", "/projects/").removesuffix(".csv")
        example = re.sub(r"\{\w+\}", "x", plain or "/")
        assert any(pattern.fullmatch(example) for pattern in patterns), route.path


def _as_pattern(path: str) -> str:
    return re.sub(r"\{[^}]+\}", "[^/]+", path.replace(".", r"\."))


def test_a_route_that_is_not_written_down_stays_closed() -> None:
    with pytest.raises(ServerError):
        permission_of("GET", "/api/projects/{project_id}/secrets")


def test_no_route_is_written_down_twice() -> None:
    found = [(method, path) for method, path, _ in each_route()]
    assert len(found) == len(set(found))


def test_scopes_are_known_ones() -> None:
    named = {
        scope for permission in PERMISSIONS for scopes in permission.required_scopes for scope in scopes.split("|")
    }
    assert named <= set(SCOPES)


@pytest.mark.parametrize("permission", PERMISSIONS, ids=lambda p: f"{p.methods} {p.path}")
def test_reading_methods_need_no_writing_scope_and_the_reverse(permission: object) -> None:
    """But where a POST only asks, with a question too long for an address, or says what its caller has seen."""
    from insights_acl.permissions import Permission

    assert isinstance(permission, Permission)
    if permission.methods == "GET":
        assert not permission.writes
    elif permission.scopes and "GET" not in permission.methods:
        assert permission.writes or permission.path.endswith(("/query", "/viewed", "/timing", "/preview"))
