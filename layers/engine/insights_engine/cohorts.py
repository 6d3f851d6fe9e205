"""Who is in a cohort, for those who list or count people rather than events."""

from __future__ import annotations

from datetime import datetime

from insights_engine.conditions import people as _people
from insights_engine.definitions import Cohort, Definitions
from insights_engine.project import Project
from insights_engine.scan import Scan
from insights_engine.sql import Sql


def people(project: Project, cohort: Cohort, definitions: Definitions, now: datetime) -> Sql:
    """A SELECT of the person numbers of a cohort. Raises ValidationError for a filter that cannot be asked."""
    return _people(Scan(project, definitions, now), cohort)
