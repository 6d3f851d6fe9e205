"""Cohorts in expressions: `person_id IN COHORT 5`, or by name."""

from __future__ import annotations

from insights_engine.errors import ValidationError
from insights_engine.scan import Scan
from insights_engine.sql import Sql


def in_cohort(scan: Scan, wanted: int | str) -> Sql:
    """Whether the event's person is in it. Raises ValidationError for a cohort that there is not, or not once."""
    from insights_engine.conditions import people

    known = scan.definitions.cohorts
    found = [c for c in known.values() if wanted in (c.id, c.name)]
    if not found:
        raise ValidationError(f"Cohort {wanted} does not exist in this project")
    if len(found) > 1:
        ids = ", ".join(str(c.id) for c in found)
        raise ValidationError(f'Several cohorts are named "{wanted}"; give an id, one of {ids}')
    return Sql("({p} IN ({people}))", p=scan.person, people=people(scan, found[0], 1))
