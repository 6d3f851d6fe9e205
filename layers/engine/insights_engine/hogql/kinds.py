"""Kinds of printed expressions, and how one becomes another.

p is a property: text that may stand for a number, a date or a boolean. Kinds otherwise as in `functions`, and null.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from insights_engine.hogql.checks import date_fault
from insights_engine.scan import Scan, micros
from insights_engine.sql import Sql


@dataclass(frozen=True, slots=True)
class Typed:
    """`growth`: how many times as long as the values that it is made from it may be, at most.

    `order` is 1 for what is as long as a stored value, or a list of them, and 2 for as long as two multiplied.
    `members` are those of a tuple; a list has one that stands for all, of kind `none` when it is empty, or nothing is
    known of them. `number` is what to print where a number is wanted, if that is not the text read as one.
    `is_whole`: a number that is known to have no fraction. `of`: whose properties it is, all of them as JSON.
    """

    sql: Sql
    kind: str
    constant: Any = None
    is_nullable: bool = True
    growth: int = 1
    order: int = 0
    members: tuple[Typed, ...] = ()
    number: Sql | None = None
    is_whole: bool = False
    of: str = ""


class Mismatch(Exception):
    """A value of a kind that cannot stand where it does; the walk adds the place."""


WORDS = {
    "n": "a number",
    "k": "a whole number",
    "s": "a text",
    "t": "a text",
    "p": "a property",
    "d": "a date",
    "b": "a condition",
    "a": "a list",
    "y": "a tuple",
    "i": "a length of time",
    "l": "a function",
    "x": "a value",
    "null": "null",
    "none": "nothing",
}
# Kind that a place wants -> kinds that can become it.
_BECOMES = {
    "n": "pbx",
    "k": "npx",
    "s": "pndbayx",
    "t": "spndbayx",
    "d": "psx",
    "b": "psnx",
    "a": "psx",
    "i": "",
}
_HINTS = {
    ("n", "s"): "; toFloat(…) reads one from a text",
    ("n", "d"): "; toUnixTimestamp(…) makes one of a date",
    ("n", "a"): "; length(…) is one, and arraySum(…)",
    ("k", "s"): "; toInt(…) reads one from a text",
    ("d", "n"): "; fromUnixTimestamp(…) makes one of a number",
    ("a", "y"): "; write it in brackets, [1, 2]",
    ("i", "n"): "; write interval 1 day",
}


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
    """As the kind that a place wants; what is of that kind, or may be of any, stays. Raises Mismatch."""
    have = typed.kind
    if have in (kind, "none") or kind in ("x", "l") or (have == "null" and kind != "a"):
        return typed
    if have not in _BECOMES[kind]:
        raise Mismatch(f"{WORDS[kind]} is needed here, not {WORDS[have]}{_HINTS.get((kind, have), '')}")
    match kind:
        case "k":
            return typed if isinstance(typed.constant, int) else convert(typed, "@int", scan)
        case "t":
            as_text = coerce(typed, "s", scan)
            return replace(as_text, sql=Sql("ifNull({x}, '')", x=as_text.sql)) if typed.is_nullable else as_text
        case "n" if have in ("p", "x"):
            text = typed.sql if have == "p" else Sql("toString({x})", x=typed.sql)
            return Typed(typed.number or Sql("toFloat64OrNull({t})", t=text), "n")
        case "d" if have in ("p", "s"):
            return _written_date(typed, scan) if isinstance(typed.constant, str) else convert(typed, "@datetime", scan)
        case "s" if have != "p":
            # In a list's or a tuple's text, quotes and backslashes get a backslash.
            grown = typed.growth * (2 if have in "ayx" else 1)
            text = Sql("toString({x})", x=typed.sql)
            return Typed(text, "s", None, typed.is_nullable, grown, typed.order)
        case "b" if have in ("p", "s", "n"):
            truth = Sql("({x} != 0)" if have == "n" else "({x} IN ('true', '1'))", x=typed.sql)
            return Typed(truth, "b", is_nullable=typed.is_nullable)
        case "a" if have in ("p", "s"):
            read = Sql("JSONExtract(ifNull({x}, '[]'), 'Array(String)')", x=typed.sql)
            return replace(typed, sql=read, kind="a", members=(member("p", order=typed.order),))
    return replace(typed, kind=kind)


def member(kind: str, *, order: int = 0) -> Typed:
    """What a list holds, as far as it is known without its values."""
    return Typed(Sql(""), kind, is_nullable=False, order=order)


def as_one_type(values: Sequence[Typed], chosen: Sequence[bool]) -> list[Typed]:
    """The numbers among the values as one type: ClickHouse has none that holds whole ones and others alike."""
    if all(isinstance(v.constant, int) for v, c in zip(values, chosen, strict=True) if c and v.kind == "n"):
        return list(values)
    return [
        replace(v, sql=Sql("toFloat64({x})", x=v.sql)) if c and v.kind == "n" else v
        for v, c in zip(values, chosen, strict=True)
    ]


def _written_date(typed: Typed, scan: Scan) -> Typed:
    """What was written as a date and is none is the writer's mistake, not a missing value."""
    if said := date_fault(typed.constant):
        raise Mismatch(said)
    parsed = Sql("parseDateTime64BestEffort({x}, 6, {zone:String})", x=typed.sql, zone=scan.project.timezone)
    return Typed(parsed, "d", is_nullable=False)


