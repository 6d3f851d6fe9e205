"""Several SELECTs as one: what may stand between them, and their columns of one kind each."""

from __future__ import annotations

from dataclasses import dataclass, replace

from insights_engine.hogql.kinds import Typed, coerce
from insights_engine.hogql.statements.scope import Node, Statement
from insights_engine.sql import Sql

# What stands between SELECTs, and what it is printed as: rows that are in both, or in the first alone, come once.
SETS = {
    "UNION ALL": "UNION ALL",
    "UNION DISTINCT": "UNION DISTINCT",
    "INTERSECT": "INTERSECT DISTINCT",
    "INTERSECT DISTINCT": "INTERSECT DISTINCT",
    "INTERSECT ALL": "INTERSECT ALL",
    "EXCEPT": "EXCEPT DISTINCT",
    "EXCEPT DISTINCT": "EXCEPT DISTINCT",
    "EXCEPT ALL": "EXCEPT ALL",
}


@dataclass(frozen=True, slots=True)
class Printed:
    """`columns` are names and what is known of them; of column i the SQL is r{i}. `limit` is that of the outermost."""

    sql: Sql
    columns: tuple[tuple[str, Typed], ...]


def alike(statement: Statement, node: Node, branches: list[Printed]) -> tuple[list[Printed], list[Typed]]:
    """Each column of one kind: a property takes that of the others, and numbers are of one type."""
    found, wraps = [], [dict[int, Sql]() for _ in branches]
    for place in range(len(branches[0].columns)):
        own = [branch.columns[place][1] for branch in branches]
        kinds = {typed.kind for typed in own} - {"null"}
        if len(kinds) > 1 and not kinds <= {"p", "s"} and "x" not in kinds:
            others = kinds - {"p"}
            if len(others) > 1 or others & {"a", "y"}:
                raise statement.error(node, f"column {place + 1} is of different kinds in the SELECTs of this set")
            kind = next(iter(others))
            scan = statement.scan()
            for i, typed in enumerate(own):
                if typed.kind == "p":
                    own[i] = coerce(typed, kind, scan)
                    wraps[i][place] = own[i].sql
            kinds = {kind}
        if kinds == {"n"}:
            of_one_type = "toInt64({x})" if all(typed.is_whole for typed in own) else "toFloat64({x})"
            for i, typed in enumerate(own):
                wraps[i][place] = Sql(of_one_type, x=typed.sql)
        kind = "s" if kinds == {"p", "s"} else next(iter(kinds), "null") if len(kinds) == 1 else "x"
        is_nullable = any(typed.is_nullable for typed in own)
        of = own[0].of if len({typed.of for typed in own}) == 1 else ""
        changed = replace(own[0], kind=kind, constant=None, number=None, is_nullable=is_nullable, of=of)
        changed = replace(changed, is_whole=all(typed.is_whole for typed in own))
        found.append(replace(changed, sql=Sql(f"r{place}")))
    return [_wrapped(branch, wrap) for branch, wrap in zip(branches, wraps, strict=True)], found


def _wrapped(branch: Printed, wrap: dict[int, Sql]) -> Printed:
    if not wrap:
        return branch
    columns = Sql.join(
        ", ",
        (Sql("{x} AS " + f"r{i}", x=wrap[i]) if i in wrap else Sql(f"r{i}") for i in range(len(branch.columns))),
    )
    return Printed(Sql("SELECT {c} FROM ({s})", c=columns, s=branch.sql), branch.columns)
