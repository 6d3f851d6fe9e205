"""Deliveries: each one report that is on its way or was sent, with what became of it for every recipient.

A delivery is stored in the transaction that makes it due, with an entry of the agenda that brings it up again should
its message or its worker be lost. One that is scheduled is named by its due time, so that there can be no second one.
A worker holds a lease; what it is about to send it writes down first, so that nothing is sent twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlsplit
from uuid import NAMESPACE_OID, uuid4, uuid5

import orjson
from insights_acl.models import moment
from insights_engine.errors import ValidationError
from insights_engine.services import Services
from insights_engine.store import ConflictError, Item, Put, Store, Write

from insights_api import agenda

Owner = Literal["subscription", "alert"]
Trigger = Literal["scheduled", "target_change", "manual", "event", "alert"]

# Minutes until each further attempt, after one that failed for a reason that may pass.
RETRIES = (1, 5, 15, 60)
# How long history can be read.
KEPT = timedelta(days=180)
# Longer than the worker may run.
LEASE = timedelta(minutes=6)
# How long a message may take to reach a worker before it is sent again.
_PATIENCE = timedelta(minutes=3)
# The time of a delivery and its id, as in the sort key.
_CURSOR = re.compile(r"[0-9T:.Z-]{20,40}#[0-9a-f-]{36}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A delivery to be made: of what, to whom, and why. `values` are for the worker: what an alert has to say.

    `scheduled_at`, or `event` (its time and id), name the occasion: for one there is one delivery.
    """

    project_id: int
    owner: Owner
    owner_id: str
    trigger: Trigger
    target_type: str
    target_value: str
    recipients: Sequence[str]
    scheduled_at: datetime | None = None
    event: tuple[datetime, str] | None = None
    values: Mapping[str, Any] | None = None

    @property
    def occasion(self) -> tuple[datetime | None, str]:
        if self.event is not None:
            return self.event
        return self.scheduled_at, moment(self.scheduled_at) if self.scheduled_at else ""


def recipients_of(target_type: str, target_value: str) -> list[str]:
    """E-mail goes to each address by itself."""
    if target_type != "email":
        return [target_value]
    return [address.strip() for address in target_value.split(",") if address.strip()]


def begun(wanted: Wanted, now: datetime) -> tuple[Item, list[Write]]:
    """The delivery, and what stores it: to be written with what it follows from, or not at all."""
    owner = f"{wanted.owner}#{wanted.owner_id}"
    at, occasion = wanted.occasion
    number = uuid5(NAMESPACE_OID, f"{wanted.project_id}#{owner}#{occasion}") if occasion else uuid4()
    again_at = now + _PATIENCE
    item: Item = {
        "pk": _pk(wanted.project_id, owner),
        "sk": f"{moment(at or now)}#{number}",
        "id": str(number),
        "project_id": wanted.project_id,
        "owner": owner,
        "status": "starting",
        "trigger_type": wanted.trigger,
        "scheduled_at": moment(wanted.scheduled_at) if wanted.scheduled_at else None,
        "target_type": wanted.target_type,
        "target_value": wanted.target_value,
        "recipients": {one: {"status": "waiting", "error": None, "note": None} for one in wanted.recipients},
        "values": dict(wanted.values or {}),
        "exported_asset_ids": [],
        "content_snapshot": {},
        "error": None,
        "created_at": moment(now),
        "finished_at": None,
        "attempts": 0,
        "nudges": 0,
        "lease_until": None,
        "not_before": None,
        "again_at": moment(again_at),
        "expires_at": int((now + KEPT).timestamp()),
        "version": 1,
    }
    return item, [Put(item, "absent"), *agenda.moved(None, _entry(item))]


def send(services: Services, items: Iterable[Item]) -> None:
    """Tells the workers. Where the queue does not take it, the agenda brings it up again in a few minutes."""
    from insights_engine.queue import QueueUnavailable

    bodies = [
        orjson.dumps({"kind": "delivery", "project_id": item["project_id"], "id": _named(item)}).decode()
        for item in items
    ]
    if not bodies:
        return
    try:
        services.reports.send(bodies)
    except QueueUnavailable as error:
        from insights_engine.log import logger

        logger().warning("the queue of reports took no message", extra={"reason": str(error)})


def find(store: Store, project_id: int, named: str) -> Item | None:
    """By the name that messages and the agenda have for it."""
    kind, owner_id, sk = named.split("#", 2)
    return store.get(_pk(project_id, f"{kind}#{owner_id}"), sk)


def of_owner(
    store: Store, project_id: int, owner: Owner, owner_id: str, *, before: str | None = None, limit: int = 50
) -> list[Item]:
    """The newest first; `before` is the `sk` of the last one of the page before."""
    return store.query(_pk(project_id, f"{owner}#{owner_id}"), after=before, limit=limit, descending=True)


def cursor_of(text: str | None) -> str | None:
    """Where a page begins; None for the first. Raises ValidationError for what no answer has named."""
    if text and not _CURSOR.fullmatch(text):
        raise ValidationError("Invalid cursor.", attr="cursor")
    return text or None


