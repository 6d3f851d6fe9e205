"""The results of the insights on a dashboard: several at once, within a time and a size that an answer may have.

What goes wrong with one of them, whatever it is, is said in its own `query_status`.
"""

from __future__ import annotations

import contextvars
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import orjson
from insights_acl.access import Access
from insights_engine.errors import ApiError, ServerError
from insights_engine.results.modes import Refresh

from insights_api.insight_fields import NOT_COMPUTED
from insights_api.insight_results import computed
from insights_api.saved_questions import SavedQuestion

# A function has 29 s and 6 MB.
SECONDS = 20.0
MAX_BYTES = 4_000_000
_AT_ONCE = 4
_TOO_SLOW = f"The insights of this dashboard take longer than {SECONDS:.0f} s together; ask for this one by itself."
_TOO_LARGE = "The results of this dashboard are too large together; ask for this insight by itself."

Result = dict[str, Any]


def results_of(access: Access, asked: Sequence[SavedQuestion], refresh: Refresh) -> dict[int, Result]:
    """By the insight's id, in the order in which they are asked: the first ones are those that fit."""
    threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="insights-tile")
    under_way = [threads.submit(contextvars.copy_context().run, _result, access, one, refresh) for one in asked]
    in_time = wait(under_way, timeout=SECONDS).done
    # One that is late goes on until ClickHouse's own limit; nobody waits for it.
    threads.shutdown(wait=False, cancel_futures=True)
    found, size = {}, 0
    for question, one in zip(asked, under_way, strict=True):
        result = one.result() if one in in_time else failed(_TOO_SLOW)
        size += len(orjson.dumps(result, default=str, option=orjson.OPT_NON_STR_KEYS))
        found[question.item["id"]] = result if size <= MAX_BYTES else failed(_TOO_LARGE)
    return found


def failed(message: str) -> Result:
    return {
        **NOT_COMPUTED,
        "query_status": {"complete": True, "error": True, "error_message": message, "results": None},
    }


def _result(access: Access, asked: SavedQuestion, refresh: Refresh) -> Result:
    try:
        return computed(access, asked, refresh)
    except ApiError as error:
        return failed(error.detail)
    except Exception:  # as at the outermost edge, but for one tile
        from insights_engine.log import logger

        logger().exception("unexpected error", extra={"insight": asked.item["id"], "project": access.project.id})
        return failed(ServerError.default_detail)
