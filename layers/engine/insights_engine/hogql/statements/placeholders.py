"""`{filters}`: the dates, properties and test accounts that are asked for beside the statement, as one condition."""

from __future__ import annotations

from datetime import datetime

from insights_engine import dates
from insights_engine.conditions import keeps_test_accounts_out, matches
from insights_engine.hogql.kinds import Typed
from insights_engine.hogql.statements.scope import Statement
from insights_engine.hogql.statements.sources import View
from insights_engine.intervals import INTERVALS
from insights_engine.sql import TRUE, both


def condition_of(statement: Statement, events: View) -> Typed:
    """Over the events' own rows, so that it prunes them. Days are whole, as they are in every insight."""
    filters, scan = statement.filters, events.scan
    within = range_of(statement)
    tests = keeps_test_accounts_out(scan) if filters.filter_test_accounts else TRUE
    return events.condition(both(scan.within(*within) if within else TRUE, matches(scan, filters.properties), tests))


def range_of(statement: Statement) -> tuple[datetime, datetime] | None:
    """None where no dates are asked for."""
    filters, project = statement.filters, statement.project
    if not filters.date_to and filters.date_from in (None, "", "all"):
        return None
    found = dates.resolve(
        filters.date_from or "all",
        filters.date_to,
        interval=INTERVALS["day"],
        now=statement.now,
        zone=project.zone,
        monday=project.weeks_start_on_monday,
    )
    return found.start, found.end
