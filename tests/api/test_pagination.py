"""Limit and offset at the ends of a list: no page leads to one that has nothing."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from insights_api.pagination import DEFAULT_LIMIT, page
from insights_engine.http import plain_json
from starlette.requests import Request

ITEMS = list(range(5))


def request(query: str) -> Request:
    headers = [(b"host", b"example.com")]
    scope = {"type": "http", "method": "GET", "scheme": "https", "path": "/api/things", "headers": headers}
    return Request({**scope, "server": ("example.com", 443), "query_string": query.encode()})


def place(address: str | None) -> tuple[int, int] | None:
    """The limit and the offset of an address."""
    if address is None:
        return None
    query = parse_qs(urlsplit(address).query)
    return int(query["limit"][0]), int(query.get("offset", ["0"])[0])


@pytest.mark.parametrize(
    ("query", "found", "following", "before"),
    [
        ("", [0, 1, 2, 3, 4], None, None),
        ("limit=5", [0, 1, 2, 3, 4], None, None),
        ("limit=4", [0, 1, 2, 3], (4, 4), None),
        ("limit=2", [0, 1], (2, 2), None),
        ("limit=2&offset=2", [2, 3], (2, 4), (2, 0)),
        ("limit=2&offset=3", [3, 4], None, (2, 1)),
        ("limit=2&offset=4", [4], None, (2, 2)),
        ("limit=3&offset=1", [1, 2, 3], (3, 4), (3, 0)),
        ("limit=2&offset=5", [], None, (2, 3)),
        ("limit=2&offset=99", [], None, (2, 97)),
        ("limit=0", [0, 1, 2, 3, 4], None, None),
        ("limit=-1&offset=-1", [0, 1, 2, 3, 4], None, None),
        ("limit=two&offset=%C2%B2", [0, 1, 2, 3, 4], None, None),
        (f"limit={10**30}&offset={10**17}", [], None, (DEFAULT_LIMIT, 2**31 - DEFAULT_LIMIT)),
    ],
)
def test_a_page_and_its_neighbours(
    query: str, found: list[int], following: tuple[int, int] | None, before: tuple[int, int] | None
) -> None:
    answer = plain_json(page(request(query), ITEMS, lambda one: one))
    assert (answer["count"], answer["results"]) == (5, found)
    assert (place(answer["next"]), place(answer["previous"])) == (following, before)


def test_a_list_may_have_a_limit_of_its_own() -> None:
    assert page(request("limit=9"), ITEMS, lambda one: one, most=3)["results"] == [0, 1, 2]
    assert page(request(""), ITEMS, lambda one: one, default=2)["results"] == [0, 1]


def test_an_address_keeps_what_else_was_asked() -> None:
    following = page(request("limit=2&search=a%26b&offset=0"), ITEMS, lambda one: one)["next"]
    assert parse_qs(urlsplit(following).query) == {"limit": ["2"], "search": ["a&b"], "offset": ["2"]}
    first = page(request("limit=2&offset=2&search=x"), ITEMS, lambda one: one)["previous"]
    assert parse_qs(urlsplit(first).query) == {"limit": ["2"], "search": ["x"]}
