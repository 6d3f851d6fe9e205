"""What stands in FROM: a table's view or a sub-select, printed as one sub-select with the columns that are asked of it.

Columns are collected while the statement around is walked, so a source is printed last, and reads and joins only what
is needed.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from insights_engine.errors import ValidationError
from insights_engine.hogql.fields import field_value, person_field, property_field, property_within
from insights_engine.hogql.kinds import Typed, coerce
from insights_engine.hogql.statements.tables import SYNONYMS, TABLES, Table
from insights_engine.scan import Scan, session_text
from insights_engine.sql import TRUE, Sql, both
from insights_engine.tables import TYPED_EVENT_PROPERTIES

_SCALARS = frozenset({"n", "s", "p", "d", "b"})
_LOCAL = re.compile(r"\{local\((.*)\)\}", re.DOTALL)
# A declared path that an event has not is null in its JSON. Within a text, quotes have a backslash before them.
_ABSENT = '"(' + "|".join(re.escape(name) for name in sorted(TYPED_EVENT_PROPERTIES)) + ')":null'
_WITHOUT_ABSENT = f",{_ABSENT}|{_ABSENT},?"


@dataclass
class Source(ABC):
    """`name` is what the statement calls it, `at` what it is printed as. `is_optional`: a join may leave it empty."""

    name: str
    at: str
    is_optional: bool = False
    _taken: dict[Sql, int] = field(default_factory=dict)

    @abstractmethod
    def column(self, chain: list[str | int]) -> Typed | None:
        """The field of that name, taken; None where there is none. Raises ApiError for a name that cannot be."""

    @abstractmethod
    def has(self, chain: list[str | int]) -> bool:
        """Whether there is such a field; nothing is taken. Raises as `column` does."""

    @abstractmethod
    def names(self) -> Iterable[str]:
        """Those that `*` stands for."""

    def all(self) -> Iterable[tuple[str, Typed]]:
        """What `*` stands for, taken."""
        for name in self.names():
            taken = self.column([name])
            assert taken is not None
            yield name, taken

    def hints(self) -> Iterable[str]:
        """Names that somebody may have meant."""
        return self.names()

    @abstractmethod
    def rows(self) -> Sql:
        """FROM and what follows, without columns."""

    def person(self, chain: list[str | int]) -> Typed | None:
        """The number of the person whose id the field is: what is equal, counted and looked up without reading ids."""
        return None

    def take(self, typed: Typed) -> Typed:
        """An expression over its rows as a column of it."""
        sql = typed.sql
        if self.is_optional and not typed.is_nullable and typed.kind in _SCALARS:
            sql = Sql("toNullable({x})", x=sql)
        place = self._taken.setdefault(sql, len(self._taken))
        is_nullable = typed.is_nullable or self.is_optional
        return replace(typed, sql=Sql(f"{self.at}.c{place}"), constant=None, number=None, is_nullable=is_nullable)

    def printed(self) -> Sql:
        """To be called when everything has been asked of it."""
        taken = [Sql("{x} AS " + f"c{place}", x=sql) for sql, place in self._taken.items()]
        columns = Sql.join(", ", taken or [Sql("1 AS c")])
        return Sql("(SELECT {columns} {rows}) AS {at}", columns=columns, rows=self.rows(), at=Sql(self.at))


@dataclass
class View(Source):
    """A project's rows of a table. `where` are conditions on the stored rows, which prune what is read."""

    table: str = "events"
    scan: Scan = field(kw_only=True)
    where: list[Sql] = field(default_factory=list)

    @property
    def spec(self) -> Table:
        return TABLES[self.table]

    def column(self, chain: list[str | int]) -> Typed | None:
        found = self._field([SYNONYMS.get((self.table, str(chain[0])), chain[0]), *chain[1:]])
        return self.take(found) if found is not None else None

    def has(self, chain: list[str | int]) -> bool:
        # Asked of another scan, as this one would join what the field needs.
        scan = Scan(self.scan.project, self.scan.definitions, self.scan.now)
        return view(self.table, self.name, self.at, scan).column(chain) is not None

    def _field(self, chain: list[str | int]) -> Typed | None:
        root, rest, spec = str(chain[0]), chain[1:], self.spec
        if root == "properties" and spec.properties:
            return self._properties(rest)
        if spec.has_person and chain == ["person", "properties"]:
            return Typed(self.scan.person_json(), "p", is_nullable=False, order=1, of="person")
        if self.table == "events":
            found = None if root in ("events", "e") else field_value(self.scan, chain, "query")
            return found if isinstance(found, Typed) else None
        if spec.has_person and root in ("person_id", "person"):
            return person_field(self.scan, rest or ["id"], "query")
        if self.table == "sessions" and chain == ["$channel_type"]:
            return Typed(session_text(root, "query"), "s")
        column = spec.columns.get(root) if not rest else None
        if column is None:
            return None
        return Typed(self._local(column.sql), column.kind, is_nullable=column.is_nullable)

    def _properties(self, rest: list[str | int]) -> Typed:
        if rest:
            return property_field(self.scan, self._kind, rest, "query", stands_alone=self.table != "events")
        text = Sql("toJSONString(properties)")
        if self.table == "events":
            text = Sql("replaceRegexpAll({t}, {absent:String}, '')", t=text, absent=_WITHOUT_ABSENT)
        return Typed(text, "p", is_nullable=False, order=1, of=self._kind)

    @property
    def _kind(self) -> str:
        return self.spec.properties

    def _local(self, template: str) -> Sql:
        within = _LOCAL.fullmatch(template)
        if within is None:
            return Sql.of((template,))
        zone = self.scan.project.timezone
        return Sql("toTimeZone({x}, {zone:String})", x=Sql.of((within[1],)), zone=zone)

    def names(self) -> Iterable[str]:
        if self.table == "events":
            own: tuple[str, ...] = ("uuid", "event", "properties", "timestamp", "distinct_id", "elements_chain")
        else:
            own = (*self.spec.columns, *(["properties"] if self.spec.properties else []))
        return (*own, "person_id") if self.spec.has_person else own

    def hints(self) -> Iterable[str]:
        return (*self.spec.fields, *(["person"] if self.spec.has_person else []))

    def person(self, chain: list[str | int]) -> Typed | None:
        is_person = chain in (["person_id"], ["person", "id"]) if self.spec.has_person else False
        if is_person or (self.table == "persons" and chain in (["id"], ["person_id"])):
            number = Sql("person") if self.table != "events" else self.scan.person
            return self.take(Typed(number, "n", is_nullable=False))
        return None

    def condition(self, holds: Sql) -> Typed:
        """A condition on the stored rows, as a column."""
        return self.take(Typed(holds, "b"))

    def rows(self) -> Sql:
        return self.spec.rows(self.scan, both(*self.where) if self.where else TRUE)


