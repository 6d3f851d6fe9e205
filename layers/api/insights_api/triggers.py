"""What makes reports go out without a request: the tick of a minute, and events. Each becomes messages for workers.

`handler` gives one function for all of it: API Gateway's requests go to the app, everything else comes here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from insights_engine import deadline
from insights_engine.http import Handler
from insights_engine.log import logger, naming_invocations
from insights_engine.services import Services, current
from insights_engine.store import Item

from insights_api import agenda, deliveries
from insights_api.subscription_firing import fire, of_project, read, run

TICK = "insights.tick"
# What is left of a function's time when it stops looking for more; the next minute goes on.
_KEPT_BACK_SECONDS = 5.0
# A file of a report, wherever its owner has it written: the channel for buckets names them so.
_REPORT = re.compile(r"(?:^|/)[0-9]+/(?:subscriptions|alerts)/[0-9]{4}-[0-9]{2}-[0-9]{2}-[^/]+/[^/]+$")

Event = Mapping[str, Any]


def handler(http: Handler) -> Handler:
    """`http` answers requests; the rest is a trigger, whose answer says how many messages it sent."""
    triggered = naming_invocations(handle)

    def handle_any(event: Event, context: Any) -> dict[str, Any]:
        return http(event, context) if "requestContext" in event else triggered(event, context)

    return handle_any


def handle(event: Event, context: Any) -> dict[str, Any]:
    """Raises for an event that nobody here knows: it is set aside, and an alarm says so."""
    services = current()
    with deadline.of(context):
        if event.get("source") == TICK:
            return {"sent": tick(services, services.now())}
        name = str(event.get("detail-type"))
        if name not in EVENTS:
            raise ValueError(f"An event of an unknown kind: {name[:100]!r}")
        found = EVENTS[name](services, event)
        at = _time_of(event, services.now())
        begun = [run(services, item, (at, f"{name}#{event.get('id')}"), services.now()) for item in found]
        sent = [item for item in begun if item is not None]
        deliveries.send(services, sent)
        return {"sent": len(sent)}


def tick(services: Services, now: datetime) -> int:
    """Everything whose time has come, until there is no more of it, or no more time. How many messages that were."""
    sent = 0
    for entry in agenda.due(services.policies, now):
        left = deadline.remaining()
        if left is not None and left < _KEPT_BACK_SECONDS:
            break
        try:
            sent += _begin(services, entry, now)
        except Exception:  # one that cannot be begun must not hold up those after it; it is tried again in a minute
            about = {"kind": entry.kind, "project": entry.project_id, "id": entry.object_id}
            logger().exception("what was due could not be begun", extra=about)
    return sent


def _begin(services: Services, entry: agenda.Entry, now: datetime) -> int:
    match entry.kind:
        case "subscription":
            begun = fire(services, entry, now)
            if begun is not None:
                deliveries.send(services, [begun])
            return int(begun is not None)
        case "delivery":
            deliveries.nudged(services, entry.project_id, entry.object_id, now)
        case "alert":
            from insights_api.alert_firing import begin_check

            begin_check(services, entry, now)
    return 1


def _of_insight(services: Services, event: Event) -> list[Item]:
    """Of an insight that was saved: alone, or as part of a dashboard."""
    detail = event["detail"]
    project_id, insight_id = int(detail["project_id"]), int(detail["insight_id"])
    return [
        item
        for item in _listening(services, project_id, "insight.saved")
        if item["insight"] == insight_id or insight_id in item["dashboard_export_insights"]
    ]


def _asked_for(services: Services, event: Event) -> list[Item]:
    detail = event["detail"]
    item = read(services.policies, int(detail["project_id"]), str(detail["subscription_id"]))
    listens = item is not None and item["enabled"] and not item["deleted"] and "report.requested" in item["run_on"]
    return [item] if listens and item is not None else []


def _of_object(services: Services, event: Event) -> list[Item]:
    """Of an object in a bucket: the first folder of its key that is a number names the project.

    A report that was written to a bucket sets nothing off: it would set itself off, for ever.
    """
    key = str(event["detail"]["object"]["key"])
    if _REPORT.search(key):
        return []
    folders = key.split("/")[:-1]
    project = next((folder for folder in folders if folder.isascii() and folder.isdecimal()), None)
    if project is None or len(project) > 9:
        logger().warning("an object was created outside of every project's folder")
        return []
    return _listening(services, int(project), "object.created")


def _listening(services: Services, project_id: int, name: str) -> list[Item]:
    return [item for item in of_project(services.policies, project_id) if name in item["run_on"]]


def _time_of(event: Event, now: datetime) -> datetime:
    """The same whenever an event is told again."""
    try:
        return datetime.fromisoformat(str(event["time"])).astimezone(UTC)
    except (KeyError, ValueError):
        return now


EVENTS: dict[str, Callable[[Services, Event], list[Item]]] = {
    "insight.saved": _of_insight,
    "report.requested": _asked_for,
    "Object Created": _of_object,
}
