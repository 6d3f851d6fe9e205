"""API Gateway's choice among routes, and what the template's own routes make of the forms that clients send."""

from __future__ import annotations

from pathlib import Path

import pytest
from insights_local.routes import Function, Route, Routes, load_template, routes_of

F = Function("F", Path("f"), "app.handler")
# The example of AWS's developer guide, and a few more.
KEYS = (
    *("GET /pets/dog/1", "GET /pets/dog/{id}", "GET /pets/{proxy+}", "ANY /{proxy+}", "$default"),
    *("ANY /pets/dog/1", "POST /both/{id}", "ANY /both/{id}", "GET /both/seven", "ANY /"),
)
CHOICES = [
    ("GET", "/pets/dog/1", "GET /pets/dog/1", {}),
    ("POST", "/pets/dog/1", "ANY /pets/dog/1", {}),
    ("GET", "/pets/dog/2", "GET /pets/dog/{id}", {"id": "2"}),
    ("GET", "/pets/cat/1", "GET /pets/{proxy+}", {"proxy": "cat/1"}),
    ("GET", "/pets/dog/2/3", "GET /pets/{proxy+}", {"proxy": "dog/2/3"}),
    ("GET", "/pets/dog/2/", "GET /pets/{proxy+}", {"proxy": "dog/2/"}),
    ("GET", "/pets/dog//", "GET /pets/{proxy+}", {"proxy": "dog//"}),
    ("GET", "/pets/", "GET /pets/{proxy+}", {"proxy": ""}),
    ("GET", "/pets", "ANY /{proxy+}", {"proxy": "pets"}),
    ("POST", "/pets/cat", "ANY /{proxy+}", {"proxy": "pets/cat"}),
    ("POST", "/both/7", "POST /both/{id}", {"id": "7"}),
    ("PUT", "/both/7", "ANY /both/{id}", {"id": "7"}),
    ("GET", "/both/seven", "GET /both/seven", {}),
    ("PUT", "/both/seven", "ANY /both/{id}", {"id": "seven"}),
    ("GET", "/", "ANY /", {}),
]


def routes(*keys: str) -> Routes:
    pairs = [("ANY", key) if key == "$default" else key.split(" ") for key in keys]
    return Routes(Route(method, path, F) for method, path in pairs)


@pytest.mark.parametrize(("method", "path", "key", "parameters"), CHOICES)
@pytest.mark.parametrize("turned", [False, True])
def test_the_most_specific_route_wins_in_whatever_order_they_are_declared(
    method: str, path: str, key: str, parameters: dict[str, str], turned: bool
) -> None:
    found = routes(*(reversed(KEYS) if turned else KEYS)).match(method, path)
    assert found
    assert (found.route.key, found.parameters) == (key, parameters)


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("GET /a", "/a/"),
        ("GET /a/{b}", "/a/"),
        ("GET /a/{b}", "/a//"),
        ("GET /a/{b+}", "/a"),
        ("GET /a", "/A"),
    ],
)
def test_slashes_and_case_are_not_folded(key: str, path: str) -> None:
    assert routes(key).match("GET", path) is None


def test_default_takes_what_is_left() -> None:
    found = routes("GET /a", "$default").match("POST", "//b/")
    assert found
    assert (found.route.key, found.parameters) == ("$default", {})


FORMS = [
    # what clients send, which function answers
    ("/api/projects/7/insights/trend", "Trend"),
    ("/api/projects/7/insights/trend/", "Trend"),
    ("/api/projects/@current/insights/trend/", "Trend"),
    ("/api/environments/7/insights/trend", "Trend"),
    ("/api/environments/7/insights/trend/", "Trend"),
    ("/api/projects/7/insights/trend.csv", "Trend"),
    ("/api/projects/7/insights/trend.csv/", "Resources"),
    ("/api/projects/7//insights/trend/", "Resources"),
    ("//api/projects/7/insights/trend", "Resources"),
    ("/api/projects/7/insights/timing", "Timing"),
    ("/api/projects/7/insights/timing/", "Timing"),
    ("/api/environments/7/insights/timing/", "Timing"),
    ("/api/projects/7/query", "Query"),
    ("/api/projects/7/query/", "Query"),
    ("/api/projects/7/query.csv", "Query"),
    ("/api/environments/7/query/", "Query"),
    ("/api/projects/7/query/0190/", "Query"),
    ("/api/projects/7/insights/", "Resources"),
    ("/api/users/@me/", "Resources"),
    ("/api/", "Resources"),
    ("/docs", "Resources"),
    *((f"{path}{slash}", "Capture")
      for path in ("/i/v0/e", "/e", "/capture", "/track", "/engage", "/batch", "/flags", "/decide", "/_readiness",
                   "/i/v1/analytics/events", "/flags/definitions", "/array/phc_x/config", "/array/phc_x/config.js")
      for slash in ("", "/")),
    ("/", "Capture"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "name"), FORMS)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_every_form_reaches_the_function_that_answers_it(method: str, path: str, name: str) -> None:
    found = routes_of(load_template()).match(method, path)
    assert found
    assert found.route.function.name == name
