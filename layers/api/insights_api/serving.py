"""The one way from a question to its result: one that is kept, one computed now, or one to come from the background.

    served = serve(Asking.of(access), question_of_node(node), refresh)
    if served.entry is None: return pending(served)
    return JsonResponse({"result": served.rows, **served.circumstances(), …})

Whatever fails on the way, a result that is kept is better than an error, and is marked as stale.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from insights_acl import rate_limits
from insights_acl.access import Access
from insights_acl.gates import hidden_kinds
from insights_acl.project_slots import slot
from insights_engine import deadline, metrics
from insights_engine.errors import ApiError, Overloaded, Throttled
from insights_engine.http import JsonResponse, iso
from insights_engine.project import Project
from insights_engine.results.cache import Look, ResultsCache
from insights_engine.results.entry import NO_COST, Entry
from insights_engine.results.flight import Flight
from insights_engine.results.freshness import NEXT_REFRESH
from insights_engine.results.jobs import Job, Jobs
from insights_engine.results.modes import Refresh, Then, without_background
from insights_engine.results.naming import result_key
from insights_engine.services import Services

from insights_api.costs import explanation, what_it_cost
from insights_api.questions import Question

if TYPE_CHECKING:
    from fastapi.responses import Response
    from insights_engine.answer import Answer

# Over the time of a query itself: to wait for a place, to shape and to keep the answer.
_GRACE_SECONDS = 3
PAST_ITS_TIME = "It is older than results of its kind count as fresh; ask with refresh=blocking for a new one."
_IN_WORK = "A new result is being computed; query_status says how far it is."


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, when, and for how many seconds. `count` raises where the caller may not have one more computed."""

    project: Project
    services: Services
    now: datetime
    user_id: str
    sight: str
    seconds: float
    count: Callable[[], None] = lambda: None
    # A worker computes itself what it is given; `check` raises where that is not wanted any more.
    is_worker: bool = False
    check: Callable[[], None] = lambda: None

    @classmethod
    def of(cls, access: Access) -> Asking:
        left = deadline.left()
        seconds = access.services.settings.query_seconds + _GRACE_SECONDS
        return cls(
            access.project,
            access.services,
            access.now,
            access.user.uuid,
            "" if access.share else " ".join(hidden_kinds(access.rules.project_wide, access.caller)),
            seconds if left is None else min(seconds, left),
            lambda: rate_limits.take_to_compute(access),
        )


@dataclass(frozen=True, slots=True)
class Served:
    """`entry` is None where the result is still to come, or there is none. `stale_reason`: why it is an old one."""

    asking: Asking
    key: str
    entry: Entry | None
    is_cached: bool = False
    was_joined: bool = False
    stale_reason: str | None = None
    job: Job | None = None
    # Of what was computed for this request alone.
    answer: Answer | None = None

    @property
    def outcome(self) -> metrics.Outcome:
        """Where the answer came from."""
        if self.job is not None:
            return "queued"
        if self.was_joined:
            return "joined"
        if self.is_cached:
            return "stale" if self.stale_reason else "hit"
        return "computed" if self.entry else "missed"

    @property
    def rows(self) -> Any:
        """The result as ready JSON."""
        return orjson.Fragment(self.entry.result) if self.entry else None

    @property
    def further(self) -> dict[str, Any]:
        """Retention has a mean row, and no further rows."""
        assert self.entry is not None
        return {"hasMore": self.entry.has_more} if self.entry.mean is None else {"mean": self.entry.mean}

    def circumstances(self) -> dict[str, Any]:
        """When the result was computed, how long it holds, and how to name it."""
        entry = self.entry
        said: dict[str, Any] = {
            "timezone": self.asking.project.timezone,
            "is_cached": self.is_cached,
            "last_refresh": iso(entry.computed_at) if entry else None,
            "cache_target_age": iso(entry.target_age) if entry and entry.target_age else None,
            "next_allowed_client_refresh": iso(entry.computed_at + NEXT_REFRESH) if entry else None,
            "cache_key": self.key,
            "query_status": self.job.status(self.asking.now) if self.job else None,
        }
        if self.stale_reason is not None:
            said |= {"is_stale": True, "stale_reason": self.stale_reason}
        return said

    def cost(self) -> dict[str, Any]:
        """What this request cost in ClickHouse; `explain` where it was asked for."""
        cost = NO_COST if self.entry is None or self.is_cached else self.entry.cost
        took = what_it_cost(cost)
        return took if self.answer is None else took | {"explain": explanation(self.answer)}


def serve(
    asking: Asking,
    question: Question,
    refresh: Refresh,
    *,
    explain: bool = False,
    insight_id: int | None = None,
    asked_at: datetime | None = None,
    key: str | None = None,
) -> Served:
    """Raises what the question's answer raises, where nothing that is kept can stand in for it.

    `asked_at`: a result whose computation began later will do, whatever `refresh` says; null: that of this call. `key`:
    the question's, where it is known.
    """
    started = time.perf_counter()
    outcome: metrics.Outcome = "failed"
    served: Served | None = None
    try:
        key = key or key_of(asking, question)
        look = ResultsCache(asking.services).look(asking.project.id, key)
        asked = _Asked(asking, question, key, look, insight_id, asked_at or asking.services.now())
        served = asked.explained() if explain else asked.served(refresh)
        outcome = served.outcome
        return served
    finally:
        cost = NO_COST if served is None or served.is_cached or served.entry is None else served.entry.cost
        metrics.question(
            project_id=asking.project.id,
            insight=question.kind,
            outcome=outcome,
            total_ms=(time.perf_counter() - started) * 1000,
            clickhouse_ms=cost.milliseconds,
            rows_read=cost.rows_read,
            bytes_read=cost.bytes_read,
        )


