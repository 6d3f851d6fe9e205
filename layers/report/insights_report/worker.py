"""The worker behind the queue of reports: a delivery is computed, drawn, and sent to each recipient once.

1. The delivery is claimed: one worker has it at a time, and one that is lost gives it up after its lease.
2. Before a recipient's copy goes out, that is written down; after it, what became of it. A copy of which nobody knows
   is sent again only where the other side drops repeats; of a mail it is said that nobody knows.
3. What failed for a reason that may pass is tried again later, for those recipients alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from insights_api import deliveries
from insights_engine import deadline
from insights_engine.log import logger
from insights_engine.services import Services, current
from insights_engine.store import Item, Write

from insights_report.channels import channel
from insights_report.report import Channel, Report, Target, Undelivered, Unknown
from insights_report.sources import Source, Stopped, source_of

# What it takes to note the end of a delivery, whatever the sending took.
_KEPT_BACK_SECONDS = 20.0
_LOST = "It is not known whether this arrived: the worker was lost while it was sending. It is not sent again."
_UNKNOWN = "It is not known whether this arrived: the connection was lost. It is not sent again."
_LOST_WORKERS = "The workers that had it were lost, each time."
_NO_TIME = "There was no time left to send it."
_TAKEN_OFF = "Taken off the list before it was sent."


def handle_reports(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """`batchItemFailures` names each message to deliver again; the others are done, or the agenda has them."""
    services, again = current(), []
    for record in event["Records"]:
        try:
            with deadline.of(context):
                _work(services, record["body"])
        except Exception:
            logger().exception("a report could not be worked on", extra={"message_id": record["messageId"]})
            again.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": again}


def _work(services: Services, body: str) -> None:
    try:
        told = orjson.loads(body)
        kind, project_id, named = str(told["kind"]), int(told["project_id"]), str(told["id"])
    except (ValueError, TypeError, KeyError):
        logger().error("a message of the queue of reports cannot be read")
        return
    if kind == "alert":
        from insights_report import alerting

        alerting.check(services, project_id, named, services.now())
        return
    item = deliveries.claimed(services.policies, project_id, named, services.now())
    if item is not None:
        deliver(services, item)


def deliver(services: Services, item: Item) -> None:
    """A delivery that the caller has claimed, to its end or to its next attempt."""
    store, now = services.policies, services.now()
    if deliveries.is_given_up(item):
        item = deliveries.given_up(store, item, _LOST_WORKERS)
        deliveries.finished(store, item, _ended(item), _LOST_WORKERS, now)
        return
    try:
        source = source_of(services, item, now)
    except Stopped as stop:
        _stop(services, item, stop)
        return
    way = channel(item["target_type"])
    item = _after_a_loss(services, item, way)
    item = _without_those_taken_off(services, item, source)
    waiting = [one for one, told in item["recipients"].items() if told["status"] == "waiting"]
    if waiting:
        try:
            report, target = source.report(), source.target(waiting)
        except Stopped as stop:
            _stop(services, item, stop, source.closing(now) if stop.is_lasting else ())
            return
        if _is_worth_waiting_for(report) and not deliveries.is_last_attempt(item):
            deliveries.put_off(store, item, str(report.parts[0].error), services.now())
            return
        item = deliveries.changed(store, item, source.snapshot(report))
        for recipient in waiting:
            item = _send(services, item, way, report, target, recipient)
    _close(services, item, source)


def _is_worth_waiting_for(report: Report) -> bool:
    """There would be nothing in it but errors of a moment. What an alert has to say does not wait for its picture."""
    return report.subject != "alert" and bool(report.parts) and all(part.may_pass for part in report.parts)


def _stop(services: Services, item: Item, stop: Stopped, further: Sequence[Write] = ()) -> None:
    """Nothing more is sent, and who is waiting waits no longer."""
    item = deliveries.given_up(services.policies, item, str(stop))
    deliveries.finished(services.policies, item, stop.status, str(stop), services.now(), further)


def _after_a_loss(services: Services, item: Item, way: Channel) -> Item:
    """Recipients that another worker was just sending to when it was lost."""
    for recipient, told in item["recipients"].items():
        if told["status"] == "sending":
            status, reason = ("waiting", None) if way.is_repeatable else ("unknown", _LOST)
            item = deliveries.noted(services.policies, item, recipient, status, reason)
    return item


def _without_those_taken_off(services: Services, item: Item, source: Source) -> Item:
    """Who has unsubscribed, or was removed, since the delivery was made gets nothing more of it."""
    for recipient, told in item["recipients"].items():
        if told["status"] == "waiting" and not source.is_wanted(recipient):
            item = deliveries.noted(services.policies, item, recipient, "skipped", _TAKEN_OFF)
    return item


def _send(services: Services, item: Item, way: Channel, report: Report, target: Target, recipient: str) -> Item:
    """Raises ConflictError where the lease was lost: another worker goes on with it."""
    left = deadline.remaining()
    if left is not None and left < _KEPT_BACK_SECONDS:
        return deliveries.noted(services.policies, item, recipient, "waiting", _NO_TIME)
    item = deliveries.noted(services.policies, item, recipient, "sending")
    status, reason, note = "sent", None, None
    try:
        note = way.deliver(report, target, recipient)
    except Unknown:
        status, reason = ("waiting", _UNKNOWN) if way.is_repeatable else ("unknown", _UNKNOWN)
    except Undelivered as error:
        status, reason = ("failed" if error.is_lasting else "waiting"), str(error)
    except Exception:  # a channel's own fault: not known what it did before
        logger().exception("a report could not be sent", extra={"delivery": item["id"]})
        status, reason = "unknown", _UNKNOWN
    return deliveries.noted(services.policies, item, recipient, status, reason, note)


def _close(services: Services, item: Item, source: Source) -> None:
    """Completed where everybody has it, or nobody can get it any more; else it is tried again."""
    store, now = services.policies, services.now()
    is_last = deliveries.is_last_attempt(item)
    if is_last:
        item = deliveries.given_up(store, item, _NO_TIME)
    told = item["recipients"].values()
    reasons = list(dict.fromkeys(one["error"] for one in told if one["error"]))
    reason = "; ".join(reasons)[:1000] or None
    statuses = [one["status"] for one in told]
    if "waiting" in statuses:
        deliveries.put_off(store, item, reason or _NO_TIME, now)
        return
    is_broken = {*statuses} == {"failed"} and not is_last
    deliveries.finished(store, item, _ended(item), reason, now, source.closing(now) if is_broken else ())
    if reason:
        _say(item, reason)


def _ended(item: Item) -> str:
    """Completed where it came to somebody; of each recipient history says what became of theirs."""
    statuses = {told["status"] for told in item["recipients"].values()}
    if statuses == {"skipped"}:
        return "skipped"
    return "completed" if "sent" in statuses else "failed"


def _say(item: Item, reason: str | None) -> None:
    about = {"delivery": item["id"], "project": item["project_id"], "channel": item["target_type"], "reason": reason}
    logger().warning("a report did not reach everybody", extra=about)