def convert(typed: Typed | None, rule: str, scan: Scan, more: Sequence[Typed] = ()) -> Typed:
    """The functions and casts that are a rule of ours rather than ClickHouse's function of the same name."""
    if typed is None:
        return _clock(rule, scan)
    if rule != "@text" and typed.kind in ("a", "y", "i"):
        raise Mismatch(f"{WORDS[typed.kind]} cannot become a value of that type")
    text = typed.sql if typed.kind in ("p", "s") else Sql("toString({x})", x=typed.sql)
    match rule:
        case "@int" | "@float" if typed.kind == "d":
            whole = Sql("toInt64({x})" if rule == "@int" else "toFloat64({x})", x=typed.sql)
            return Typed(whole, "n", is_nullable=typed.is_nullable)
        case "@int":
            return Typed(Sql("toInt64OrNull({x})", x=_whole(text)), "n")
        case "@float":
            return Typed(Sql("toFloat64OrNull({x})", x=text), "n")
        case "@intOrZero":
            return Typed(Sql("ifNull(toInt64OrNull({x}), 0)", x=_whole(text)), "n", is_nullable=False)
        case "@floatOrZero":
            return Typed(Sql("ifNull(toFloat64OrNull({x}), 0)", x=text), "n", is_nullable=False)
        case "@floatOrDefault":
            return Typed(Sql("ifNull(toFloat64OrNull({x}), {d})", x=text, d=more[0].sql), "n")
        case "@text":
            return replace(coerce(typed, "s", scan), kind="s", number=None)
        case "@bool":
            return Typed(Sql("(lower({x}) IN ('true', '1'))", x=text), "b", is_nullable=typed.is_nullable)
        case "@date":
            return Typed(Sql("toDate({x})", x=_datetime(typed, scan)), "d", is_nullable=_may_be_no_date(typed))
        case "@uuid":
            return Typed(Sql("toString(toUUIDOrNull({x}))", x=text), "s")
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
    text = typed.sql if typed.kind in ("p", "s") else Sql("toString({x})", x=typed.sql)
    return Sql("parseDateTime64BestEffortOrNull({x}, 6, {zone:String})", x=text, zone=zone)


def _clock(rule: str, scan: Scan) -> Typed:
    """now, today and yesterday are the request's moment, in the project's zone: SQL never asks the clock."""
    if rule == "@now":
        at = Sql("fromUnixTimestamp64Micro({at:Int64}, {zone:String})", at=micros(scan.now), zone=scan.project.timezone)
        return Typed(at, "d", is_nullable=False)
    day = scan.now.astimezone(scan.project.zone).date() - timedelta(days=1 if rule == "@yesterday" else 0)
    return Typed(Sql("{day:Date}", day=day.isoformat()), "d", is_nullable=False)
