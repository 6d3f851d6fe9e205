"""The worker behind the queue of questions: an SQS event in, the messages to deliver again out.

What a question did wrong, and what ClickHouse refused, is the job's answer, and the message is done. A message that
cannot be read, or whose job is gone, is done as well: to deliver it again would not help. Everything else is delivered
again, a few times, and then set aside.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import orjson
from insights_engine import clickhouse, deadline, keys
from insights_engine.errors import ApiError, Cancelled, NotFound, Overloaded, ServerError, Throttled
from insights_engine.project import Project
from insights_engine.results.cache import ResultsCache
from insights_engine.results.jobs import CANCELLED, Job, Jobs
from insights_engine.results.modes import MODES
from insights_engine.services import Services, current

from insights_api.questions import question_again
from insights_api.serving import Asking, serve

# Between tries, while there is no place, or ClickHouse is busy.
_LONGEST_PAUSE = 10.0
# As far as clocks may differ.
_SKEW = timedelta(seconds=5)
_NOT_KEPT = "The result is too large to be kept; ask for fewer values or a shorter range."


def handle_queries(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """`batchItemFailures` names each message to deliver again; the others are done."""
    services, again = current(), []
    for record in event["Records"]:
        try:
            with deadline.of(context):
                _work(record["body"], services)
        except Exception:
            from insights_engine.log import logger

            logger().exception("a question could not be computed", extra={"message_id": record["messageId"]})
            again.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": again}


def query_name(job: Job) -> str:
    """The name of a job's statements in ClickHouse, by which they are killed."""
    return f"insights-{job.project_id}-{job.id}"


def _work(body: str, services: Services) -> None:
    try:
        told = orjson.loads(body)
        project_id, query_id = int(told["project_id"]), str(told["query_id"])
    except (ValueError, TypeError, KeyError):
        from insights_engine.log import logger

        logger().error("a message of the queue of questions cannot be read")
        return
    jobs = Jobs(services)
    job = jobs.get(project_id, query_id)
    if job is None or job.complete:
        return
    job = jobs.change(job, pickup_time=services.now().isoformat())
    if job is not None:
        error = _error_of(job, services)
        jobs.change(job, complete=True, end_time=services.now().isoformat(), error_message=error)


def _error_of(job: Job, services: Services) -> str | None:
    """Computes it; what went wrong, in the caller's words."""
    item = services.policies.get(*keys.project(job.project_id))
    if item is None:
        return NotFound.default_detail
    project = Project.from_item(item)
    seconds = services.settings.job_seconds

    def check() -> None:
        """A statement that has not begun cannot be killed."""
        now = Jobs(services).get(job.project_id, job.id)
        if now is None or now.complete:
            raise Cancelled

    asking = Asking(project, services, services.now(), job.user_id, job.sight, seconds, is_worker=True, check=check)
    try:
        with deadline.within(seconds), clickhouse.named(query_name(job)):
            _serve_when_possible(asking, job)
    except Cancelled:
        return CANCELLED
    except ApiError as error:
        return ServerError.default_detail if type(error) is ServerError else error.detail
    kept = ResultsCache(services).kept(job.project_id, job.cache_key)
    return None if kept is not None and kept.started_at >= job.started_at - _SKEW else _NOT_KEPT


def _serve_when_possible(asking: Asking, job: Job) -> None:
    """Where only the moment is wrong, as all places are taken or ClickHouse is busy, a worker can wait."""
    while True:
        try:
            serve(asking, question_again(job.question), MODES["force_blocking"], asked_at=job.started_at)
            return
        except (Throttled, Overloaded) as error:
            left = deadline.left()
            if (error.status not in (429, 503)) or left is None or left < _LONGEST_PAUSE:
                raise
        time.sleep(random.uniform(0.5, 1) * _LONGEST_PAUSE)  # noqa: S311  # jitter, not a secret
        asking.check()
