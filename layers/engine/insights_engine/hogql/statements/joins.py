"""FROM: the sources in their order, how they are joined, and the lists that ARRAY JOIN takes apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from insights_engine.hogql.comparisons import alike
from insights_engine.hogql.kinds import Typed
from insights_engine.hogql.lists import member_of
from insights_engine.hogql.statements.scope import Scope, table_hint, written
from insights_engine.hogql.statements.sources import Source, Within, either, view
from insights_engine.hogql.statements.tables import TABLES
from insights_engine.sql import Sql

if TYPE_CHECKING:
    from insights_engine.hogql.statements.select import Selecting
    from insights_engine.hogql.statements.walk import StatementWalk

Node = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """`sql` is ClickHouse's; a side that is optional may have no row."""

    sql: str
    left_optional: bool = False
    right_optional: bool = False


_INNER, _LEFT = Kind("INNER JOIN"), Kind("LEFT JOIN", right_optional=True)
_RIGHT, _FULL = Kind("RIGHT JOIN", left_optional=True), Kind("FULL JOIN", left_optional=True, right_optional=True)
JOINS = {
    "JOIN": _INNER,
    "INNER JOIN": _INNER,
    "LEFT JOIN": _LEFT,
    "LEFT OUTER JOIN": _LEFT,
    "RIGHT JOIN": _RIGHT,
    "RIGHT OUTER JOIN": _RIGHT,
    "FULL JOIN": _FULL,
    "FULL OUTER JOIN": _FULL,
    "CROSS JOIN": Kind("CROSS JOIN"),
    "ANY JOIN": Kind("INNER ANY JOIN"),
    "INNER ANY JOIN": Kind("INNER ANY JOIN"),
    "LEFT ANY JOIN": Kind("LEFT ANY JOIN", right_optional=True),
    "RIGHT ANY JOIN": Kind("RIGHT ANY JOIN", left_optional=True),
    "LEFT SEMI JOIN": Kind("LEFT SEMI JOIN"),
    "LEFT ANTI JOIN": Kind("LEFT ANTI JOIN", right_optional=True),
}
# Its words may come in any order, and ALL is what every join is that says nothing else.
_BY_WORDS = {frozenset(name.split()): kind for name, kind in JOINS.items()}
_ARRAY_JOINS = {"ARRAY JOIN": "ARRAY JOIN", "INNER ARRAY JOIN": "ARRAY JOIN", "LEFT ARRAY JOIN": "LEFT ARRAY JOIN"}
_KNOWN = {"node", "start", "end", "table", "alias", "join_type", "constraint", "next_join"}
_REFUSED = {
    "table_args": "table functions are not allowed",
    "sample": "SAMPLE is not allowed here",
    "table_final": "FINAL is not needed: rows are as they are now",
    "column_aliases": "names of columns after a table's name are not allowed here",
}


@dataclass(frozen=True, slots=True)
class Joined:
    source: Source
    kind: Kind | None
    constraint: Node | None
    node: Node


def sources(selecting: Selecting, first: Node | None) -> list[Joined]:
    """Named in the scope, each with what is to be joined on. Nothing is printed yet."""
    scope, found = selecting.scope, list[Joined]()
    for node in _chain(first):
        source = _source(selecting, node)
        if any(source.name and source.name == other.name for other in scope.sources):
            raise scope.statement.error(node, f"two tables are called {source.name}; name one of them with AS")
        kind = _kind(scope, node) if found else None
        _check_order(scope, node)
        if kind is not None:
            source.is_optional = kind.right_optional
            for before in scope.sources if kind.left_optional else ():
                before.is_optional = True
        scope.sources.append(source)
        found.append(Joined(source, kind, node.get("constraint"), node))
    return found


def _check_order(scope: Scope, node: Node) -> None:
    """Of `a LEFT JOIN (b JOIN c ON x) ON y` the parser keeps no parentheses, but that y comes after c."""
    on, after = node.get("constraint"), node.get("next_join")
    if on is None or after is None or "start" not in on["expr"] or "start" not in after["table"]:
        return
    if on["expr"]["start"]["offset"] > after["table"]["start"]["offset"]:
        raise scope.statement.error(node, "a join inside of another is not allowed; write a SELECT in parentheses")


def _chain(node: Node | None) -> Iterator[Node]:
    while node is not None:
        yield node
        node = node.get("next_join")


def _kind(scope: Scope, node: Node) -> Kind:
    name = str(node.get("join_type"))
    kind = _BY_WORDS.get(frozenset(name.split()) - {"ALL"})
    if kind is None:
        raise scope.statement.error(node, f"{name} is not allowed; known are {', '.join(JOINS)}")
    is_cross = kind.sql == "CROSS JOIN"
    if not is_cross and node.get("constraint") is None:
        raise scope.statement.error(node, f"{name} needs ON or USING")
    return kind


