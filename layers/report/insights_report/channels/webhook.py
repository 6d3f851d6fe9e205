"""Reports for programs: a POST of JSON, signed as https://www.standardwebhooks.com describes.

Headers: `webhook-id` is the delivery's, the same each time that it is tried, so that a repeat can be dropped;
`webhook-timestamp` is the epoch's second of the attempt; `webhook-signature` is `v1,` and the base64 of the
HMAC-SHA256 of `<webhook-id>.<webhook-timestamp>.<body>` with the subscription's secret (of a `whsec_` secret, with the
bytes that the rest of it is the base64 of).

The body: `type` (`insight.report`, `dashboard.report`, `alert.fired`), `timestamp` (when the numbers were read) and
`data`:

- `delivery_id`, `project_id`;
- `name`, `url`: of the insight, the dashboard or the alert; `manage_url`: where the subscription is changed;
- `message`: what an alert has to say, else null;
- `summary`: `sent every day`; `next_delivery_date`: when again, or null; `timezone`: of the project;
- `invitation`: of the first delivery, `{"by", "message"}`, else null;
- `total`: the insights of a dashboard, of which there may be more than `insights` has;
- `insights`: each with `id`, `name`, `url`, `error` (why there is nothing more of it, else null), `image_url` (its
  chart, or null), `table` (`columns`, `rows`, and `left_out`, how many rows there are beside; or null) and `result`
  (the API's, or null where it is too large: `result_left_out` is then true).

Any 2xx answer will do. 410 says that nobody is there any more: the subscription is switched off. 429, 5xx and no
connection are tried again at once, twice; redirects are not followed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from insights_engine import services
from insights_engine.outbound import Answer, Unreachable, post

from insights_report.report import Part, Report, Target, Undelivered, Unknown

PAUSES = (1.0, 2.0)
TYPES = {"insight": "insight.report", "dashboard": "dashboard.report", "alert": "alert.fired"}
_MAX_RESULT = 128 * 1024  # of one insight
_MAX_BODY = 512 * 1024
_PREFIX = "whsec_"
_GONE = 410


class Webhook:
    is_repeatable = True

    def __init__(self, pauses: Sequence[float] = PAUSES) -> None:
        """`pauses`: seconds before each further attempt."""
        self._pauses = pauses

    def recipients(self, target: Target) -> list[str]:
        """The host alone: the path of a webhook often is its password, and recipients stand in the record."""
        return [urlsplit(target.value).hostname or "webhook"]

    def deliver(self, report: Report, target: Target, recipient: str) -> str | None:
        body = body_of(report, target, recipient)
        problem = ""
        for pause in (*self._pauses, None):
            try:
                answer = _posted(report, target, body)
            except Unreachable as error:
                if error.was_sent:
                    raise Unknown(f"The webhook gave {error}") from None
                problem = f"The webhook cannot be reached: {error}"
            else:
                if 200 <= answer.status < 300:
                    return None
                problem = _said(answer)
                if answer.status != 429 and answer.status < 500:
                    raise Undelivered(problem, is_lasting=answer.status == _GONE)
            if pause is not None:
                time.sleep(pause)
        raise Undelivered(problem)


def body_of(report: Report, target: Target, recipient: str) -> bytes:
    import orjson

    invitation = target.invitations.get(recipient) or target.invitations.get(target.value)
    shown, left = [], _MAX_BODY
    for part in report.parts:
        size = len(part.json or b"")
        fits = size <= min(left, _MAX_RESULT)
        left -= size if fits else 0
        shown.append(_part(part, has_result=fits))
    about = {
        "delivery_id": report.delivery_id,
        "project_id": report.project_id,
        "name": report.name,
        "url": report.url,
        "manage_url": report.manage_url,
        "message": report.message,
        "summary": report.summary,
        "next_delivery_date": report.next_at,
        "timezone": report.timezone,
        "invitation": {"by": invitation.by, "message": invitation.message} if invitation else None,
        "total": report.total,
        "insights": shown,
    }
    whole = {"type": TYPES[report.subject], "timestamp": report.at, "data": about}
    return orjson.dumps(whole, default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z)


def signature(secret: str, delivery_id: str, timestamp: str, body: bytes) -> str:
    signed = b".".join((delivery_id.encode(), timestamp.encode(), body))
    return "v1," + base64.b64encode(hmac.digest(_key(secret), signed, hashlib.sha256)).decode()


def _posted(report: Report, target: Target, body: bytes) -> Answer:
    here = services.current()
    timestamp = str(int(here.now().timestamp()))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "serverless-insights",
        "webhook-id": report.delivery_id,
        "webhook-timestamp": timestamp,
    }
    if target.secret:
        headers["webhook-signature"] = signature(target.secret, report.delivery_id, timestamp, body)
    try:
        return post(target.value, body, headers, private_hosts=here.settings.private_hosts.split())
    except ValueError as error:
        raise Undelivered(f"The webhook's address is not allowed: {error}", is_lasting=True) from None


def _part(part: Part, *, has_result: bool) -> dict[str, Any]:
    import orjson

    table = part.table
    return {
        "id": part.insight_id,
        "name": part.name,
        "url": part.url,
        "error": part.error,
        "image_url": part.image_url,
        "table": {"columns": table.columns, "rows": table.rows, "left_out": table.left_out} if table else None,
        "result": orjson.Fragment(part.json) if part.json and has_result else None,
        "result_left_out": bool(part.json) and not has_result,
    }


def _said(answer: Answer) -> str:
    if 300 <= answer.status < 400:
        return f"The webhook answered {answer.status}, and redirects are not followed"
    return f"The webhook answered {answer.status}"


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX)) if secret.startswith(_PREFIX) else secret.encode()
    except binascii.Error:
        return secret.encode()
