"""CloudFormation's custom resources, of which a deployment has two.

    Custom::Migration   the ClickHouse tables of this release; `Cluster` names a cluster
    Custom::Digests     of each property a digest, as an attribute of the property's name

1. Each call is answered, once, at the pre-signed address that it brings, whatever happens: without an answer the stack
   would wait until its own time limit. So it is also answered shortly before the function would be stopped.
2. Nothing is undone: deleting either leaves everything as it is, because an earlier release works with later tables.
3. A failure says why, without the database's password: whoever may look at the stack reads it.
4. A call without an address comes from a person (`aws lambda invoke`, `sam local invoke`): it migrates, and gives back
   what was applied or raises.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any

from insights_engine import log
from insights_engine.services import Services, current

Properties = Mapping[str, Any]

# Of the time that a function has, what the answer may need.
_ANSWER_SECONDS = 20.0
_TIMEOUT_SECONDS = 5.0
# An answer may have 4096 bytes in all.
_MOST_CHARACTERS = 1000
_NOT_OURS = frozenset({"ServiceToken", "ServiceTimeout"})


class DeploymentError(Exception):
    """The text is the reason that CloudFormation shows."""


def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    if "ResponseURL" not in event:
        return _migrate(event)
    answer = _Answer(event)
    seconds = context.get_remaining_time_in_millis() / 1000 - _ANSWER_SECONDS
    watch = threading.Timer(
        max(0.0, seconds), answer.failed, ["It ran out of time; deploy again to go on with the rest."]
    )
    watch.daemon = True
    watch.start()
    try:
        found = _done(event)
    except Exception as error:
        log.logger().exception("the deployment fails")
        answer.failed(str(error) or type(error).__name__)
    else:
        answer.succeeded(found)
    finally:
        watch.cancel()
    return {}


def _done(event: Mapping[str, Any]) -> dict[str, Any]:
    if event["RequestType"] == "Delete":
        return {}
    kind = event["ResourceType"]
    if kind not in _KINDS:
        raise DeploymentError(f"{kind} is not known; known are {' and '.join(_KINDS)}.")
    return _KINDS[kind](event["ResourceProperties"])


def _migrate(properties: Properties) -> dict[str, Any]:
    """The secret is read anew each time: what was wrong with it may have been mended since."""
    from insights_engine.dsn import Dsn, secret_dsn
    from insights_engine.migrations import migrate

    settings = current().settings
    dsn = settings.clickhouse_dsn or secret_dsn(settings.clickhouse_secret_arn)
    services = Services(replace(settings, clickhouse_dsn=dsn))
    try:
        with closing(services.clickhouse):
            applied = migrate(services, cluster=properties.get("Cluster") or None)
    except Exception as error:
        password = Dsn.parse(dsn).password
        text = str(error) or type(error).__name__
        raise DeploymentError(text.replace(password, "…") if password else text) from None
    log.logger().info("migrated", extra={"applied": applied})
    return {"Applied": ", ".join(applied) or "nothing"}


def _digests(properties: Properties) -> dict[str, Any]:
    return {
        name: hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
        for name, value in properties.items()
        if name not in _NOT_OURS
    }


_KINDS: dict[str, Callable[[Properties], dict[str, Any]]] = {"Custom::Migration": _migrate, "Custom::Digests": _digests}


class _Answer:
    """The first one counts: the time may run out while the work ends."""

    def __init__(self, event: Mapping[str, Any]) -> None:
        self._event = event
        self._lock = threading.Lock()
        self._is_given = False

    def succeeded(self, found: dict[str, Any]) -> None:
        self._give("SUCCESS", "", found)

    def failed(self, reason: str) -> None:
        self._give("FAILED", reason[:_MOST_CHARACTERS], {})

    def _give(self, status: str, reason: str, found: dict[str, Any]) -> None:
        with self._lock:
            if self._is_given:
                return
            _put(self._event["ResponseURL"], self._body(status, reason, found))
            self._is_given = True

    def _body(self, status: str, reason: str, found: dict[str, Any]) -> bytes:
        event = self._event
        body = {
            "Status": status,
            "Reason": reason,
            # The same for good: another would be a replacement to CloudFormation.
            "PhysicalResourceId": event.get("PhysicalResourceId") or event["LogicalResourceId"],
            **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
            "Data": found,
        }
        return json.dumps(body).encode()


def _put(url: str, body: bytes) -> None:
    """Raises where nobody takes it: then the function's error is all that there is to see."""
    import urllib3

    again = urllib3.Retry(total=2, backoff_factor=0.2, status_forcelist=(500, 502, 503, 504))
    # The address is signed for a request without a type.
    headers = {"Content-Type": ""}
    with urllib3.PoolManager(retries=again, timeout=urllib3.Timeout(_TIMEOUT_SECONDS)) as http:
        answer = http.request("PUT", url, body=body, headers=headers)
    if answer.status >= 400:
        raise DeploymentError(f"CloudFormation's address answers {answer.status}.")
