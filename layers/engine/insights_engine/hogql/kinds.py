"""Kinds of printed expressions, and how one becomes another.

p is a property: text that may stand for a number, a date or a boolean. Kinds otherwise as in `functions`, and null.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from insights_engine.scan import Scan, micros
from insights_engine.sql import Sql


@dataclass(frozen=True, slots=True)
class Typed:
    sql: Sql
    kind: str
    constant: Any = None


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


def coerce(typed: Typed, kind: str, scan: Scan) -> Typed:
    """As the kind that a place wants; what is of that kind, or of any, stays."""
    have = typed.kind
    if have in (kind, "null") or kind in ("x", "i", "l"):
        return typed
    if kind == "k":
        return typed if isinstance(typed.constant, int) else convert(typed, "@int", scan)
    if kind == "t":
        return Typed(Sql("ifNull({x}, '')", x=coerce(typed, "s", scan).sql), "s")
    if kind == "n" and have in ("p", "s", "x"):
        return Typed(Sql("toFloat64OrNull(toString({x}))" if have == "x" else "toFloat64OrNull({x})", x=typed.sql), "n")
    if kind == "d" and have in ("p", "s"):
        return convert(typed, "@datetime", scan)
    if kind == "s" and have != "p":
        return Typed(Sql("toString({x})", x=typed.sql), "s")
    if kind == "b" and have in ("p", "s", "n"):
        return Typed(Sql("({x} != 0)" if have == "n" else "({x} = 'true')", x=typed.sql), "b")
    if kind == "a" and have in ("p", "s"):
        return Typed(Sql("JSONExtract(ifNull({x}, '[]'), 'Array(String)')", x=typed.sql), "a")
    return Typed(typed.sql, kind)


def convert(typed: Typed | None, rule: str, scan: Scan, more: Sequence[Typed] = ()) -> Typed:
    """The functions and casts that are a rule of ours rather than ClickHouse's function of the same name."""
    if typed is None:
        return _clock(rule, scan)
    text = typed.sql if typed.kind in ("p", "s") else Sql("toString({x})", x=typed.sql)
    match rule:
        case "@int":
            return Typed(Sql("toInt64OrNull({x})", x=_whole(text)), "n")
        case "@float":
            return Typed(Sql("toFloat64OrNull({x})", x=text), "n")
        case "@floatOrZero":
            return Typed(Sql("ifNull(toFloat64OrNull({x}), 0)", x=text), "n")
        case "@floatOrDefault":
            return Typed(Sql("ifNull(toFloat64OrNull({x}), {d})", x=text, d=more[0].sql), "n")
        case "@text":
            return Typed(text, "s")
        case "@bool":
            return Typed(Sql("(lower({x}) IN ('true', '1'))", x=text), "b")
        case "@date":
            return Typed(Sql("toDate({x})", x=_datetime(typed, scan)), "d")
        case "@fromUnix":
            zone = scan.project.timezone
            return Typed(Sql("toDateTime64({x}, 6, {zone:String})", x=coerce(typed, "n", scan).sql, zone=zone), "d")
        case _:
            return Typed(_datetime(typed, scan), "d")


def _whole(text: Sql) -> Sql:
    """Numbers with a fraction are cut, as by CAST in SQL."""
    return Sql("toString(trunc(toFloat64OrNull({x})))", x=text)


def _datetime(typed: Typed, scan: Scan) -> Sql:
    zone = scan.project.timezone
    if typed.kind == "d":
        return Sql("toDateTime64({x}, 6, {zone:String})", x=typed.sql, zone=zone)
    if typed.kind == "n":
        return Sql("toDateTime64({x}, 6, {zone:String})", x=typed.sql, zone=zone)
    return Sql("parseDateTime64BestEffortOrNull({x}, 6, {zone:String})", x=typed.sql, zone=zone)


def _clock(rule: str, scan: Scan) -> Typed:
    """now, today and yesterday are the request's moment, in the project's zone: SQL never asks the clock."""
    if rule == "@now":
        at = Sql("fromUnixTimestamp64Micro({at:Int64}, {zone:String})", at=micros(scan.now), zone=scan.project.timezone)
        return Typed(at, "d")
    day = scan.now.astimezone(scan.project.zone).date() - timedelta(days=1 if rule == "@yesterday" else 0)
    return Typed(Sql("{day:Date}", day=day.isoformat()), "d")
