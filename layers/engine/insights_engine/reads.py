"""A question's statement, run: what ClickHouse finds wrong with an expression in it is the caller's fault."""

from __future__ import annotations

from typing import Protocol

from insights_engine.clickhouse import Rows
from insights_engine.errors import ValidationError, attr_of
from insights_engine.project import Project
from insights_engine.services import Services
from insights_engine.sql import Sql


class MayHoldExpression(Protocol):
    """A query of any insight, as far as faults of SQL expressions go."""

    def has_expression(self, project: Project) -> bool: ...


def read_rows(services: Services, statement: Sql, query: MayHoldExpression, project: Project) -> Rows:
    """Raises ValidationError for what only ClickHouse can see, and Overloaded when it hits a limit."""
    try:
        return services.clickhouse.read(statement, project_id=project.id)
    except Exception as error:
        from insights_engine.hogql.failures import reason

        said = reason(error) if query.has_expression(project) else None
        if said is None:
            raise
        fields = statement.written
        place = f"{' or '.join(fields)}: " if fields else ""
        raise ValidationError(place + said, attr=attr_of(fields[0]) if len(fields) == 1 else None) from error