def key_of(asking: Asking, question: Question) -> str:
    return result_key(question.kind, question.query, asking.project, sight=asking.sight, shown=question.shown)


def pending(served: Served, keep: Callable[[], dict[str, Any]]) -> Response:
    """202: the result is computed in the background; ask for `query_status.id` at `/query/:id`."""
    body = {"result": None, "results": None, **served.circumstances(), **keep()}
    return JsonResponse(body, status_code=202 if served.job else 200)


@dataclass(frozen=True, slots=True)
class _Asked:
    asking: Asking
    question: Question
    key: str
    look: Look
    insight_id: int | None
    asked_at: datetime

    def served(self, refresh: Refresh) -> Served:
        """As the mode says of what is kept."""
        asking, are_possible = self.asking, Jobs(self.asking.services).are_possible
        mode = refresh if are_possible and not asking.is_worker else without_background(refresh)
        entry = self.look.entry if mode.reads else None
        found = entry.freshness(asking.now) if entry else None
        then = mode.miss if found is None else mode.fresh if found.is_fresh else mode.stale
        if then is Then.QUEUE_IF_LAZY:
            then = Then.SERVE if found and found.is_lazy else Then.QUEUE
        match then:
            case Then.NOTHING:
                return Served(asking, self.key, None)
            case Then.SERVE:
                is_old = found is not None and not found.is_fresh
                return Served(asking, self.key, entry, True, stale_reason=PAST_ITS_TIME if is_old else None)
            case Then.QUEUE:
                return self.queued(entry, anew=not mode.reads)
            case _:
                return self.computed(joins=mode.reads)

    def computed(self, *, joins: bool, may_be_sent: bool = True) -> Served:
        """By this request, or by another that asks the same. `joins`: any fresh result will do, however it came."""
        asking, asked_at = self.asking, self.asked_at

        def suffices(entry: Entry) -> bool:
            is_fresh = entry.freshness(asked_at).is_fresh if joins else False
            return entry.definitions == self.look.definitions and (is_fresh or entry.started_at >= asked_at)

        flight = Flight(asking.services, asking.project.id, self.key, asking.seconds, asking.check)
        try:
            asking.count()
            landed = flight.land(asked_at, suffices, lambda began: self._answered(began)[1])
        except ApiError as error:
            if error.status < 500 and not isinstance(error, Throttled):
                raise
            return self._instead(error, may_be_stale=joins, may_be_sent=may_be_sent)
        return Served(asking, self.key, landed.entry, landed.joined, landed.joined)

    def explained(self) -> Served:
        """Computed by this very request, whoever else does."""
        asking = self.asking
        asking.count()
        answer, entry = self._answered(asking.services.now())
        ResultsCache(asking.services).put(asking.project.id, self.key, entry)
        return Served(asking, self.key, entry, answer=answer)

    def queued(self, entry: Entry | None, *, anew: bool) -> Served:
        """A result that is there, and a job; where no job can be had, as if it had not been asked for."""
        try:
            self.asking.count()
        except Throttled as error:
            return self._instead(error, may_be_stale=entry is not None, may_be_sent=False)
        job = self._sent(anew=anew)
        if job is None:
            return self.computed(joins=not anew, may_be_sent=False)
        return self._with(job, entry)

    def _with(self, job: Job, entry: Entry | None) -> Served:
        reason = _IN_WORK if entry else None
        return Served(self.asking, self.key, entry, entry is not None, stale_reason=reason, job=job)

    def _sent(self, *, anew: bool) -> Job | None:
        asking = self.asking
        wanted = {
            "project_id": asking.project.id,
            "user_id": asking.user_id,
            "question": self.question.told(),
            "cache_key": self.key,
            "sight": asking.sight,
            "insight_id": self.insight_id,
        }
        try:
            return Jobs(asking.services).send(wanted, asking.services.now(), anew=anew)
        except Exception as error:  # the queue is ill, or the question is larger than what it takes
            from insights_engine.log import logger

            logger().warning(f"no job in the background: {error}", extra={"project": asking.project.id})
            return None

    def _answered(self, began: datetime) -> tuple[Answer, Entry]:
        asking = self.asking
        with slot(asking.services, asking.project.id, asking.seconds):
            asking.check()
            answer = self.question.answer(asking.project, asking.services, asking.now)
        entry = Entry.of(
            answer,
            interval=self.question.interval,
            started_at=began,
            computed_at=asking.services.now(),
            definitions=self.look.definitions,
            moves=self.question.moves,
        )
        return answer, entry

    def _instead(self, error: ApiError, *, may_be_stale: bool, may_be_sent: bool) -> Served:
        """What is better than an error: a worker, which has more time, or an old result."""
        out_of_time = isinstance(error, Overloaded) and error.status == 504
        has_worker = not self.asking.is_worker and Jobs(self.asking.services).are_possible
        if out_of_time and has_worker and may_be_sent and (job := self._sent(anew=False)) is not None:
            return self._with(job, self.look.entry)
        if may_be_stale and self.look.entry is not None:
            return Served(self.asking, self.key, self.look.entry, True, stale_reason=error.detail)
        raise error
