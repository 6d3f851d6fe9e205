"""Alerts of an office, as its people make and change them, and as a check would leave them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from insights_api import agenda
from insights_api.alerts import entry
from insights_engine import keys

from tests.api.boards import Office, made, read

UPPER = {"configuration": {"type": "absolute", "bounds": {"upper": 10}}}
VALUE = {"type": "absolute_value"}
SOON = timedelta(minutes=2)


def body_of(insight: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {"insight": insight["id"], "threshold": UPPER, "condition": VALUE, "subscribed_users": [], **values}


def create(office: Office, insight: dict[str, Any], by: str = "maker", **values: Any) -> dict[str, Any]:
    return made(office.api(by)("POST", "alerts/", json=body_of(insight, **values)))


def change(office: Office, alert: dict[str, Any], /, **values: Any) -> dict[str, Any]:
    return read(office.api()("PATCH", f"alerts/{alert['id']}", json=values))


def stored(office: Office, alert: dict[str, Any]) -> dict[str, Any]:
    found = office.world.store.get(*keys.resource(office.project.project.id, "alert", alert["id"]))
    assert found is not None
    return found


def checked(office: Office, alert: dict[str, Any], **values: Any) -> None:
    """As a check leaves it, with its place in the agenda."""
    before = stored(office, alert)
    after = {**before, **values, "version": before["version"] + 1}
    office.world.store.put(after)
    number = office.project.project.id
    for write in agenda.moved(entry(number, before), entry(number, after)):
        office.world.store.transact([write])


def due_at(office: Office, alert: dict[str, Any]) -> list[datetime]:
    """When the agenda has the alert."""
    far = datetime.fromisoformat("9000-01-01T00:00:00+00:00")
    return [one.at for one in agenda.due(office.world.store, far) if one.object_id == alert["id"]]


def away(text: str | None) -> timedelta:
    assert text is not None
    at = datetime.fromisoformat(text)
    return at - datetime.now(at.tzinfo)
