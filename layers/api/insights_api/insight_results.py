"""The result of a saved insight, computed: the one place that asks its question.

What the caller did wrong is a 400; what ClickHouse or this product could not do is said in `query_status`, so that the
insight itself can still be read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
from fastapi import Request
from fastapi.responses import Response
from insights_acl.access import Access
from insights_engine.errors import ApiError, ParseError, ServerError, ValidationError
from insights_engine.http import iso
from insights_engine.store import Item

from insights_api.answers import answer_filters, answer_node, explanation, what_it_cost
from insights_api.csv_answers import export_filters, export_node, tidy_response
from insights_api.insight_fields import NOT_COMPUTED
from insights_api.insight_overrides import filters_of, overridden, overridden_flat
from insights_api.insight_query import kind_of_flat, source_of
from insights_api.legacy_nodes import converted

if TYPE_CHECKING:
    from insights_engine.answer import Answer

# How long a result counts as fresh, by the width of the question's buckets.
_FRESH_FOR = {
    "minute": timedelta(minutes=5),
    "hour": timedelta(hours=1),
    "day": timedelta(hours=6),
    "week": timedelta(days=1),
    "month": timedelta(days=2),
}
_NEXT_REFRESH = timedelta(minutes=1)


def question_of(item: Item, overrides: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
    """The node that is answered: the insight's own, or what its older filters stand for; null where only they do."""
    query: dict[str, Any] | None = item["query"] if item["query"] is not None else converted(item["filters"])
    return query if query is None else overridden(query, filters_of(overrides or {}))


def computed(access: Access, item: Item, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an answer that are about the result. Raises ValidationError for a question that has no answer.

    `overrides`: `filters_override` and `tile_filters_override` as `overrides_of` gives them; `refresh`; `explain`.
    """
    if item["query"] is None and not item["filters"]:
        return dict(NOT_COMPUTED) | {"timezone": access.project.timezone}
    try:
        found = _answer(access, item, overrides)
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
    fields = {
        **NOT_COMPUTED,
        "result": found.result,
        "hasMore": found.has_more if found.mean is None else None,
        **({} if found.mean is None else {"mean": found.mean}),
        **found.additions,
        **_times(access.now, _interval(item)),
        "timezone": access.project.timezone,
        "resolved_date_range": found.resolved_date_range,
        "cache_key": cache_key(access, item, overrides),
        **what_it_cost(found),
    }
    return fields | ({"explain": explanation(found)} if overrides.get("explain") else {})


def csv_of(request: Request, access: Access, item: Item, overrides: Mapping[str, Any]) -> Response:
    """The result as CSV, a line an observation. What cannot be computed is an error: there is no place to say it in."""
    query = question_of(item, overrides)
    if query is not None:
        return tidy_response(request, *export_node(query, access))
    if not item["filters"]:
        raise ValidationError("The insight has no query, so there is nothing to write.", attr="query")
    values = overridden_flat(item["filters"], filters_of(overrides))
    kind = kind_of_flat(values)
    if kind == "RetentionQuery":
        return tidy_response(request, kind, _flat_answer(access, values))
    return tidy_response(request, *export_filters(values, access))


def cache_key(access: Access, item: Item, overrides: Mapping[str, Any] | None = None) -> str:
    """Names the question: the same for everything that has the same answer, whatever it is called or how it looks."""
    query = question_of(item, overrides)
    asked = source_of(query) if query else overridden_flat(item["filters"], filters_of(overrides or {}))
    project = access.project
    parts = {
        "query": {name: value for name, value in asked.items() if name != "tags"},
        "project": project.id,
        "timezone": project.timezone,
        "week_start_day": project.week_start_day or 0,
    }
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def _answer(access: Access, item: Item, overrides: Mapping[str, Any]) -> Answer:
    query = question_of(item, overrides)
    if query is not None:
        return answer_node(query, access)
    return _flat_answer(access, overridden_flat(item["filters"], filters_of(overrides)))


def _flat_answer(access: Access, values: Mapping[str, Any]) -> Answer:
    if kind_of_flat(values) != "RetentionQuery":
        return answer_filters(values, access)
    from insights_engine.retention.answer import answer
    from insights_engine.retention.legacy import parse_legacy

    return answer(parse_legacy(values), access.project, access.services, access.now)


def _interval(item: Item) -> str | None:
    query = question_of(item)
    asked = source_of(query) if query else item["filters"]
    named = asked.get("interval") or (asked.get("retentionFilter") or {}).get("period") or asked.get("period") or "day"
    return named.lower() if isinstance(named, str) else None


def _times(now: datetime, interval: str | None) -> dict[str, Any]:
    fresh_for = _FRESH_FOR.get(interval or "")
    return {
        "last_refresh": iso(now),
        "cache_target_age": iso(now + fresh_for) if fresh_for else None,
        "next_allowed_client_refresh": iso(now + _NEXT_REFRESH),
    }


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
