"""Questions that are computed in the background: an item says how far each is, a queue brings it to a worker.

An item is `QUERY#project#id`; a second one, beside the result, names the job that a question has already. A job that
was begun and never ended (its worker was killed, and the queue gave it up) reads as failed once its time is over.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from insights_engine.store import ConflictError, Item, Key

if TYPE_CHECKING:
    from insights_engine.services import Services

# How long the state of a job can be asked for.
KEPT = timedelta(days=1)
CANCELLED = "The query was cancelled."
_LOST = "The query did not come to an end; ask again, for a shorter range perhaps."
# Beside a job's own time: waiting in the queue, and being delivered again.
_PATIENCE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Job:
    """`question` is what `Question` is made from again; `user_id` who asked: nobody else is told of it."""

    id: str
    project_id: int
    user_id: str
    question: dict[str, Any]
    cache_key: str
    sight: str
    start_time: str
    insight_id: int | None = None
    pickup_time: str | None = None
    end_time: str | None = None
    complete: bool = False
    error_message: str | None = None
    version: int = 1

    @classmethod
    def from_item(cls, item: Item) -> Job:
        return cls(**{name: item[name] for name in cls.__slots__})

    @property
    def started_at(self) -> datetime:
        return datetime.fromisoformat(self.start_time)

    def status(self, now: datetime, results: Any = None) -> dict[str, Any]:
        """As the API tells it: `query_status`."""
        error, complete = self.error_message, self.complete
        if not complete and now - self.started_at > _PATIENCE:
            error, complete = _LOST, True
        return {
            "id": self.id,
            "team_id": self.project_id,
            "insight_id": self.insight_id,
            "dashboard_id": None,
            "query_async": True,
            "complete": complete,
            "error": error is not None,
            "error_message": error,
            "results": results,
            "start_time": _shown(self.start_time),
            "pickup_time": _shown(self.pickup_time),
            "end_time": _shown(self.end_time),
            "expiration_time": _shown((self.started_at + KEPT).isoformat()),
            "cache_key": self.cache_key,
        }


class Jobs:
    def __init__(self, services: Services) -> None:
        self._services = services

    @property
    def are_possible(self) -> bool:
        """Whether there is a queue to bring questions to a worker."""
        return bool(self._services.settings.queries_queue)

    def send(self, wanted: Mapping[str, Any], now: datetime, *, anew: bool) -> Job:
        """The question's job: one that is under way, unless it is to be computed `anew`, or a new one.

        `wanted` has the fields of Job that say what and for whom. Raises where the store or the queue does not take it.
        """
        job = Job(id=uuid.uuid4().hex, start_time=now.isoformat(), **wanted)
        if not anew and (other := self._under_way(job)) is not None:
            return other
        self._put(job, "absent")
        try:
            self._services.queries.send([orjson.dumps({"project_id": job.project_id, "query_id": job.id}).decode()])
        except Exception:
            self.change(job, complete=True, error_message=_LOST)  # so that nobody waits for it
            raise
        return job

    def get(self, project_id: int, query_id: str) -> Job | None:
        item = self._services.results.get(*_key(project_id, query_id))
        return Job.from_item(item) if item else None

    def change(self, job: Job, **changes: Any) -> Job | None:
        """The job as it is then; None where another change came first."""
        from dataclasses import replace

        after = replace(job, version=job.version + 1, **changes)
        try:
            self._put(after, job.version)
        except ConflictError:
            return None
        return after

    def _under_way(self, job: Job) -> Job | None:
        """Another's job for the same result, which this one's place is taken by; None where the place is ours now."""
        pk, sk = f"RESULT#{job.project_id}#{job.cache_key}", "JOB"
        place: Item = {"pk": pk, "sk": sk, "query_id": job.id, "user_id": job.user_id}
        place["expires_at"] = int((job.started_at + timedelta(minutes=15)).timestamp())
        try:
            self._services.results.put(place, "absent")
            return None
        except ConflictError:
            held = self._services.results.get(pk, sk)
        other = self.get(job.project_id, held["query_id"]) if held else None
        if other is None or other.complete or other.user_id != job.user_id:
            self._services.results.put(place)
            return None
        return other

    def _put(self, job: Job, expect: Any) -> None:
        pk, sk = _key(job.project_id, job.id)
        values = {name: getattr(job, name) for name in Job.__slots__}
        expires = int((job.started_at + KEPT).timestamp())
        self._services.results.put({"pk": pk, "sk": sk, "expires_at": expires, **values}, expect)


def _shown(moment: str | None) -> str | None:
    """UTC, to the second, as moments in answers are."""
    return f"{moment[:19]}Z" if moment else None


def _key(project_id: int, query_id: str) -> Key:
    return f"QUERY#{project_id}#{query_id}", "STATUS"
