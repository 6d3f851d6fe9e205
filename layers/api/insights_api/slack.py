"""Slack's Web API, as far as reports need it: one call, and what its refusals mean."""

from __future__ import annotations

from typing import Any

from insights_engine import outbound
from insights_engine.outbound import Unreachable
from insights_engine.settings import Settings

# Slack's words for what is not done now and may be in a moment.
PASSING = frozenset({"ratelimited", "rate_limited", "service_unavailable", "request_timeout"})
# Its words for an error of its own, after which nobody knows what was done.
_UNSURE = frozenset({"fatal_error", "internal_error"})
_STATUSES = {429: "ratelimited", 503: "service_unavailable"}


class Refused(Exception):
    """Surely nothing was done. `code` is Slack's word for why: `channel_not_found`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def call(method: str, token: str, arguments: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """The answer of a method that worked. Raises Refused, Unreachable."""
    import orjson

    url = f"{settings.slack_api_url.rstrip('/')}/{method}"
    headers = {"Content-Type": "application/json; charset=utf-8", "Authorization": f"Bearer {token}"}
    try:
        answer = outbound.post(url, orjson.dumps(arguments), headers, private_hosts=[outbound.host_of(url)])
    except ValueError as error:
        raise Unreachable(f"SLACK_API_URL is wrong: {error}", was_sent=False) from None
    if answer.status in _STATUSES:
        raise Refused(_STATUSES[answer.status])
    try:
        said = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        said = None
    if not isinstance(said, dict) or answer.status >= 500:
        raise Unreachable(f"status {answer.status}", was_sent=True)
    if said.get("ok") is True:
        return said
    code = str(said.get("error"))[:100]
    if code in _UNSURE:
        raise Unreachable(code, was_sent=True)
    raise Refused(code)
