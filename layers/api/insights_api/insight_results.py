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
from insights_engine.results.modes import MODES
from insights_engine.store import Item

from insights_api.answers import Question, answered_now, question_of_flat, question_of_node
from insights_api.csv_answers import export_filters, export_node, tidy_response
from insights_api.insight_fields import NOT_COMPUTED
from insights_api.insight_overrides import filters_of, overridden, overridden_flat
from insights_api.insight_query import kind_of_flat
from insights_api.legacy_nodes import converted
from insights_api.refresh import of_shared
from insights_api.serving import Asking, Served, key_of, serve

# How the tables are called and kept is nothing for somebody with a link.
_NOT_BY_LINK = frozenset({"clickhouse"})


def question_of(item: Item, overrides: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
    """The node that is answered: the insight's own, or what its older filters stand for; null where only they do."""
    query: dict[str, Any] | None = item["query"] if item["query"] is not None else converted(item["filters"])
    return query if query is None else overridden(query, overrides or {})


def computed(access: Access, item: Item, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an answer that are about the result. Raises ValidationError for a question that has no answer.

    `overrides`: `filters_override`, `tile_filters_override`, `variables_override` as `overrides_of` gives them;
    `refresh`; `explain`.
    """
    if item["query"] is None and not item["filters"]:
        return dict(NOT_COMPUTED) | {"timezone": access.project.timezone}
    refresh = overrides.get("refresh") or MODES["blocking"]
    if access.share is not None:
        refresh = of_shared(refresh)
    try:
        question = asked_by(item, overrides)
        is_explained = bool(overrides.get("explain"))
        served = serve(Asking.of(access), question, refresh, explain=is_explained, insight_id=item["id"])
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
        "hasMore": entry.has_more if entry.mean is None else None,
        **({} if entry.mean is None else {"mean": entry.mean}),
        **entry.additions,
        "resolved_date_range": entry.resolved_date_range,
    }


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
        found = answered_now(asked_by(item, overrides), access)
        return tidy_response(request, kind, found)
    return tidy_response(request, *export_filters(values, access))


def asked_by(item: Item, overrides: Mapping[str, Any] | None = None) -> Question:
    """Raises ApiError for a question that cannot be read: of an override, or of a time when it could be."""
    query = question_of(item, overrides)
    if query is not None:
        return question_of_node(query)
    values = overridden_flat(item["filters"], filters_of(overrides or {}))
    return question_of_flat(values, kind_of_flat(values))


def cache_key(access: Access, item: Item, overrides: Mapping[str, Any] | None = None) -> str | None:
    """Names the question: the same for everything that has the same answer, whatever it is called or how it looks."""
    if item["query"] is None and not item["filters"]:
        return None
    try:
        return key_of(Asking.of(access), asked_by(item, overrides))
    except ApiError:
        return None


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