@dataclass
class Within(Source):
    """A sub-select: names and what is known of each of its columns, in their order. A name may come twice."""

    sql: Sql = field(default_factory=lambda: Sql(""))
    columns: tuple[tuple[str, Typed], ...] = ()
    scan: Scan = field(kw_only=True)

    def column(self, chain: list[str | int]) -> Typed | None:
        found = [typed for name, typed in self.columns if name == str(chain[0])]
        if not found:
            return None
        if len(found) > 1:
            raise Ambiguous(f"{chain[0]} is the name of several columns of {self.name or 'the sub-select'}")
        return self.take(inside(found[0], chain[1:], self.scan)) if len(chain) > 1 else self.take(found[0])

    def has(self, chain: list[str | int]) -> bool:
        return any(name == str(chain[0]) for name, _ in self.columns)

    def names(self) -> Iterable[str]:
        return [name for name, _ in self.columns]

    def all(self) -> Iterable[tuple[str, Typed]]:
        return [(name, self.take(typed)) for name, typed in self.columns]

    def rows(self) -> Sql:
        return Sql("FROM ({sql})", sql=self.sql)


def either(sources: Iterable[Source], chain: list[str | int], scan: Scan) -> Typed | None:
    """What USING makes one: of the first source that has the field, or of the next where a join left that one empty."""
    found = list[Typed]()
    for source in sources:
        if source.has(chain) and (taken := source.column(chain)) is not None:
            found.append(taken)
            if not source.is_optional:
                break
    if len({one.kind for one in found}) > 1:
        found = [coerce(one, "s", scan) for one in found]
    if len(found) < 2:
        return found[0] if found else None
    is_nullable = all(one.is_nullable for one in found)
    return replace(
        found[0], sql=Sql("coalesce({x})", x=Sql.join(", ", (f.sql for f in found))), is_nullable=is_nullable
    )


class Ambiguous(ValidationError):
    """A name that more than one thing has; the walk adds the place."""


def inside(typed: Typed, path: list[Any], scan: Scan) -> Typed:
    """What is inside of a value that is JSON."""
    if typed.kind not in ("p", "s"):
        raise Ambiguous("only JSON has fields inside of it")
    if typed.of:
        return property_within(typed, path, scan)
    keys = (Sql("{k:Int64}" if isinstance(key, int) else "{k:String}", k=key) for key in path)
    return Typed(
        Sql("JSONExtract({t}, {keys}, 'Nullable(String)')", t=typed.sql, keys=Sql.join(", ", keys)), "p", order=1
    )


def view(table: str, name: str, at: str, scan: Scan) -> View:
    """Of a table; what is not the events' has the numbers of persons as they are now."""
    if table != "events":
        scan.person = Sql("person")
    return View(name, at, table=table, scan=scan)
