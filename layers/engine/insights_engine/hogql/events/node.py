"""EventsQuery: expressions over events, one column each, with filters beside them instead of a statement around."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from insights_engine.errors import ValidationError
from insights_engine.filters import EVERYTHING, Group, parse_filters
from insights_engine.hogql.events.tree import Columns, columns_of, tree_of, way_of_time
from insights_engine.hogql.parse import Tree
from insights_engine.hogql.statements.compile import DEFAULT_LIMIT, MAX_LIMIT
from insights_engine.intervals import INTERVALS, Interval
from insights_engine.nodes import Flag, Node, Text, Whole, read
from insights_engine.project import Project

LAST_DAY, ALL = "-24h", "all"
_MOST_EXPRESSIONS, _MOST_EVENTS = 100, 1_000
_MOST_ROWS, _MOST_ID = 2**31 - 1, 2**31 - 1

Expression = Annotated[str, Field(max_length=10_000)]
Expressions = Annotated[list[Expression], Field(max_length=_MOST_EXPRESSIONS)]


class EventsQueryNode(Node):
    kind: Literal["EventsQuery"]
    select: Expressions
    where: Expressions | None = None
    properties: list[Any] | dict[str, Any] | None = None
    fixed_properties: list[Any] | dict[str, Any] | None = Field(None, alias="fixedProperties")
    event: Text | None = None
    events: Annotated[list[Text], Field(max_length=_MOST_EVENTS)] | None = None
    action_id: Annotated[Whole, Field(gt=0, le=_MOST_ID)] | None = Field(None, alias="actionId")
    person_id: Text | None = Field(None, alias="personId")
    before: Text | None = None
    after: Text | None = None
    order_by: Expressions | None = Field(None, alias="orderBy")
    limit: Annotated[Whole, Field(ge=1, le=_MOST_ROWS)] | None = None
    offset: Annotated[Whole, Field(ge=0, le=_MOST_ROWS)] | None = None
    filter_test_accounts: Flag | None = Field(None, alias="filterTestAccounts")
    source: None = None
    name: Text | None = None
    modifiers: dict[str, Any] | None = None
    tags: dict[str, Any] | None = None
    response: Any = None
    version: float | None = None


@dataclass(frozen=True)
class EventsQuery:
    """`order_by` None: what the columns make of it. `person` is a number or a uuid."""

    select: tuple[str, ...]
    where: tuple[str, ...] = ()
    order_by: tuple[str, ...] | None = None
    events: tuple[str, ...] = ()
    action_id: int | None = None
    person: int | str | None = None
    filter: Group = EVERYTHING
    filter_test_accounts: bool = False
    after: str = LAST_DAY
    before: str | None = None
    limit: int = DEFAULT_LIMIT
    offset: int = 0

    @cached_property
    def columns(self) -> Columns:
        return columns_of(self.select)

    @cached_property
    def tree(self) -> Tree:
        return tree_of(self.columns, self.where, self.order_by, self.limit, self.offset)

    @property
    def way_of_time(self) -> str | None:
        return way_of_time(self.columns, self.where, self.order_by)

    @property
    def date_from(self) -> str:
        """With `date_to`, what says how long a result is fresh."""
        return self.after

    @property
    def date_to(self) -> str | None:
        return self.before

    @property
    def interval(self) -> Interval:
        return INTERVALS["minute"]

    def has_expression(self, project: Project) -> bool:
        return True


def parse_node(node: dict[str, Any], place: str = "query") -> EventsQuery:
    """The node as a query whose expressions can be parsed. Raises ParseError and ValidationError."""
    if node.get("source") is not None:
        raise ValidationError(
            "source is not answered in an EventsQuery; an ActorsQuery gives the people behind an insight", attr="source"
        )
    found = read(EventsQueryNode, node, place)
    own = parse_filters(found.properties, field="properties")
    fixed = parse_filters(found.fixed_properties, field="fixedProperties")
    names = [found.event, *(found.events or ())]
    query = EventsQuery(
        select=tuple(found.select) or ("*",),
        where=tuple(found.where or ()),
        order_by=None if found.order_by is None else tuple(found.order_by),
        events=tuple(dict.fromkeys(name for name in names if name)),
        action_id=found.action_id,
        person=person_named(found.person_id, "personId"),
        filter=Group("AND", (own, fixed)) if fixed.values else own,
        filter_test_accounts=bool(found.filter_test_accounts),
        after=found.after or LAST_DAY,
        before=found.before or None,
        limit=min(found.limit or DEFAULT_LIMIT, MAX_LIMIT),
        offset=found.offset or 0,
    )
    assert query.tree
    return query


def person_named(text: str | None, field: str) -> int | str | None:
    """The uuid or the number of a person, as EventsQuery has it. Raises ValidationError for what is neither."""
    if not text:
        return None
    if text.isascii() and text.isdecimal() and len(text) <= 10 and int(text) < 2**32:
        return int(text)
    try:
        return str(UUID(text))
    except ValueError:
        raise ValidationError(f"{field} must be the uuid or the number of a person", attr=field) from None
