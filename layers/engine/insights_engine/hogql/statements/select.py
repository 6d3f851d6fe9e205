"""One SELECT, or several with UNION and its kin between, printed with columns r0, r1 …"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from insights_engine.hogql.kinds import Typed
from insights_engine.hogql.names import near
from insights_engine.hogql.statements import bounds, joins, ordering
from insights_engine.hogql.statements.limits import limits, whole
from insights_engine.hogql.statements.scope import MAX_DEPTH, Alias, Common, Node, Scope, Statement, written
from insights_engine.hogql.statements.sets import SETS, Printed, alike
from insights_engine.hogql.statements.sources import Source
from insights_engine.hogql.statements.walk import StatementWalk
from insights_engine.sql import Sql

MAX_COLUMNS = 500
_COLUMN = re.compile(r"t\d+\.c\d+")
_REFUSED = {
    "group_by_mode": "GROUPING SETS, ROLLUP and CUBE are not allowed",
    "limit_percent": "LIMIT takes a number of rows",
    "prewhere": "PREWHERE is not allowed; write WHERE",
    "settings": "SETTINGS are not allowed",
    "interpolate": "INTERPOLATE is not allowed",
    "distinct_on": "DISTINCT ON is not allowed; write LIMIT 1 BY",
}
_KNOWN = frozenset({"node", "start", "end", "ctes", "select", "distinct", "select_from", "where", "group_by", "having"})
_KNOWN |= {"array_join_op", "array_join_list", "window_exprs", "qualify", "order_by", "limit", "offset", "limit_by"}
_KNOWN |= {"limit_with_ties"}


@dataclass
class Selecting:
    """A SELECT in the making. `text` is the whole statement's, for the names of columns that have none.

    `is_outermost`: its columns are what an answer shows, so text is UTF-8.
    """

    statement: Statement
    text: str
    scope: Scope
    is_outermost: bool = False
    named_windows: Mapping[str, Node] = field(default_factory=dict)
    columns: list[Alias] = field(default_factory=list)
    constraints: dict[str, Sql] = field(default_factory=dict)

    @classmethod
    def of(cls, statement: Statement, text: str, commons: Mapping[str, Common], depth: int) -> Selecting:
        return cls(statement, text, Scope(statement, commons, depth), depth == 0)

    def sub_select(self, node: Node, commons: Mapping[str, Common]) -> Printed:
        if self.scope.depth >= MAX_DEPTH:
            raise self.statement.error(node, f"SELECTs are nested more than {MAX_DEPTH} deep")
        return printed(self.statement, self.text, node, commons, self.scope.depth + 1)

    def in_expression(self, node: Node, scope: Scope) -> Printed:
        """A SELECT inside an expression: of its own names alone."""
        if node.get("node") == "Field":
            common = scope.commons[str(node["chain"][0])]
            return self.sub_select(common.node, common.before)
        return self.sub_select(node, scope.commons)

    def walk(self, *, aggregates: bool = False, windows: bool = False) -> StatementWalk:
        return StatementWalk(
            self.statement.scan(),
            self.statement.place,
            aggregates=aggregates,
            windows=windows,
            scope=self.scope,
            select=self.in_expression,
            named_windows=self.named_windows,
            columns=self.columns,
        )

    def printed(self, node: Node) -> Printed:
        self._check(node)
        self.named_windows = node.get("window_exprs") or {}
        joined = joins.sources(self, node.get("select_from"))
        before: list[Source] = []
        for one in joined:
            on = joins.constraint(self.walk(), one, before)
            if on is not None:
                self.constraints[one.source.at] = on
            before.append(one.source)
        taken_apart = joins.array_join(self.walk(), node.get("array_join_op"), node.get("array_join_list") or [])
        names = self._columns(node)
        selected = self._selected()
        clauses = self._clauses(node)
        from_ = joins.printed(self, joined) if joined else Sql("FROM (SELECT 1 AS c)") if taken_apart else None
        head = Sql("SELECT DISTINCT {c}" if node.get("distinct") else "SELECT {c}", c=selected)
        parts = [head, *(part for part in (from_, taken_apart) if part is not None), *clauses]
        typed = [alias.typed for alias in self.columns]
        named = enumerate(zip(names, typed, strict=True))
        columns = tuple((name, _seen(one, i)) for i, (name, one) in named if one is not None)
        return Printed(Sql.join(" ", parts), columns)

    def _check(self, node: Node) -> None:
        for part in sorted(node.keys() - _KNOWN):
            if not (part == "group_by_mode" and node[part] == "all"):
                raise self.statement.error(_place(node, part), _REFUSED.get(part, f"{part} is not allowed here"))
        if not node.get("select"):
            raise self.statement.error(node, "SELECT needs a column")

    def _columns(self, node: Node) -> list[str]:
        """The names of the columns; each is an alias, named or not."""
        names = []
        for member in node["select"]:
            for name, expr, is_named in self._named(member):
                alias = Alias(expr, len(self.columns))
                self.columns.append(alias)
                names.append(name)
                if is_named:
                    self.scope.aliases.setdefault(name, alias)
        if len(names) > MAX_COLUMNS:
            raise self.statement.error(node, f"there are at most {MAX_COLUMNS} columns")
        return names

    def _named(self, node: Node) -> list[tuple[str, Node, bool]]:
        chain = node.get("chain") if node.get("node") == "Field" else None
        if chain and chain[-1] == "*":
            return [(name, expr, False) for name, expr in self._all(node, chain)]
        if node.get("node") == "ColumnsExpr":
            return self._all_but(node)
        if node.get("node") == "Alias":
            return [(str(node["alias"]), node["expr"], True)]
        if chain:
            return [(str(chain[-1]), node, False)]
        return [(self._text_of(node), node, False)]

    def _all_but(self, node: Node) -> list[tuple[str, Node, bool]]:
        """`* EXCLUDE (a, b)`."""
        left_out = node.get("exclude") or []
        if set(node) - {"node", "start", "end", "all_columns", "exclude"} or not (node.get("all_columns") and left_out):
            raise self.statement.error(node, "columns are named, or they are *, or * EXCLUDE (…)")
        found = self._all(node, ["*"])
        for name in left_out:
            if all(name != one for one, _ in found):
                known = near(str(name), [one for one, _ in found])
                raise self.statement.error(node, f"there is no column {str(name)[:50]} to leave out{known}")
        return [(name, expr, False) for name, expr in found if name not in left_out]

    def _all(self, node: Node, chain: list[Any]) -> list[tuple[str, Node]]:
        """What `*` and `e.*` stand for."""
        wanted = [s for s in self.scope.sources if len(chain) == 1 or s.name == chain[0]]
        if not wanted or len(chain) > 2:
            raise self.statement.error(node, f"there are no columns {written(chain)}: nothing of that name is in FROM")
        at: Node = {key: node[key] for key in ("start", "end") if key in node}
        found: list[tuple[str, Node]] = []
        for source in wanted:
            for name, taken in source.all():
                if name in self.scope.shared and any(name == before for before, _ in found):
                    continue
                if source.is_optional and self.scope.is_shared([name, *chain[1:]]):
                    taken = self.scope.column([name], node)
                found.append((name, {"node": "Printed", "typed": taken, **at}))
        return found

    def _text_of(self, node: Node) -> str:
        try:
            return " ".join(self.text[node["start"]["offset"] : node["end"]["offset"]].split())[:200]
        except (KeyError, TypeError):
            return f"column {len(self.columns) + 1}"

    def _selected(self) -> Sql:
        made = []
        for alias in self.columns:
            if alias.typed is None:
                self.walk().print_alias(alias)
            assert alias.typed is not None
            value = shown(alias.typed) if self.is_outermost else alias.typed.sql
            made.append(Sql("{x} AS " + f"r{alias.place}", x=value))
        return Sql.join(", ", made)

    def _clauses(self, node: Node) -> list[Sql]:
        """After FROM, in the order of the language."""
        made = []
        if node.get("where"):
            bounds.add(self.scope, node["where"], lambda value: self.walk().whole(value, "d"))
            made.append(Sql("WHERE {c}", c=self.walk().whole(node["where"], "b").sql))
        if node.get("group_by_mode") == "all":
            made.append(Sql("GROUP BY ALL"))
        elif node.get("group_by"):
            walked = (self.walk().position(one).sql for one in node["group_by"])
            made.append(Sql("GROUP BY {x}", x=Sql.join(", ", walked)))
        if node.get("having"):
            made.append(Sql("HAVING {c}", c=self.walk(aggregates=True).whole(node["having"], "b").sql))
        if node.get("qualify"):
            walk = self.walk(aggregates=True, windows=True)
            made.append(Sql("QUALIFY {c}", c=walk.whole(node["qualify"], "b").sql))
        if node.get("order_by"):
            walk = self.walk(aggregates=True, windows=True)
            made.append(Sql("ORDER BY {x}", x=ordering.ordered(walk, node["order_by"])))
        return [*made, *self._limits(node)]

    def _limits(self, node: Node) -> list[Sql]:
        made, by = [], node.get("limit_by")
        if by:
            rows = [Sql(f"LIMIT {whole(self.statement, by['n'], 'LIMIT')}")]
            if by.get("offset_value"):
                rows.append(Sql(f"OFFSET {whole(self.statement, by['offset_value'], 'OFFSET')}"))
            walked = (self.walk(aggregates=True).position(one).sql for one in by["exprs"])
            made.append(Sql("{rows} BY {x}", rows=Sql.join(" ", rows), x=Sql.join(", ", walked)))
        return [*made, *limits(self.statement, node)]


def _place(node: Node, part: str) -> Node:
    """Where the part stands, as far as it says."""
    found = node[part][0] if isinstance(node[part], list) and node[part] else node[part]
    return found if isinstance(found, dict) and "start" in found else node


def printed(statement: Statement, text: str, node: Node, commons: Mapping[str, Common], depth: int) -> Printed:
    """A SELECT or a set of them; `commons` are the WITH clauses around."""
    if node.get("node") == "SelectSetQuery":
        return _set(statement, text, node, commons, depth)
    if node.get("node") != "SelectQuery":
        raise statement.error(node, "a SELECT is needed here")
    return Selecting.of(statement, text, _commons(statement, node, commons), depth).printed(node)


def _commons(statement: Statement, node: Node, commons: Mapping[str, Common]) -> Mapping[str, Common]:
    """Those of its own WITH, each of which sees those before it."""
    for one in node.get("ctes") or ():
        if one.get("recursive"):
            raise statement.error(one, "WITH RECURSIVE is not allowed")
        if one.get("columns"):
            raise statement.error(one, "names of columns after a name of WITH are not allowed here")
        common = Common(one["expr"], one.get("cte_type") == "subquery", commons)
        commons = {**commons, str(one["name"]): common}
    return commons


def _set(statement: Statement, text: str, node: Node, commons: Mapping[str, Common], depth: int) -> Printed:
    first = node["initial_select_query"]
    # WITH before the first SELECT is the whole set's.
    commons = _commons(statement, first if first.get("node") == "SelectQuery" else {}, commons)
    commons = _commons(statement, node, commons)
    branches = [printed(statement, text, first, commons, depth + 1)]
    operators = []
    for one in node["subsequent_select_queries"]:
        if one["set_operator"] not in SETS:
            raise statement.error(one["select_query"], f"{one['set_operator']} is not allowed")
        operators.append(SETS[one["set_operator"]])
        branches.append(printed(statement, text, one["select_query"], commons, depth + 1))
        if len(branches[-1].columns) != len(branches[0].columns):
            counts = f"{len(branches[0].columns)} and {len(branches[-1].columns)}"
            raise statement.error(
                one["select_query"], f"both sides of {one['set_operator']} have as many columns, not {counts}"
            )
    branches, typed = alike(statement, node, branches)
    parts = [Sql("({s})", s=branches[0].sql)]
    for operator, branch in zip(operators, branches[1:], strict=True):
        parts.append(Sql(operator + " ({s})", s=branch.sql))
    columns = tuple((name, one) for (name, _), one in zip(branches[0].columns, typed, strict=True))
    names = (shown(one) if depth == 0 else one.sql for _, one in columns)
    selected = Sql.join(", ", (Sql("{x} AS " + f"r{i}", x=name) for i, name in enumerate(names)))
    clauses = []
    if node.get("order_by"):
        scope = Selecting.of(statement, text, commons, depth)
        for place, (name, one) in enumerate(columns):
            alias = Alias(node, place, one)
            scope.columns.append(alias)
            scope.scope.aliases.setdefault(name, alias)
        clauses = [Sql("ORDER BY {x}", x=ordering.ordered(scope.walk(), node["order_by"]))]
    clauses += limits(statement, node)
    sql = Sql("SELECT {c} FROM ({s})", c=selected, s=Sql.join(" ", parts))
    return Printed(Sql.join(" ", [sql, *clauses]), columns)


def shown(typed: Typed) -> Sql:
    """What functions made of texts may end inside of a character."""
    if typed.kind != "s" or typed.constant is not None or _COLUMN.fullmatch(typed.sql.text):
        return typed.sql
    return Sql("toValidUTF8(toString({x}))", x=typed.sql)


def _seen(typed: Typed, place: int) -> Typed:
    """The column as what is around sees it. A list's length is not known any more, nor a constant's value."""
    return replace(typed, sql=Sql(f"r{place}"), number=None, order=max(typed.order, int(typed.kind not in "ndb")))
