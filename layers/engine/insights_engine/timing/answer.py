"""A report answered: one statement. The only module of the report that reads anything."""

from __future__ import annotations

from datetime import datetime

from insights_engine.answer import Answer, resolved_dates
from insights_engine.project import Project
from insights_engine.services import Services
from insights_engine.timing.compile import compile_timing
from insights_engine.timing.model import TimingQuery
from insights_engine.timing.shape import shape
from insights_engine.timing.window import make_window


def answer(query: TimingQuery, project: Project, services: Services, now: datetime) -> Answer:
    """Raises ValidationError, and Overloaded when ClickHouse hits a limit."""
    window = make_window(query, project, now)
    statement = compile_timing(query, project, window, now)
    rows = services.clickhouse.read(statement, project_id=project.id)
    result, window = shape(rows.rows, window)
    return Answer(
        result,
        False,
        resolved_dates(window.start, window.end),
        statement,
        rows.cost,
        applied_filters=dict(query.where),
    )
