"""What the names of one SELECT mean: its sources, the aliases of its columns, and the WITH clauses that it can see."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from insights_engine.definitions import Definitions
from insights_engine.errors import ApiError, ValidationError
from insights_engine.filters import EVERYTHING, Group
from insights_engine.hogql.kinds import Typed
from insights_engine.hogql.names import near
from insights_engine.hogql.places import start_of, wrong
from insights_engine.hogql.statements.sources import Source, either
from insights_engine.hogql.statements.tables import TABLES
from insights_engine.project import Project
from insights_engine.scan import Scan
from insights_engine.sql import Sql

Node = dict[str, Any]
# Of one statement: more would be a query that nobody wrote by hand, or one that grows in the printing.
MAX_SOURCES, MAX_NODES, MAX_DEPTH = 100, 10_000, 16


@dataclass(frozen=True, slots=True)
class Filters:
    """What `{filters}` stands for: a range in time, property filters, and whether test accounts are left out."""

    date_from: str | None = None
    date_to: str | None = None
    properties: Group = EVERYTHING
    filter_test_accounts: bool = False


@dataclass
class Statement:
    """What all parts of one statement share: whose it is, and how much of it has been printed."""

    project: Project
    definitions: Definitions
    now: datetime
    filters: Filters = field(default_factory=Filters)
    place: str = "query"
    # What must hold of the stored events that the outermost SELECT reads, whatever the statement says.
    rows: Callable[[Scan], Sql] | None = None
    sources: int = 0
    nodes: int = 0
    # What the columns of sources were called by who named them, and where, for what ClickHouse says of them.
    names: dict[str, tuple[str, int | None]] = field(default_factory=dict)

    def scan(self) -> Scan:
        return Scan(self.project, self.definitions, self.now)

    def next_source(self, node: Node) -> str:
        if self.sources >= MAX_SOURCES:
            raise self.error(node, f"the statement reads more than {MAX_SOURCES} tables and sub-selects")
        self.sources += 1
        return f"t{self.sources - 1}"

    def count(self, node: Node) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise self.error(node, "the statement is too large once its WITH clauses are written out")

    def error(self, node: Node, message: str) -> ValidationError:
        """`place` of a node's start is that of the text that it was parsed from, where a statement has several."""
        place = (node.get("start") or {}).get("place", self.place)
        return wrong(place, message, start_of(node))


@dataclass
class Alias:
    """A column of the SELECT by its name: `node` until it is printed, which what names it first may cause."""

    node: Node
    place: int
    typed: Typed | None = None
    is_open: bool = False
    has_aggregate: bool = False
    has_window: bool = False


@dataclass(frozen=True, slots=True)
class Common:
    """What WITH names: a sub-select, or an expression. `scope` is that of the WITH clauses before it."""

    node: Node
    is_select: bool
    before: Mapping[str, Common]


@dataclass
class Scope:
    statement: Statement
    commons: Mapping[str, Common]
    depth: int = 0
    sources: list[Source] = field(default_factory=list)
    aliases: dict[str, Alias] = field(default_factory=dict)
    # What ARRAY JOIN made of lists, by name.
    members: dict[str, Typed] = field(default_factory=dict)
    # Names that USING makes one of two.
    shared: set[str] = field(default_factory=set)

    def column(self, chain: list[str | int], node: Node) -> Typed:
        """The field of a source. Raises ValidationError for none, or for several."""
        found = self.found(chain, node)
        if found is None:
            raise self.statement.error(node, f"the field {written(chain)} is not known{self.hint(chain)}")
        source, rest = found
        is_either = source.is_optional and self.is_shared(chain)
        try:
            taken = either(self.sources, chain, self.statement.scan()) if is_either else source.column(rest)
        except ApiError as error:
            raise self.statement.error(node, _plain(error.detail)) from None
        assert taken is not None
        at = (node.get("start") or {}).get("offset")
        self.statement.names.setdefault(taken.sql.text, (written(chain), at))
        return taken

    def is_shared(self, chain: list[str | int]) -> bool:
        return len(chain) == 1 and str(chain[0]) in self.shared

    def found(self, chain: list[str | int], node: Node) -> tuple[Source, list[str | int]] | None:
        """The source that has the field, and the field's name there."""
        if len(chain) > 1:
            for source in self.sources:
                if source.name == chain[0] and self._has(source, chain[1:], node):
                    return source, chain[1:]
        having = [source for source in self.sources if self._has(source, chain, node)]
        if len(having) > 1 and str(chain[0]) not in self.shared:
            names = " and ".join(f"{source.name or 'a sub-select'}" for source in having[:2])
            name = written(chain)
            raise self.statement.error(node, f"both {names} have {name}; write {having[0].name}.{name}")
        return (having[0], chain) if having else None

    def _has(self, source: Source, chain: list[str | int], node: Node) -> bool:
        try:
            return source.has(chain)
        except ApiError as error:
            raise self.statement.error(node, _plain(error.detail)) from None

    def hint(self, chain: list[str | int]) -> str:
        known = [name for source in self.sources for name in source.hints()]
        own = [source for source in self.sources if len(chain) > 1 and source.name == chain[0]]
        if own:
            return near(written(chain[1:]), own[0].hints())
        return near(written(chain), [*known, *self.aliases, *self.commons, *(s.name for s in self.sources if s.name)])


def written(chain: list[str | int]) -> str:
    return ".".join(map(str, chain))[:100]


def _plain(detail: str) -> str:
    return detail.removeprefix("query.key ").removeprefix("query: ")


def table_hint(name: str) -> str:
    return near(name, TABLES) or f"; known are {', '.join(TABLES)}"
