"""The walk over an expression inside a statement, where more may stand: sub-selects, windows, placeholders."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from insights_engine.errors import ApiError, ValidationError, attr_of
from insights_engine.hogql.calls import call
from insights_engine.hogql.cohorts import in_cohort
from insights_engine.hogql.functions import FUNCTIONS, IN_STATEMENTS, WINDOWS, Function
from insights_engine.hogql.kinds import Mismatch, Typed
from insights_engine.hogql.operators import comparison
from insights_engine.hogql.parse import COHORT_OPERATORS, cohort_of
from insights_engine.hogql.printer import ANY_PART, Walk
from insights_engine.hogql.statements import windows
from insights_engine.hogql.statements.placeholders import condition_of
from insights_engine.hogql.statements.scope import Alias, Node, Scope
from insights_engine.hogql.statements.sources import View, inside
from insights_engine.sql import Sql

if TYPE_CHECKING:
    from insights_engine.hogql.statements.sets import Printed

_UNIQUE = frozenset({"uniq", "uniqIf", "uniqExact", "uniqExactIf", "countDistinct", "countDistinctIf"})
# Words of SQL that are calls without brackets.
_CLOCKS = {"current_date": "today", "current_timestamp": "now"}
_FUNCTIONS = FUNCTIONS | IN_STATEMENTS | WINDOWS


@dataclass
class StatementWalk(Walk):
    """`scope` says what names mean, `select` prints a sub-select. `windows`: whether they may stand here."""

    functions: ClassVar[Mapping[str, Function]] = _FUNCTIONS

    scope: Scope = field(kw_only=True)
    select: Callable[[Node, Scope], Printed] = field(kw_only=True)
    windows: bool = False
    has_window: bool = False
    inside_window: bool = False
    named_windows: Mapping[str, Node] = field(default_factory=dict)
    columns: Sequence[Alias] = ()

    def error(self, node: Node, message: str) -> ValidationError:
        return self.scope.statement.error(node, message)

    def print(self, node: Node) -> Typed:
        self.scope.statement.count(node)
        try:
            return super().print(node)
        except RecursionError:
            raise self.error(node, "the statement is nested too deep") from None

    def field_(self, node: Node) -> Typed:
        chain = node["chain"]
        if chain[-1] == "*":
            raise self.error(node, "* stands for columns, and here one value is needed")
        if chain[0] in self._lambdas:
            found = self._lambdas[chain[0]]
            return found if len(chain) == 1 else inside(found, chain[1:], self.scan)
        if chain[0] in self.scope.members:
            found = self.scope.members[chain[0]]
            return found if len(chain) == 1 else self._inside(node, found, chain[1:])
        alias = self.scope.aliases.get(str(chain[0])) if len(chain) == 1 else None
        if alias is not None and (printed := self._aliased(alias, node)) is not None:
            return printed
        common = self.scope.commons.get(str(chain[0])) if len(chain) == 1 else None
        if common is not None and not common.is_select and self.scope.found(chain, node) is None:
            return self.print(common.node)
        clock = _CLOCKS.get(str(chain[0]).lower()) if len(chain) == 1 else None
        if clock is not None and self.scope.found(chain, node) is None:
            return call(self, {**node, "node": "Call", "name": clock, "args": []})
        return self.scope.column(chain, node)

    def _inside(self, node: Node, typed: Typed, path: list[Any]) -> Typed:
        try:
            return inside(typed, path, self.scan)
        except ApiError as error:
            raise self.error(node, error.detail) from None

    def _aliased(self, alias: Alias, node: Node) -> Typed | None:
        """The column of that name; None where a field of that name is meant.

        That is so in the column's own expression, and where neither an aggregate nor a window may stand.
        """
        if alias.is_open:
            return None
        if alias.typed is None:
            self.print_alias(alias)
        assert alias.typed is not None
        needs = (alias.has_aggregate and (not self.aggregates or self.inside_aggregate)) or (
            alias.has_window and (not self.windows or self.inside_aggregate or self.inside_window)
        )
        if needs:
            if self.scope.found(node["chain"], node) is not None:
                return None
            if alias.has_aggregate and self.inside_aggregate:
                raise self.error(node, f"{node['chain'][0]} is an aggregate, and stands inside another one")
            what = "a window" if alias.has_window else "an aggregate"
            raise self.error(node, f"{node['chain'][0]} is {what}, which is not allowed here")
        self.has_aggregate |= alias.has_aggregate
        self.has_window |= alias.has_window
        return replace(alias.typed, sql=Sql(f"r{alias.place}"), number=None)

    def print_alias(self, alias: Alias) -> None:
        walk = replace(self, aggregates=True, windows=True, has_aggregate=False, has_window=False)
        walk.inside_aggregate = walk.inside_window = False
        alias.is_open = True
        try:
            alias.typed = walk.value(alias.node)
        finally:
            alias.is_open = False
        alias.has_aggregate, alias.has_window = walk.has_aggregate, walk.has_window

    def value(self, node: Node) -> Typed:
        """The whole expression, of any kind that has values."""
        return self.whole(node, "x")

    def position(self, node: Node) -> Typed:
        """An expression, or the number of a column, from 1; a constant that were no such number would say nothing."""
        place = node.get("value") if node.get("node") == "Constant" else None
        if not isinstance(place, int) or isinstance(place, bool):
            return self.value(node)
        if not 0 < place <= len(self.columns):
            raise self.error(node, f"there is no column number {place}, but 1 to {len(self.columns)}")
        column = self.columns[place - 1]
        return self._aliased(column, {**node, "chain": [str(place)]}) or self.value(column.node)

    def guarded[T](self, node: Node, make: Callable[[], T]) -> T:
        try:
            return make()
        except Mismatch as wrong:
            raise self.error(node, str(wrong)) from None

    def _chain(self, node: Node) -> list[str | int] | None:
        chain = super()._chain(node)
        if chain is None or node.get("node") != "Field":
            return chain
        root = str(chain[0])
        if len(chain) == 1 and (root in self.scope.members or root in self.scope.aliases):
            return None
        common = self.scope.commons.get(root)
        return None if len(chain) == 1 and common is not None and not common.is_select else chain

    # What may stand in a statement besides

    def sub_select(self, node: Node) -> Typed:
        """As a value: of one column, and of one row at most."""
        printed = self.select(node, self.scope)
        if len(printed.columns) != 1:
            raise self.error(node, f"what is selected as a value is one column, not {len(printed.columns)}")
        typed, sql = printed.columns[0][1], printed.sql
        if typed.kind == "s":  # where there is no row, a dictionary's text could not be NULL
            sql = Sql("SELECT CAST(r0, 'Nullable(String)') FROM ({s})", s=sql)
        is_nullable = typed.is_nullable or typed.kind in ("n", "s", "p", "d", "b")
        return replace(typed, sql=Sql("({s})", s=sql), constant=None, number=None, is_nullable=is_nullable)

    def window(self, node: Node) -> Typed:
        if not self.windows or self.inside_window or self.inside_aggregate:
            raise self.error(node, "a window function is not allowed here")
        self.has_window = True
        return windows.window(self, node)

    def placeholder(self, node: Node) -> Typed:
        events = next((s for s in self.scope.sources if isinstance(s, View) and s.table == "events"), None)
        if events is None:
            raise self.error(node, "{filters} needs the table events in FROM")
        try:
            return condition_of(self.scope.statement, events)
        except ValidationError as error:
            if error.attr in ("date_from", "date_to"):
                place = f"filters.dateRange.{error.attr}"
                said = error.detail.removeprefix(f"{error.attr} ")
                raise ValidationError(f"{place} {said}", attr=attr_of(place)) from None
            if error.attr and error.attr.startswith("filters"):
                raise
            raise self.error(node, error.detail) from None

    def comparison(self, node: Node) -> Typed:
        op = node["op"]
        if op in COHORT_OPERATORS:
            return self._in_cohort(node, op)
        if op in ("==", "!="):
            left, right = self.person_of(node["left"]), self.person_of(node["right"])
            if left is not None and right is not None:
                same = Sql("({a} = {b})", a=left.sql, b=right.sql)
                if left.is_nullable or right.is_nullable:
                    same = Sql("ifNull({s}, false)", s=same)
                return Typed(same if op == "==" else Sql("(NOT {s})", s=same), "b", is_nullable=False)
        if op in ("in", "not in", "global in", "global not in") and self._is_select(node["right"]):
            return self._in_select(node, op.removeprefix("global "))
        return comparison(self, node)

    def _is_select(self, node: Node) -> bool:
        if node.get("node") in ("SelectQuery", "SelectSetQuery"):
            return True
        chain = node.get("chain") or [""]
        common = self.scope.commons.get(str(chain[0])) if len(chain) == 1 else None
        return common is not None and common.is_select

    def _in_select(self, node: Node, op: str) -> Typed:
        left, printed = self.print(node["left"]), self.select(node["right"], self.scope)
        wanted = len(left.members) if left.kind == "y" else 1
        if len(printed.columns) != wanted:
            said = f"what is selected after IN has {len(printed.columns)} columns, and what is before it {wanted}"
            raise self.error(node["right"], said)
        sql = printed.sql
        if wanted == 1:
            left, sql = self._alike(node, left, printed)
        word = " IN " if op == "in" else " NOT IN "
        return Typed(Sql("({x}" + word + "({s}))", x=left.sql, s=sql), "b")

    def _alike(self, node: Node, left: Typed, printed: Printed) -> tuple[Typed, Sql]:
        """Both sides of one kind: a property takes that of the other."""
        held = printed.columns[0][1]
        if left.kind in ("p", "s") and held.kind in ("n", "d") and left.kind != held.kind:
            return self.coerce(node["left"], left, held.kind), printed.sql
        if left.kind in ("n", "d") and held.kind in ("p", "s"):
            changed = self.coerce(node["right"], replace(held, sql=Sql("r0")), left.kind)
            return left, Sql("SELECT {x} FROM ({s})", x=changed.sql, s=printed.sql)
        if {left.kind, held.kind} in ({"n", "d"}, {"n", "b"}, {"d", "b"}):
            raise self.error(node["right"], "the SELECT after IN gives values of another kind")
        return left, printed.sql

    def _in_cohort(self, node: Node, op: str) -> Typed:
        person, wanted = self.person_of(node["left"]), cohort_of(node)
        if person is None:
            raise self.error(node["left"], "only person_id is in a cohort")
        if wanted is None:
            raise self.error(node["right"], "IN COHORT takes the id of a cohort, or its name in quotes")
        scan = self.scope.statement.scan()
        scan.person = person.sql
        try:
            holds = in_cohort(scan, wanted)
        except ValidationError as error:
            raise self.error(node["right"], error.detail) from None
        return Typed(Sql("(NOT {c})" if op == "not in cohort" else "{c}", c=holds), "b", is_nullable=person.is_nullable)

    def person_of(self, node: Node) -> Typed | None:
        """The number behind a field that is a person's id."""
        chain = node["chain"] if node.get("node") == "Field" else [""]
        if not chain[0] or chain[0] in self._lambdas or str(chain[0]) in self.scope.members:
            return None
        if len(chain) == 1 and (chain[0] in self.scope.aliases or chain[0] in self.scope.commons):
            return None
        found = self.scope.found(chain, node)
        if found is None or (found[0].is_optional and self.scope.is_shared(chain)):
            return None
        return found[0].person(found[1])

    def person_number(self, node: Node) -> Typed:
        """The number of the event's person, which no text can name."""
        found = self.scope.sources[0].person(["person_id"])
        assert found is not None
        return found

    def called(self, node: Node) -> Typed:
        """Persons are counted by their numbers, which an event has, and not by their ids, which it has not."""
        name = str(node["name"])
        if (name in _UNIQUE or (name == "count" and node.get("distinct"))) and node["args"]:
            number = self.person_of(node["args"][0])
            if number is not None:
                return call(self, {**node, "args": [{"node": "Printed", "typed": number}, *node["args"][1:]]})
        if name.lower() == "exists" and len(node["args"]) == 1 and self._is_select(node["args"][0]):
            inner = self.select(node["args"][0], self.scope)
            return Typed(Sql("((SELECT count() FROM (SELECT 1 FROM ({s}) LIMIT 1)) > 0)", s=inner.sql), "b")
        if name in WINDOWS and not self.inside_window:
            raise self.error(node, f"{name} needs a window: {name}(…) OVER (ORDER BY …)")
        return call(self, node)

    def printed(self, node: Node) -> Typed:
        typed: Typed = node["typed"]
        return typed

    def alias(self, node: Node) -> Typed:
        """One that stands inside an expression names nothing that could be used elsewhere."""
        raise self.error(node, f"the alias {str(node.get('alias'))[:50]} stands inside an expression; name the column")


StatementWalk.rules = {
    **Walk.rules,
    "Field": (StatementWalk.field_, Walk.rules["Field"][1]),
    "SelectQuery": (StatementWalk.sub_select, ANY_PART),
    "SelectSetQuery": (StatementWalk.sub_select, ANY_PART),
    "WindowFunction": (
        StatementWalk.window,
        frozenset({"name", "exprs", "args", "over_expr", "over_identifier", "filter_expr", "distinct"}),
    ),
    "Placeholder": (StatementWalk.placeholder, frozenset({"expr"})),
    "CompareOperation": (StatementWalk.comparison, Walk.rules["CompareOperation"][1]),
    "Call": (StatementWalk.called, Walk.rules["Call"][1]),
    "Printed": (StatementWalk.printed, ANY_PART),
    "PersonNumber": (StatementWalk.person_number, frozenset()),
    "Alias": (StatementWalk.alias, frozenset({"alias", "expr"})),
}

__all__ = ["Mismatch", "StatementWalk"]
