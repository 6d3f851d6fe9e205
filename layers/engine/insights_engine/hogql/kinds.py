"""Kinds of printed expressions, how one becomes another, and how two compare.

p is a property: text that may stand for a number, a date or a boolean. Kinds otherwise as in `functions`, and null.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from insights_engine.scan import Scan, micros
from insights_engine.sql import Sql


@dataclass(frozen=True, slots=True)
class Typed:
    """`growth`: how many times as long as the values that it is made from it may be, at most."""

    sql: Sql
    kind: str
    constant: Any = None
    is_nullable: bool = True
    growth: int = 1


# Names of types that `::` and CAST take -> the rule of `convert`.
CASTS = {
    "int": "@int",
    "integer": "@int",
    "int64": "@int",
    "bigint": "@int",
    "float": "@float",
    "float64": "@float",
    "double": "@float",
    "decimal": "@float",
    "text": "@text",
    "string": "@text",
    "varchar": "@text",
    "bool": "@bool",
    "boolean": "@bool",
    "date": "@date",
    "datetime": "@datetime",
    "timestamp": "@datetime",
}


# How values compare: operator of the parser -> (ClickHouse's template, what it is when one side is NULL).
COMPARISONS = {
    "==": ("{a} = {b}", False),
    "!=": ("{a} != {b}", True),
    "<": ("{a} < {b}", False),
    ">": ("{a} > {b}", False),
    "<=": ("{a} <= {b}", False),
    ">=": ("{a} >= {b}", False),
    "like": ("{a} LIKE {b}", False),
    "ilike": ("{a} ILIKE {b}", False),
    "not like": ("{a} NOT LIKE {b}", True),
    "not ilike": ("{a} NOT ILIKE {b}", True),
    "=~": ("match({a}, {b})", False),
    "!~": ("NOT match({a}, {b})", True),
    "=~*": ("match({a}, concat('(?i)', {b}))", False),
    "!~*": ("NOT match({a}, concat('(?i)', {b}))", True),
}
_BY_VALUE = frozenset({"==", "!=", "<", ">", "<=", ">="})


def coerce(typed: Typed, kind: str, scan: Scan) -> Typed:
    """As the kind that a place wants; what is of that kind, or of any, stays."""
    have = typed.kind
    if have in (kind, "null") or kind in ("x", "i", "l"):
        return typed
    if kind == "k":
        return typed if isinstance(typed.constant, int) else convert(typed, "@int", scan)
    if kind == "t":
        text = coerce(typed, "s", scan)
        return replace(text, sql=Sql("ifNull({x}, '')", x=text.sql)) if typed.is_nullable else text
    if kind == "n" and have in ("p", "s", "x"):
        return Typed(Sql("toFloat64OrNull(toString({x}))" if have == "x" else "toFloat64OrNull({x})", x=typed.sql), "n")
    if kind == "d" and have in ("p", "s"):
        if isinstance(typed.constant, str):
            # What was written as a date and is none is the writer's mistake, not a missing value.
            parsed = Sql("parseDateTime64BestEffort({x}, 6, {zone:String})", x=typed.sql, zone=scan.project.timezone)
            return Typed(parsed, "d", is_nullable=False)
        return convert(typed, "@datetime", scan)
    if kind == "s" and have != "p":
        return replace(typed, sql=Sql("toString({x})", x=typed.sql), kind="s")
    if kind == "b" and have in ("p", "s", "n"):
        truth = Sql("({x} != 0)" if have == "n" else "({x} IN ('true', '1'))", x=typed.sql)
        return Typed(truth, "b", is_nullable=typed.is_nullable)
    if kind == "a" and have in ("p", "s"):
        return replace(typed, sql=Sql("JSONExtract(ifNull({x}, '[]'), 'Array(String)')", x=typed.sql), kind="a")
    return replace(typed, kind=kind)


def compare(op: str, left: Typed, right: Typed, scan: Scan) -> Typed:
    """Always true or false: NULL equals NULL alone, differs from every value, and is like, above and below none."""
    if "null" in (left.kind, right.kind) and op in ("==", "!="):
        other = right if left.kind == "null" else left
        return Typed(Sql(("isNull" if op == "==" else "isNotNull") + "({x})", x=other.sql), "b", is_nullable=False)
    if op in _BY_VALUE:
        a, b = _alike(left, right, scan)
    else:
        a, b = coerce(left, "s", scan), coerce(right, "s", scan)
    if op in ("==", "!=") and a.is_nullable and b.is_nullable and "a" not in (a.kind, b.kind):
        same = Sql("({a} <=> {b})", a=a.sql, b=b.sql)
        return Typed(same if op == "==" else Sql("(NOT {s})", s=same), "b", is_nullable=False)
    template, of_null = COMPARISONS[op]
    compared = Sql("(" + template + ")", a=a.sql, b=b.sql)
    if a.is_nullable or b.is_nullable:
        compared = Sql("ifNull({c}, " + ("true" if of_null else "false") + ")", c=compared)
    return Typed(compared, "b", is_nullable=False)


def _alike(left: Typed, right: Typed, scan: Scan) -> tuple[Typed, Typed]:
    """Both sides of one kind: a property, or text, takes the kind of what it is compared with."""
    for one, other in ((left, right), (right, left)):
        if one.kind in ("n", "d") and other.kind in ("p", "s"):
            changed = coerce(other, one.kind, scan)
            return (left, changed) if other is right else (changed, right)
        if one.kind == "b" and isinstance(one.constant, bool) and other.kind == "p":
            text = Typed(Sql("{v:String}", v="true" if one.constant else "false"), "s", is_nullable=False)
            return (text, other) if one is left else (other, text)
    return left, right


def convert(typed: Typed | None, rule: str, scan: Scan, more: Sequence[Typed] = ()) -> Typed:
    """The functions and casts that are a rule of ours rather than ClickHouse's function of the same name."""
    if typed is None:
        return _clock(rule, scan)
    text = typed.sql if typed.kind in ("p", "s") else Sql("toString({x})", x=typed.sql)
    match rule:
        case "@sum" | "@avg":  # ClickHouse's functions of that name do not take a list that may have NULL in it
            return Typed(Sql("arrayReduce('" + rule[1:] + "', {x})", x=typed.sql), "n")
        case "@int":
            return Typed(Sql("toInt64OrNull({x})", x=_whole(text)), "n")
        case "@float":
            return Typed(Sql("toFloat64OrNull({x})", x=text), "n")
        case "@floatOrZero":
            return Typed(Sql("ifNull(toFloat64OrNull({x}), 0)", x=text), "n", is_nullable=False)
        case "@floatOrDefault":
            return Typed(Sql("ifNull(toFloat64OrNull({x}), {d})", x=text, d=more[0].sql), "n")
        case "@text":
            return Typed(text, "s", is_nullable=typed.is_nullable, growth=typed.growth)
        case "@bool":
            return Typed(Sql("(lower({x}) IN ('true', '1'))", x=text), "b", is_nullable=typed.is_nullable)
        case "@date":
            return Typed(Sql("toDate({x})", x=_datetime(typed, scan)), "d", is_nullable=_may_be_no_date(typed))
        case "@fromUnix":
            seconds = coerce(typed, "n", scan)
            return Typed(_datetime(seconds, scan), "d", is_nullable=seconds.is_nullable)
        case _:
            zone = more[0].constant if more else None
            return Typed(_datetime(typed, scan, zone), "d", is_nullable=_may_be_no_date(typed))


