"""Pages of any origin may ask with a key: what browsers need to hear before they let them, and with every answer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.world import Api, limited

ORIGIN = {"Origin": "https://page.example.com"}
# What pages send beside what browsers always let through.
HEADERS = ("authorization", "content-type", "x-share-password")
EXPOSED = {"content-disposition", "retry-after", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"}


def words(text: str) -> set[str]:
    return {word.strip().lower() for word in text.split(",")}


@pytest.mark.parametrize("path", ["insights", "insights/7", "query", "/api/users/@me", "/api/projects/1/no/such/thing"])
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "PUT", "DELETE"])
def test_a_preflight_lets_any_page_ask(api: Api, path: str, method: str) -> None:
    """Without a key: browsers send none with it."""
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": ",".join(HEADERS)}
    answer = Api(api.stack, None, api.project_id)("OPTIONS", path, headers={**ORIGIN, **asked})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert method.lower() in words(answer.headers["access-control-allow-methods"])
    assert words(answer.headers["access-control-allow-headers"]) >= set(HEADERS)
    assert int(answer.headers["access-control-max-age"]) > 0
    assert "access-control-allow-credentials" not in answer.headers, "who asks is told by the key, never by a cookie"


@pytest.mark.parametrize(
    ("method", "path", "key", "status"),
    [
        ("GET", "insights", True, 200),
        ("GET", "insights", False, 401),
        ("GET", "insights/999999999", True, 404),
        ("POST", "insights", True, 201),
        ("DELETE", "insights", True, 403),
        ("GET", "insights/trending?days=x", True, 400),
    ],
)
def test_every_answer_may_be_read_by_any_page(api: Api, method: str, path: str, key: bool, status: int) -> None:
    asking = api if key else Api(api.stack, None, api.project_id)
    body: dict[str, Any] = {"json": {}} if method == "POST" else {}
    answer = asking(method, path, headers=ORIGIN, **body)
    assert answer.status_code == status, answer.text
    assert answer.headers["access-control-allow-origin"] == "*"
    assert words(answer.headers["access-control-expose-headers"]) == EXPOSED


def test_what_is_left_of_a_rate_may_be_read_too(api: Api) -> None:
    with limited(api.stack, "default=1/9"):
        answers = [api("GET", "cohorts", headers=ORIGIN) for _ in range(2)]
    assert [one.status_code for one in answers] == [200, 429]
    for one in answers:
        assert one.headers["access-control-allow-origin"] == "*"
        shown = {name for name in one.headers if name.startswith("ratelimit-") or name == "retry-after"}
        assert shown <= words(one.headers["access-control-expose-headers"])
    assert {"ratelimit-limit", "retry-after"} <= answers[1].headers.keys()