def nudged(services: Services, project_id: int, named: str, now: datetime) -> None:
    """The agenda's turn: a delivery whose time has come again is told to the workers once more."""
    store = services.policies
    item = find(store, project_id, named)
    if item is None or item["status"] != "starting" or item["again_at"] > moment(now):
        return  # a worker has taken it since the agenda was read
    nudges = item["nudges"] + 1  # where many wait, messages about messages would be most of the queue
    try:
        send(services, [_moved(store, item, now + _PATIENCE * 2 ** min(nudges - 1, 4), {"nudges": nudges})])
    except ConflictError:
        return  # a worker has it


def claimed(store: Store, project_id: int, named: str, now: datetime) -> Item | None:
    """The delivery, for the caller alone until its lease is over; None where it is done, or another has it."""
    item = find(store, project_id, named)
    if item is None or item["status"] != "starting":
        return None
    if max(item["lease_until"] or "", item["not_before"] or "") > moment(now):
        return None
    values = {"attempts": item["attempts"] + 1, "lease_until": moment(now + LEASE)}
    try:
        return _moved(store, item, now + LEASE, values)
    except ConflictError:
        return None


def noted(store: Store, item: Item, recipient: str, status: str, reason: str | None = None, note: Any = None) -> Item:
    """What became of one recipient. Raises ConflictError where the lease was lost to another worker."""
    told = {"status": status, "error": reason, "note": note}
    return _put(store, item, {"recipients": {**item["recipients"], recipient: told}})


def is_last_attempt(item: Item) -> bool:
    return bool(item["attempts"] > len(RETRIES))


def is_given_up(item: Item) -> bool:
    """Workers were lost with it again and again: it may be what loses them."""
    return bool(item["attempts"] > len(RETRIES) + 1)


def given_up(store: Store, item: Item, reason: str) -> Item:
    """Who is waiting still waits no longer; of whom a worker was lost with nobody knows."""
    ends = {"waiting": "failed", "sending": "unknown"}
    ended = {
        one: {**told, "status": ends[told["status"]], "error": told["error"] or reason}
        for one, told in item["recipients"].items()
        if told["status"] in ends
    }
    if not ended:
        return item
    return _put(store, item, {"recipients": {**item["recipients"], **ended}})


def put_off(store: Store, item: Item, reason: str, now: datetime) -> Item:
    """Tried again later, by RETRIES, and not before, however many messages there are; not after the last attempt."""
    again_at = now + timedelta(minutes=RETRIES[item["attempts"] - 1])
    values = {"error": reason, "lease_until": None, "not_before": moment(again_at), "nudges": 0}
    return _moved(store, item, again_at, values)


def finished(
    store: Store, item: Item, status: str, reason: str | None, now: datetime, further: Sequence[Write] = ()
) -> Item:
    """What was for the worker alone is kept no longer."""
    over: dict[str, Any] = {"values": {}, "lease_until": None, "again_at": None}
    values = {"status": status, "error": reason, "finished_at": moment(now), **over}
    return _put(store, item, values, [*agenda.moved(_entry(item), None), *further])


def changed(store: Store, item: Item, values: Mapping[str, Any]) -> Item:
    return _put(store, item, values)


def shown(item: Item) -> dict[str, Any]:
    """As the API tells it. The address of a webhook may be a secret, so that history has its host alone."""
    is_webhook = item["target_type"] == "webhook"
    names = ("id", "status", "trigger_type", "scheduled_at", "target_type", "exported_asset_ids", "content_snapshot")
    is_waiting = item["status"] == "starting" and item["lease_until"] is None and item["attempts"] > 0
    return {
        **{name: item[name] for name in names},
        "target_value": _host(item["target_value"]) if is_webhook else item["target_value"],
        "recipient_results": [
            {"recipient": _host(one) if is_webhook else one, **told} for one, told in item["recipients"].items()
        ],
        "error": item["error"],
        "attempts": item["attempts"],
        "next_attempt_at": item["again_at"] if is_waiting else None,
        "created_at": item["created_at"],
        "finished_at": item["finished_at"],
    }


def _moved(store: Store, item: Item, again_at: datetime, values: Mapping[str, Any]) -> Item:
    """With its turn in the agenda at another time."""
    after = {**item, "again_at": moment(again_at)}
    return _put(store, item, {**values, "again_at": after["again_at"]}, agenda.moved(_entry(item), _entry(after)))


def _put(store: Store, item: Item, values: Mapping[str, Any], further: Sequence[Write] = ()) -> Item:
    after = {**item, **values, "version": item["version"] + 1}
    store.transact([Put(after, item["version"]), *further])
    return after


def _entry(item: Item) -> agenda.Entry | None:
    if item["again_at"] is None:
        return None
    return agenda.Entry(datetime.fromisoformat(item["again_at"]), "delivery", item["project_id"], _named(item))


def _named(item: Item) -> str:
    return f"{item['owner']}#{item['sk']}"


def _pk(project_id: int, owner: str) -> str:
    return f"PROJECT#{project_id}#DELIVERIES#{owner}"


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