def _may_be_no_date(typed: Typed) -> bool:
    return typed.is_nullable or typed.kind not in ("d", "n")


def _whole(text: Sql) -> Sql:
    """Numbers with a fraction are cut, as by CAST in SQL."""
    return Sql("toString(trunc(toFloat64OrNull({x})))", x=text)


def _datetime(typed: Typed, scan: Scan, zone: str | None = None) -> Sql:
    """Read and shown in the zone that is named, else in the project's."""
    zone = zone or scan.project.timezone
    if typed.kind in ("d", "n"):
        return Sql("toDateTime64({x}, 6, {zone:String})", x=typed.sql, zone=zone)
    return Sql("parseDateTime64BestEffortOrNull({x}, 6, {zone:String})", x=typed.sql, zone=zone)


def _clock(rule: str, scan: Scan) -> Typed:
    """now, today and yesterday are the request's moment, in the project's zone: SQL never asks the clock."""
    if rule == "@now":
        at = Sql("fromUnixTimestamp64Micro({at:Int64}, {zone:String})", at=micros(scan.now), zone=scan.project.timezone)
        return Typed(at, "d", is_nullable=False)
    day = scan.now.astimezone(scan.project.zone).date() - timedelta(days=1 if rule == "@yesterday" else 0)
    return Typed(Sql("{day:Date}", day=day.isoformat()), "d", is_nullable=False)
