"""An alert whose time has come: its insight computed as its author may see it, held against the bounds, and told of.

What a check found, when the next one is, and the deliveries to those who are told are written in one transaction at the
version that was read: of two checks at once one counts, and a crossing is told once.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from insights_acl.access import Access, of_user
from insights_acl.models import moment
from insights_acl.project_slots import slot
from insights_api import agenda, deliveries, tiles
from insights_api.alert_bodies import check_trend
from insights_api.alert_checks import Outcome, Rule, judged, narrowed
from insights_api.alert_states import Found, Standing, after, is_skipped, next_check
from insights_api.alerts import KIND, entry
from insights_api.saved_questions import SavedQuestion
from insights_engine import keys, metrics
from insights_engine.errors import ApiError, NotFound, ServerError
from insights_engine.project import Project
from insights_engine.services import Services
from insights_engine.store import ConflictError, Item, Put, StoreUnavailable, Write

# How many checks an alert remembers.
KEPT_CHECKS = 30
_MOST_ERROR, _MOST_MESSAGE = 300, 1000
# Minutes until each further attempt, after one that failed for a reason that may pass; then people are told.
RETRIES = (1, 5, 15)
_PASSING = frozenset({429, 503, 504})
# Against others who change the alert at the same time.
_ATTEMPTS = 5
_NOTHING = Outcome(None)


@dataclass(frozen=True, slots=True)
class _Checked:
    """`error`: why there is no outcome; `may_pass`: another attempt may have one."""

    outcome: Outcome
    error: str | None = None
    may_pass: bool = False

    @property
    def found(self) -> Found:
        return "failed" if self.error else "crossed" if self.outcome.breaches else "within"

    @property
    def message(self) -> str | None:
        """What people are told."""
        if self.error:
            return f"The alert could not be checked: {self.error}"
        return "\n".join(self.outcome.breaches) or None


def check(services: Services, project_id: int, alert_id: str, now: datetime) -> None:
    """Once for a due time, however often it is called. Raises StoreUnavailable."""
    key = keys.resource(project_id, KIND, alert_id)
    for _ in range(_ATTEMPTS):
        alert = services.policies.get(*key)
        stored = services.policies.get(*keys.project(project_id))
        if alert is None or stored is None or not _is_due(alert, now):
            return
        try:
            begun = _check(services, Project.from_item(stored), alert, now)
        except ConflictError:
            continue  # it was changed meanwhile, or checked by another
        deliveries.send(services, begun)
        return


def _is_due(alert: Item, now: datetime) -> bool:
    return alert["next_check_at"] is not None and alert["next_check_at"] <= moment(now)


def _check(services: Services, project: Project, alert: Item, now: datetime) -> list[Item]:
    """The deliveries that it made due."""
    until, every = alert["snoozed_until"], alert["calculation_interval"]
    is_snoozed = until is not None and until > moment(now)
    moves = {"next_check_at": moment(_following(project, alert, now)), "again_at": None, "attempts": 0}
    if is_snoozed or is_skipped(every, now, project.zone, skip_weekend=alert["skip_weekend"]):
        return _written(services, project.id, alert, moves, [])
    done = _checked(services, project.id, alert, now)
    if done.may_pass and alert["attempts"] < len(RETRIES):
        again_at = now + timedelta(minutes=RETRIES[alert["attempts"]])
        later = {"again_at": moment(again_at), "attempts": alert["attempts"] + 1}
        return _written(services, project.id, alert, later, [])
    standing, is_told = after(_standing(alert), done.found)
    begun = _deliveries(services, project.id, alert, done, now) if is_told else []
    values = _noted(alert, done, standing, is_told=bool(begun), now=now)
    return _written(services, project.id, alert, {**moves, **values}, begun)


def _following(project: Project, alert: Item, now: datetime) -> datetime:
    until, every = alert["snoozed_until"], alert["calculation_interval"]
    wakes_at, skips = datetime.fromisoformat(until) if until else None, alert["skip_weekend"]
    return next_check(alert["id"], every, now, project.zone, skip_weekend=skips, not_before=wakes_at)


def _standing(alert: Item) -> Standing:
    return Standing(alert["state"], alert["is_crossed"])


def _checked(services: Services, project_id: int, alert: Item, now: datetime) -> _Checked:
    """What cannot be computed is what the check found, not a crash."""
    try:
        return _Checked(_outcome(services, project_id, alert, now))
    except StoreUnavailable:
        raise
    except ApiError as error:
        detail = ServerError.default_detail if type(error) is ServerError else error.detail
        return _Checked(_NOTHING, detail[:_MOST_ERROR], error.status in _PASSING)
    except Exception:  # as at the outermost edge
        from insights_engine.log import logger

        logger().exception("an alert could not be checked", extra={"alert": alert["id"], "project": project_id})
        return _Checked(_NOTHING, ServerError.default_detail)


def _outcome(services: Services, project_id: int, alert: Item, now: datetime) -> Outcome:
    """Raises ApiError: the author may not see the insight, it is no trend any more, ClickHouse is busy."""
    try:
        access = of_user(alert["created_by"]["uuid"], project_id, services, now)
    except ApiError:
        raise NotFound("Whoever made the alert has no access to the project any more.") from None
    insight = _insight(access, alert["insight"])
    check_trend(alert, insight)
    question, rule = SavedQuestion(insight).question, Rule.of(alert)
    query = narrowed(rule, question.query, access.project, now)
    started = time.perf_counter()
    with slot(services, project_id):
        answer = replace(question, query=query).answer(access.project, services, now)
    cost = answer.total_cost
    metrics.question(
        project_id=project_id,
        insight=question.kind,
        outcome="computed",
        total_ms=(time.perf_counter() - started) * 1000,
        clickhouse_ms=cost.milliseconds,
        rows_read=cost.rows_read,
        bytes_read=cost.bytes_read,
    )
    return judged(rule, query, access.project, now, (answer.result, answer.resolved_date_range))


def _insight(access: Access, number: int) -> Item:
    """Raises ApiError."""
    insight = tiles.read(access, tiles.INSIGHT, [number]).get(number)
    if insight is None or insight["deleted"]:
        raise NotFound("The insight was deleted.")
    detail = "The author of the alert does not have viewer access to the insight."
    tiles.require(access, tiles.INSIGHT, insight, detail, writes=False)
    return insight


def _deliveries(
    services: Services, project_id: int, alert: Item, done: _Checked, now: datetime
) -> list[tuple[Item, list[Write]]]:
    """To the users by mail, and to the alert's own target; named by the version, so that there is one of each."""
    told: dict[str, list[str]] = {"email": _addresses(services, project_id, alert, now)}
    if (own := alert["target_type"]) is not None:
        told.setdefault(own, []).extend(deliveries.recipients_of(own, alert["target_value"]))
    at = datetime.fromisoformat(alert["next_check_at"])
    found = []
    for target_type, recipients in told.items():
        if not recipients:
            continue
        each = list({one.lower(): one for one in recipients}.values()) if target_type == "email" else recipients
        wanted = deliveries.Wanted(
            project_id,
            "alert",
            alert["id"],
            "alert",
            target_type,
            ",".join(each),
            each,
            event=(at, f"{alert['version']}#{target_type}"),
            values={"message": done.message},
        )
        found.append(deliveries.begun(wanted, now))
    return found


