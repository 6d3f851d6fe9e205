"""The result of a saved insight, computed: the one place that asks its question.

What the caller did wrong is a 400; what ClickHouse or this product could not do is said in `query_status`, so that the
insight itself can still be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from insights_acl.access import Access
from insights_engine.errors import ApiError, ParseError, ServerError, ValidationError
from insights_engine.http import iso
from insights_engine.results.modes import Refresh
from insights_engine.store import Item

from insights_api.csv_answers import exported, tidy_response
from insights_api.insight_fields import NOT_COMPUTED
from insights_api.refresh import of_shared
from insights_api.saved_questions import SavedQuestion
from insights_api.serving import Asking, Served, serve

# How the tables are called and kept is nothing for somebody with a link.
_NOT_BY_LINK = frozenset({"clickhouse"})


def computed(access: Access, asked: SavedQuestion, refresh: Refresh, *, explain: bool = False) -> dict[str, Any]:
    """The fields of an answer that are about the result. Raises ValidationError for a question that has no answer."""
    if asked.is_nothing:
        return dict(NOT_COMPUTED) | {"timezone": access.project.timezone}
    if access.share is not None:
        refresh = of_shared(refresh)
    item = asked.item
    try:
        served = serve(
            Asking.of(access),
            asked.question,
            refresh,
            explain=explain,
            insight_id=item["id"],
            key=asked.key(access),
        )
    except ParseError as error:  # of an override: what is stored was checked
        raise ValidationError(error.detail, attr=error.attr) from error
    except ApiError as error:
        if error.status < 500:
            raise
        return _failed(access, item, error.detail if type(error) is not ServerError else ServerError.default_detail)
    except Exception:  # as at the outermost edge; what the insight is can be answered all the same
        from insights_engine.log import logger

        logger().exception("unexpected error", extra={"insight": item["id"], "project": access.project.id})
        return _failed(access, item, ServerError.default_detail)
    found = {**NOT_COMPUTED, **served.circumstances(), **_of_entry(served)}
    if access.share is not None:
        for name in _NOT_BY_LINK & found.keys():
            del found[name]
    return found if served.entry is None else found | served.cost()


def _of_entry(served: Served) -> dict[str, Any]:
    entry = served.entry
    if entry is None:
        return {}
    return {
        "result": served.rows,
        **served.further,
        **entry.additions,
        "resolved_date_range": entry.resolved_date_range,
    }


def is_to_come(result: Mapping[str, Any]) -> bool:
    """Whether it is computed in the background, and none is there."""
    return result["result"] is None and bool(result["query_status"]) and not result["query_status"]["complete"]


def csv_of(request: Request, access: Access, asked: SavedQuestion) -> Response:
    """The result as CSV, a line an observation. What cannot be computed is an error: there is no place to say it in."""
    if asked.is_nothing:
        raise ValidationError("The insight has no query, so there is nothing to write.", attr="query")
    return tidy_response(request, asked.question.kind, exported(asked.question, access))


def _failed(access: Access, item: Item, message: str) -> dict[str, Any]:
    status = {
        "id": None,
        "team_id": access.project.id,
        "insight_id": item["id"],
        "dashboard_id": None,
        "query_async": False,
        "complete": True,
        "error": True,
        "error_message": message,
        "results": None,
        "start_time": iso(access.now),
        "end_time": None,
    }
    return {**NOT_COMPUTED, "timezone": access.project.timezone, "query_status": status}
