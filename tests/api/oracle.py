"""What no answer to a statement may be, whatever the statement was."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from time import perf_counter
from typing import Any

from tests.api.raw import Answer, Raw, send
from tests.api.shop import MARK, Shop

_FIELDS = ["type", "code", "detail", "attr"]
# The inside of the house; in an error, as an answer of 200 may tell its statement.
_INSIDE = (
    *("Traceback", "DB::Exception", "FORMAT Native", "insights_engine", "insights_api", "site-packages", 'File "'),
    *("clickhouse_connect", "__table", "_CAST(", "In scope", "{p0", "person_merges", "additional_table_filters"),
)
_MOST_DETAIL = 1_100


class Oracle:
    """Asks, and tells what is wrong with the answer."""

    def __init__(self, shop: Shop, runner: asyncio.Runner) -> None:
        self.shop = shop
        self._runner = runner
        words = [s for secret in shop.secrets for s in (secret, secret[::-1])]
        encoded = [b64encode(f"{gap}{MARK}".encode()).decode().rstrip("=")[4:-1] for gap in ("", "a", "ab")]
        self._secrets = [word.lower() for word in (*words, *encoded)]

    def ask(self, node: Any) -> tuple[Answer, float]:
        """The answer, and the seconds that it took."""
        body = json.dumps({"query": self.shop.filled(node), "refresh": "force_blocking"}).encode()
        headers = (("authorization", f"Bearer {self.shop.api.key}"), ("content-type", "application/json"))
        target = f"/api/projects/{self.shop.api.project_id}/query/".encode()
        started = perf_counter()
        answer = self._runner.run(send(self.shop.api.stack.app, Raw("POST", target, headers, body)))
        return answer, perf_counter() - started

    def fault(self, node: Any, answer: Answer) -> str | None:
        """What is wrong; None when nothing is."""
        text = answer.body.decode("utf-8", "replace")
        if answer.status not in (200, 202, 400):
            return f"status {answer.status}: {text[:300]}"
        low = text.lower()
        if seen := [secret for secret in self._secrets if secret in low]:
            return f"another project's {seen[:3]}: {text[:300]}"
        try:
            body = answer.json()
        except ValueError:
            return f"not JSON: {text[:300]}"
        if answer.status == 202:  # it takes longer than a request may, and goes on behind it
            return None if body.get("query_status") else f"no status: {text[:300]}"
        return self._wrong_answer(body) if answer.status == 200 else _wrong_error(body, json.dumps(node))

    def _wrong_answer(self, body: dict[str, Any]) -> str | None:
        columns, results = body.get("columns"), body.get("results")
        if not isinstance(columns, list) or not isinstance(results, list):
            return f"no columns or no results: {str(body)[:300]}"
        if any(len(row) != len(columns) for row in results):
            return f"rows that are not as wide as there are columns: {str(body)[:300]}"
        return None


def _wrong_error(body: dict[str, Any], said: str) -> str | None:
    if list(body)[:4] != _FIELDS or not all(isinstance(body[name], str) and body[name] for name in _FIELDS[:3]):
        return f"not the shape of an error: {str(body)[:300]}"
    leaks = [part for part in _INSIDE if part in body["detail"] and part not in said]
    if leaks:
        return f"internals {leaks}: {body['detail']}"
    return f"an error of {len(body['detail'])} characters" if len(body["detail"]) > _MOST_DETAIL else None
