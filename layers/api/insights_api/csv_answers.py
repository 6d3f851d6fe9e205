"""Insights as CSV: as many values or rows as an export has, and the one form that every kind of node has."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fastapi import Request
from fastapi.responses import Response
from insights_acl import project_slots, rate_limits
from insights_acl.access import Access
from insights_engine.trend.displays import EXPORT_BREAKDOWN_LIMIT

from insights_api.questions import Question
from insights_api.tabular import csv_lines

if TYPE_CHECKING:
    from insights_engine.answer import Answer
    from insights_engine.hogql.events.node import EventsQuery
    from insights_engine.hogql.statements.node import HogQLQuery
    from insights_engine.spreadsheets import Line
    from insights_engine.trend.model import TrendQuery


def exported(question: Question, access: Access) -> Answer:
    """Computed now, and not kept: with more than an answer shows, unless that would be too large to send.

    That may take a second statement: how many values occur is known only once they are counted.
    """
    wider = _WIDER[question.kind](question) if question.kind in _WIDER else question.query
    if wider is question.query:
        return _computed(question, access)
    from insights_engine.trend.plan import TooManyValues

    try:
        return _computed(replace(question, query=wider), access)
    except TooManyValues:
        return _computed(question, access)


def _computed(question: Question, access: Access) -> Answer:
    """It counts in the key's rate, and has its place among the project's."""
    rate_limits.take_to_compute(access)
    with project_slots.slot(access.services, access.project.id):
        return question.answer(access.project, access.services, access.now)


def _more_values(question: Question) -> TrendQuery:
    query: TrendQuery = question.query
    if not query.breakdown or query.breakdown.limit is not None:
        return query
    return replace(query, breakdown=replace(query.breakdown, limit=EXPORT_BREAKDOWN_LIMIT))


def _more_rows(question: Question) -> HogQLQuery:
    from insights_engine.hogql.statements.export import widest

    return widest(question.query)


def _more_events(question: Question) -> EventsQuery:
    from insights_engine.hogql.statements.compile import MAX_LIMIT

    query: EventsQuery = question.query
    return query if question.asked.get("limit") is not None else replace(query, limit=MAX_LIMIT)


# The query of a file, where it has more than that of an answer: only what the question itself does not limit.
_WIDER: dict[str, Callable[[Question], Any]] = {
    "TrendsQuery": _more_values,
    "HogQLQuery": _more_rows,
    "EventsQuery": _more_events,
}


def tidy_response(request: Request, kind: str, found: Answer) -> Response:
    from insights_engine.tidy import tidy

    return file_response(request, found, tidy(kind, found))


def file_response(request: Request, found: Answer, lines: Iterable[Line], first_line: str | None = None) -> Response:
    """A file named by `export_name` and the range of the answer, where it has one."""
    from insights_engine.spreadsheets import file_name

    name = file_name(request.query_params.get("export_name"), found.resolved_date_range)
    return csv_lines(lines, name, first_line)
