"""Subscriptions that are due: each becomes a delivery, once, whoever and how many look at the same time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from insights_acl.models import moment
from insights_engine import keys
from insights_engine.services import Services
from insights_engine.store import ConflictError, Item, Put, Store, Write

from insights_api import agenda, deliveries
from insights_api.schedule import Schedule

KIND: Literal["subscription"] = "subscription"
# How many of its deliveries are looked at for one that still waits.
_LATELY = 10


def fire(services: Services, due: agenda.Entry, now: datetime) -> Item | None:
    """The delivery of a due time; None where there is nothing to deliver, or somebody else was faster.

    The next date is stored before anything is sent, in the transaction that makes the delivery.
    """
    store = services.policies
    item = read(store, due.project_id, due.object_id)
    if item is None or entry(item) != due:
        for write in agenda.moved(due, None):
            store.transact([write])  # left by nobody: what it was about has another entry, or none
        return None
    following = Schedule.of(item).following(now, due.at)
    after = {**item, "next_delivery_date": moment(following) if following else None}
    recipients = deliveries.recipients_of(item["target_type"], item["target_value"])
    begun, writes = deliveries.begun(wanted_of(item, "scheduled", recipients, scheduled_at=due.at), now)
    moves = [put(after, item), *agenda.moved(due, entry(after))]
    try:
        store.transact([*moves, *writes])
    except ConflictError as error:
        if error.index < len(moves):
            return None
        store.transact(moves)  # this due time was delivered already, and then set again
        return None
    return begun


def run(services: Services, item: Item, event: tuple[datetime, str], now: datetime) -> Item | None:
    """The delivery of an event, which may be told more than once; the schedule stays as it is.

    None where one of an earlier event has not been begun: it will have what this one tells of.
    """
    lately = deliveries.of_owner(services.policies, project_of(item), KIND, str(item["id"]), limit=_LATELY)
    if any(one["trigger_type"] == "event" and one["status"] == "starting" and not one["attempts"] for one in lately):
        return None
    recipients = deliveries.recipients_of(item["target_type"], item["target_value"])
    begun, writes = deliveries.begun(wanted_of(item, "event", recipients, event=event), now)
    try:
        services.policies.transact(writes)
    except ConflictError:
        return None
    return begun


def read(store: Store, project_id: int, subscription_id: str) -> Item | None:
    return store.get(*keys.resource(project_id, KIND, subscription_id))


def of_project(store: Store, project_id: int) -> list[Item]:
    """Those that are sent: neither paused nor deleted."""
    pk, _ = keys.resource(project_id, KIND, "")
    return [item for item in store.query(pk) if is_live(item)]


def put(after: Item, before: Item) -> Write:
    return Put({**after, "version": before["version"] + 1}, before["version"])


def is_live(item: Mapping[str, Any]) -> bool:
    return bool(item["enabled"]) and not item["deleted"]


def owner_of(item: Item) -> str:
    """Ids are unique in an installation."""
    return f"{KIND}#{item['id']}"


def entry(item: Item | None) -> agenda.Entry | None:
    """Its place in the agenda; null for one that is paused, deleted or over."""
    if item is None or not is_live(item) or item["next_delivery_date"] is None:
        return None
    at = datetime.fromisoformat(item["next_delivery_date"])
    return agenda.Entry(at, "subscription", project_of(item), str(item["id"]))


def wanted_of(
    item: Item,
    trigger: deliveries.Trigger,
    recipients: Sequence[str],
    values: Mapping[str, Any] | None = None,
    *,
    scheduled_at: datetime | None = None,
    event: tuple[datetime, str] | None = None,
) -> deliveries.Wanted:
    target = (item["target_type"], item["target_value"])
    return deliveries.Wanted(
        project_of(item), "subscription", str(item["id"]), trigger, *target, recipients, scheduled_at, event, values
    )


def project_of(item: Item) -> int:
    return int(item["pk"].split("#")[1])
