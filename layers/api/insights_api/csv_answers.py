"""Insights as CSV: as many values or rows as an export has, and the one form that every kind of node has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fastapi import Request
from fastapi.responses import Response
from insights_acl.access import Access
from insights_engine.trend.displays import EXPORT_BREAKDOWN_LIMIT

from insights_api.answers import (
    answer_filters,
    answer_node,
    answered_now,
    kind_of_filters,
    question_of_node,
    unwrapped,
)
from insights_api.tabular import csv_lines

if TYPE_CHECKING:
    from insights_engine.answer import Answer
    from insights_engine.spreadsheets import Line


def export_node(value: Any, access: Access, field: str = "query") -> tuple[str, Answer]:
    """The node's kind and its answer."""
    node, field = unwrapped(value, field)
    if node["kind"] == "HogQLQuery":
        from insights_engine.hogql.statements.export import widest

        question = question_of_node(node, field)
        return node["kind"], answered_now(replace(question, query=widest(question.query)), access)
    by = node.get("breakdownFilter")
    wider = node
    if node["kind"] == "EventsQuery" and node.get("limit") is None:
        from insights_engine.hogql.statements.compile import MAX_LIMIT

        wider = {**node, "limit": MAX_LIMIT}
    if node["kind"] == "TrendsQuery" and isinstance(by, dict) and by.get("breakdown_limit") is None:
        wider = {**node, "breakdownFilter": {**by, "breakdown_limit": EXPORT_BREAKDOWN_LIMIT}}
    return node["kind"], _widest((wider, node), lambda asked: answer_node(asked, access, field))


def export_filters(values: Mapping[str, Any], access: Access) -> tuple[str, Answer]:
    """The kind of node that the filters would be, and their answer."""
    kind, wider = kind_of_filters(values), values
    if kind == "TrendsQuery" and values.get("breakdown_limit") is None:
        wider = {**values, "breakdown_limit": EXPORT_BREAKDOWN_LIMIT}
    return kind, _widest((wider, values), lambda asked: answer_filters(asked, access))


def _widest[T](questions: tuple[T, T], ask: Callable[[T], Answer]) -> Answer:
    """The second question where the first one's answer would be too large to send.

    That may take a second statement: how many values occur is known only once they are counted.
    """
    wider, plain = questions
    if wider is plain:
        return ask(plain)
    from insights_engine.trend.plan import TooManyValues

    try:
        return ask(wider)
    except TooManyValues:
        return ask(plain)


def tidy_response(request: Request, kind: str, found: Answer) -> Response:
    from insights_engine.tidy import tidy

    return file_response(request, found, tidy(kind, found))


def file_response(request: Request, found: Answer, lines: Iterable[Line], first_line: str | None = None) -> Response:
    """A file named by `export_name` and the range of the answer, where it has one."""
    from insights_engine.spreadsheets import file_name

    name = file_name(request.query_params.get("export_name"), found.resolved_date_range)
    return csv_lines(lines, name, first_line)
