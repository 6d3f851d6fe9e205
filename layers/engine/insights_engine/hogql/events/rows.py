"""Which stored events an EventsQuery and a list of events are about: everything but their expressions and pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from insights_engine import dates, definitions, person_numbers
from insights_engine.conditions import counts, keeps_test_accounts_out, matches
from insights_engine.definitions import Definitions
from insights_engine.entities import ActionEntity
from insights_engine.errors import ValidationError
from insights_engine.hogql.events.node import ALL, EventsQuery
from insights_engine.project import Project
from insights_engine.scan import Scan
from insights_engine.services import Services
from insights_engine.sql import TRUE, Sql, both

# Clocks of devices differ a little; what is of the future beyond that is a mistake until somebody asks for it.
AHEAD = timedelta(seconds=5)
_SMALLEST = timedelta(microseconds=1)
_READABLE = re.compile(
    r"\d{4}(?:-\d{1,2}(?:-\d{1,2})?)?|\d{4}-\d{2}-\d{2}[T ].+|-?\d{0,9}[hdwmqyMs](?:Start|End)?", re.ASCII
)


def within(query: EventsQuery, project: Project, now: datetime) -> Callable[[Scan], Sql]:
    """The condition on the stored events. The moments `after` and `before` themselves are out."""
    upper = moment(query.before, "before", project, now) if query.before else now + AHEAD
    lower = moment(query.after, "after", project, now) if query.after != ALL else None

    def holds(scan: Scan) -> Sql:
        held = both(between(scan, lower, upper), conditions(scan, query))
        return both(held, _on_page(scan, held, query)) if query.way_of_time else held

    return holds


def _on_page(scan: Scan, held: Sql, query: EventsQuery) -> Sql:
    """The events of the page by narrow columns, so that the properties, which are wide, are read of no others.

    In the order of the statement itself, which compares uuids as text.
    """
    return Sql(
        "(ts, uuid) IN (SELECT ts, uuid {source} WHERE {mine} AND {held} "
        "ORDER BY ts {way}, toString(uuid) DESC LIMIT {n:UInt64})",
        source=scan.from_clause(),
        mine=scan.is_mine,
        held=held,
        way=Sql(query.way_of_time or ""),
        n=query.offset + query.limit + 1,
    )


def between(scan: Scan, lower: datetime | None, upper: datetime) -> Sql:
    """Later than `lower`, where there is one, and earlier than `upper`."""
    zone = scan.project.zone
    last = (upper.astimezone(UTC) - _SMALLEST).astimezone(zone)
    return scan.within((lower.astimezone(UTC) + _SMALLEST).astimezone(zone), last) if lower else scan.until(last)


def conditions(scan: Scan, query: EventsQuery) -> Sql:
    return both(
        Sql("event IN {events:Array(String)}", events=list(query.events)) if query.events else TRUE,
        counts(scan, ActionEntity(query.action_id)) if query.action_id else TRUE,
        TRUE if query.person is None else Sql("{p} = {n:UInt32}", p=scan.person, n=query.person),
        matches(scan, query.filter),
        keeps_test_accounts_out(scan) if query.filter_test_accounts else TRUE,
    )


def moment(text: str, field: str, project: Project, now: datetime) -> datetime:
    """A date or a time, or a relative one such as `-7d`. Raises ValidationError for what is neither."""
    if not _READABLE.fullmatch(text.strip()):
        raise ValidationError(f"{field} {text[:50]!r} is not a date; write one, or -24h or -7d", attr=field)
    return dates.parse(text, now, project.zone, field, is_end=field == "before").at


def with_person(query: EventsQuery, project: Project, services: Services, now: datetime) -> EventsQuery:
    """With the number of the person whose uuid or number was given; it may be one that became part of another."""
    match query.person:
        case None:
            return query
        case int(number):
            found = person_numbers.survivor(services.policies, project.id, number)
        case uuid:
            found = person_numbers.of_uuid(Scan(project, Definitions(), now), services, UUID(uuid))
    return replace(query, person=found)


def with_action(
    known: Definitions, action_id: int | None, project: Project, services: Services, field: str = "actionId"
) -> Definitions:
    """The action that is asked for, besides. Raises ValidationError where there is none of that id."""
    if action_id is None:
        return known
    found = definitions.load(services.policies, project.id, (action_id,), ())
    if action_id not in found.actions:
        raise ValidationError(f"Action {action_id} does not exist in this project", attr=field)
    return replace(known, actions=found.actions, cohorts={**known.cohorts, **found.cohorts})
