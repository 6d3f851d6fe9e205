"""HogQLQuery: a statement, the values of its placeholders, and what `{filters}` stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field

from insights_engine.errors import ParseError
from insights_engine.filters import parse_filters
from insights_engine.hogql.parse import Tree
from insights_engine.hogql.statements.parse import parse_statement
from insights_engine.hogql.statements.scope import Filters
from insights_engine.intervals import INTERVALS, Interval
from insights_engine.nodes import DateRange, Node, Text, read
from insights_engine.project import Project

MOST_VALUES = 10_000


class HogQLFilters(Node):
    date_range: DateRange | None = Field(None, alias="dateRange")
    properties: list[Any] | dict[str, Any] | None = None
    filter_test_accounts: bool | None = Field(None, alias="filterTestAccounts")


class Variable(Node):
    variable_id: Text | None = Field(None, alias="variableId")
    code_name: Text
    value: Any = None
    is_null: bool | None = Field(None, alias="isNull")


class HogQLQueryNode(Node):
    kind: Literal["HogQLQuery"]
    query: Annotated[str, Field(max_length=100_000)]
    values: dict[str, Any] | None = None
    filters: HogQLFilters | None = None
    variables: dict[str, Variable] | None = None
    name: Text | None = None
    explain: bool | None = None
    modifiers: dict[str, Any] | None = None
    tags: dict[str, Any] | None = None
    response: Any = None
    version: float | None = None


@dataclass(frozen=True)
class HogQLQuery:
    """`values` by the names that placeholders have."""

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)
    filters: Filters = field(default_factory=Filters)
    # What says how long a result is fresh: a statement is asked about now, whatever stands in it.
    date_from: str | None = None
    date_to: str | None = None

    @cached_property
    def tree(self) -> Tree:
        return parse_statement(self.text)

    @property
    def interval(self) -> Interval:
        return INTERVALS["minute"]

    def has_expression(self, project: Project) -> bool:
        return True


def parse_node(node: dict[str, Any], place: str = "query") -> HogQLQuery:
    """The node as a statement that can be parsed. Raises ParseError and ValidationError."""
    found = read(HogQLQueryNode, node, place)
    values = dict(found.values or {})
    values |= {one.code_name: None if one.is_null else one.value for one in (found.variables or {}).values()}
    if _size(values) > MOST_VALUES:
        raise ParseError(f"{place}.values has more than {MOST_VALUES} values")
    query = HogQLQuery(found.query, values, filters_of(found.filters))
    assert query.tree
    return query


def filters_of(asked: HogQLFilters | None) -> Filters:
    if asked is None:
        return Filters()
    dates = asked.date_range or DateRange()
    return Filters(
        dates.date_from,
        dates.date_to,
        parse_filters(asked.properties, field="filters.properties"),
        bool(asked.filter_test_accounts),
    )


def _size(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(_size, value.values())) + 1
    return sum(map(_size, value)) + 1 if isinstance(value, list) else 1