def _addresses(services: Services, project_id: int, alert: Item, now: datetime) -> list[str]:
    """Of the users who may see the insight now: who has left is told nothing."""
    found = []
    for user_id in alert["subscribed_users"]:
        try:
            access = of_user(user_id, project_id, services, now)
        except ApiError:
            continue
        insight = tiles.read(access, tiles.INSIGHT, [alert["insight"]]).get(alert["insight"])
        if insight is not None and tiles.may(access, tiles.INSIGHT, insight, writes=False):
            found.append(access.user.email)
    return found


def _noted(alert: Item, done: _Checked, standing: Standing, *, is_told: bool, now: datetime) -> dict[str, Any]:
    """What the check changes of the alert, and the check as the alert remembers it."""
    noted = {
        "id": str(uuid4()),
        "created_at": moment(now),
        "calculated_value": done.outcome.value,
        "state": standing.state,
        "targets_notified": is_told,
        "message": "\n".join(done.outcome.breaches)[:_MOST_MESSAGE] or None,
        "error": done.error,
    }
    return {
        **standing._asdict(),
        "snoozed_until": None,
        "last_checked_at": moment(now),
        "last_notified_at": moment(now) if is_told else alert["last_notified_at"],
        "last_value": alert["last_value"] if done.error else done.outcome.value,
        "checks": [noted, *alert["checks"]][:KEPT_CHECKS],
    }


def _written(
    services: Services,
    project_id: int,
    alert: Item,
    values: Mapping[str, Any],
    begun: Sequence[tuple[Item, list[Write]]],
) -> list[Item]:
    """Raises ConflictError where the alert is not what it was."""
    changed = {**alert, **values, "version": alert["version"] + 1}
    moved = agenda.moved(entry(project_id, alert), entry(project_id, changed))
    further = [write for _, writes in begun for write in writes]
    services.policies.transact([Put(changed, alert["version"]), *moved, *further])
    return [item for item, _ in begun]