def _source(selecting: Selecting, node: Node) -> Source:
    scope, table = selecting.scope, node["table"]
    statement = scope.statement
    for part in sorted(node.keys() - _KNOWN):
        raise statement.error(node, _REFUSED.get(part, f"{part} is not allowed here"))
    at, alias = statement.next_source(node), node.get("alias")
    if table.get("node") in ("SelectQuery", "SelectSetQuery"):
        printed = selecting.sub_select(table, scope.commons)
        return Within(alias or "", at, sql=printed.sql, columns=printed.columns, scan=statement.scan())
    if table.get("node") != "Field":
        raise statement.error(table, "FROM takes a table, or a SELECT in parentheses")
    name = written(table["chain"])
    common = scope.commons.get(name) if len(table["chain"]) == 1 else None
    if common is not None:
        if not common.is_select:
            raise statement.error(table, f"{name} is a value, not a table")
        printed = selecting.sub_select(common.node, common.before)
        return Within(alias or name, at, sql=printed.sql, columns=printed.columns, scan=statement.scan())
    if name not in TABLES:
        raise statement.error(table, f"the table {name} is not known{table_hint(name)}")
    found = view(name, alias or name, at, statement.scan())
    if statement.rows is not None and selecting.is_outermost and name == "events":
        found.where.append(statement.rows(found.scan))
    return found


def printed(selecting: Selecting, joined: list[Joined]) -> Sql:
    """The FROM clause; to be called when everything else has been printed but what ON and USING say is known."""
    parts = []
    for one in joined:
        if one.kind is None:
            parts.append(Sql("FROM {s}", s=one.source.printed()))
            continue
        on = selecting.constraints.get(one.source.at)
        parts.append(
            Sql(one.kind.sql + " {s} ON {c}", s=one.source.printed(), c=on)
            if on is not None
            else Sql(one.kind.sql + " {s}", s=one.source.printed())
        )
    return Sql.join(" ", parts)


def constraint(walk: StatementWalk, one: Joined, before: list[Source]) -> Sql | None:
    """ON, or what USING means."""
    if one.constraint is None:
        return None
    node = one.constraint["expr"]
    if one.constraint.get("constraint_type") == "USING":
        names = node["exprs"] if node.get("node") == "Tuple" else [node]
        return Sql.join(" AND ", (_same(walk, name, one.source, before) for name in names))
    members = node["exprs"] if node.get("node") == "And" else [node]
    return Sql.join(" AND ", (_one_holds(walk, member) for member in members))


def _one_holds(walk: StatementWalk, node: Node) -> Sql:
    """An equation is what a join looks up by; what is missing equals nothing, as ClickHouse has it by itself."""
    if node.get("node") == "CompareOperation" and node["op"] == "==":
        left, right = walk.person_of(node["left"]), walk.person_of(node["right"])
        if left is not None and right is not None:
            return Sql("{a} = {b}", a=left.sql, b=right.sql)
        a, b = walk.print(node["left"]), walk.print(node["right"])
        return _equal(*walk.guarded(node, lambda: alike(a, b, walk.scan)))
    return walk.whole(node, "b").sql


def _equal(left: Typed, right: Typed) -> Sql:
    """What a join looks up is of one type, and ClickHouse has none for all numbers, nor for all that are whole."""
    if left.kind == right.kind == "n":
        one = "toInt64" if left.is_whole and right.is_whole else "toFloat64"
        return Sql(f"{one}({{a}}) = {one}({{b}})", a=left.sql, b=right.sql)
    return Sql("{a} = {b}", a=left.sql, b=right.sql)


def _same(walk: StatementWalk, node: Node, source: Source, before: list[Source]) -> Sql:
    chain = node.get("chain") or []
    if len(chain) != 1:
        raise walk.error(node, "USING takes names of columns that both sides have")
    own = source.column(chain)
    other = either(before, chain, walk.scan)
    if own is None or other is None:
        raise walk.error(node, f"USING takes names of columns that both sides have, and {chain[0]} is none")
    walk.scope.shared.add(str(chain[0]))
    left, right = walk.guarded(node, lambda: alike(other, own, walk.scan))
    return _equal(left, right)


def array_join(walk: StatementWalk, op: str | None, members: list[Node]) -> Sql | None:
    """Each member of a list in a row of its own. The lists are read from the sources, their members by new names."""
    if not members:
        return None
    kind = _ARRAY_JOINS.get(str(op))
    if kind is None:
        raise walk.error(members[0], f"{op} is not allowed")
    made, found = [], dict[str, Typed]()
    for place, node in enumerate(members):
        expr, name = (node["expr"], node["alias"]) if node.get("node") == "Alias" else (node, None)
        name = name or (str(expr["chain"][-1]) if expr.get("node") == "Field" else None)
        if name is None:
            raise walk.error(node, "ARRAY JOIN needs a name for the members: ARRAY JOIN [1, 2] AS x")
        listed = walk.as_(expr, "a")
        at = f"a{walk.scope.depth}_{place}"
        held = walk.guarded(expr, lambda listed=listed: member_of(listed))  # type: ignore[misc]
        found[name] = replace(held, sql=Sql(at), constant=None, number=None, is_nullable=held.is_nullable)
        made.append(Sql("{x} AS " + at, x=listed.sql))
    walk.scope.members.update(found)
    return Sql(kind + " {m}", m=Sql.join(", ", made))
