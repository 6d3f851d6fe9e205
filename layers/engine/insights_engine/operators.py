"""The operators of property filters, one row each: the SQL, what its value may be, and what it is the opposite of.

Every template is of the positive form over `{p}`, the property as Nullable(String), NULL when missing. A negative
operator is a row that names its positive one, and matches what that does not, the missing property included.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from insights_engine.dates import parse as parse_date
from insights_engine.errors import ValidationError, attr_of
from insights_engine.sql import Sql, both, either, number

_NUMBER = "toFloat64OrNull({p})"
# What is shorter is no date: "5" would be read as the fifth of this month.
_DATE = "if(length({p}) >= 8, parseDateTime64BestEffortOrNull({p}, 6, {zone:String}), NULL)"
_VERSION = (
    "arrayResize(arrayMap(n -> toUInt64OrZero(n), "
    "splitByChar('.', extract(ifNull({p}, ''), '^\\\\s*v?(\\\\d+(?:\\\\.\\\\d+)*)'))), 3)"
)
_IS_VERSION = "ifNull(match({p}, '^\\\\s*v?\\\\d+(\\\\.\\\\d+)*'), false)"


@dataclass(frozen=True, slots=True)
class Asked:
    """What an operator is given: its value, and what reads dates and paths need."""

    value: Any
    field: str
    now: datetime
    zone: ZoneInfo
    clean_path: Callable[[Sql], Sql]


Maker = Callable[[Sql, Asked], Sql]


@dataclass(frozen=True, slots=True)
class Operator:
    name: str
    make: Maker | None = None
    opposite_of: str | None = None
    takes_value: bool = True
    help: str = ""
    # A negative operator whose list form does not match the missing property, though its single form does.
    list_needs_present: bool = False


def text_of(value: Any) -> str:
    """A JSON value as the text that a property of that value compares by: `5`, `5.5`, `true`, `[1,"a"]`."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return _float_text(value)
    import orjson

    return orjson.dumps(value).decode()


def _float_text(value: float) -> str:
    """As ClickHouse writes it: the shortest digits, with an exponent from 1e21 and below 1e-6."""
    if value and not 1e-6 <= abs(value) < 1e21:
        digits, _, exponent = f"{Decimal(repr(value)):e}".partition("e")
        return f"{digits}e{int(exponent)}"
    text = f"{Decimal(repr(value)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def texts(asked: Asked) -> list[str]:
    """The value as a list of texts; nulls inside a list are dropped."""
    values = asked.value if isinstance(asked.value, list) else [asked.value]
    return [text_of(v) for v in values if v is not None]


def _number(value: Any, asked: Asked) -> float:
    try:
        found = float(value) if not isinstance(value, bool) else math.nan
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if math.isnan(found):
        raise ValidationError(f"{asked.field}.value {str(value)[:50]!r} is not a number", attr=attr_of(asked.field))
    return found


def _each(sql: str) -> Maker:
    """Any of the values, `{v:String}`."""
    return lambda p, asked: either(*(Sql(sql, p=p, v=text) for text in texts(asked)))


def _exact(p: Sql, asked: Asked) -> Sql:
    values = texts(asked)
    if len(values) == 1:
        return Sql("{p} = {v:String}", p=p, v=values[0])
    return Sql("{p} IN {v:Array(String)}", p=p, v=values)


def _icontains(p: Sql, asked: Asked) -> Sql:
    """`%` and `_` are wildcards in a single value, and only there."""
    values = texts(asked)
    if len(values) == 1:
        pattern = "%" + values[0].replace("\\", "\\\\") + "%"
        return Sql("{p} ILIKE {v:String}", p=p, v=pattern)
    return either(*(Sql("positionCaseInsensitiveUTF8({p}, {v:String}) > 0", p=p, v=text) for text in values))


def _compare(sign: str) -> Maker:
    """By number where the value is one, else by date."""

    def one(p: Sql, value: Any, asked: Asked) -> Sql:
        try:
            limit = _number(value, asked)
        except ValidationError:
            if isinstance(value, str) and re.match(r"\d{4}-\d{1,2}-\d{1,2}", value):
                return _by_date(sign, p, value, asked)
            raise
        return Sql(_NUMBER + f" {sign} " + "{v:Float64}", p=p, v=limit)

    def make(p: Sql, asked: Asked) -> Sql:
        values = asked.value if isinstance(asked.value, list) else [asked.value]
        return either(*(one(p, value, asked) for value in values if value is not None))

    return make


def _between(p: Sql, asked: Asked) -> Sql:
    value = asked.value
    if not isinstance(value, list) or len(value) != 2:
        raise ValidationError(f"{asked.field}.value must be two numbers, [min, max]", attr=attr_of(asked.field))
    low, high = (_number(v, asked) for v in value)
    if low > high:
        raise ValidationError(f"{asked.field}.value: min {low:g} is above max {high:g}", attr=attr_of(asked.field))
    return Sql(_NUMBER + " BETWEEN {low:Float64} AND {high:Float64}", p=p, low=low, high=high)


def _by_date(sign: str, p: Sql, value: Any, asked: Asked) -> Sql:
    if not isinstance(value, str):
        raise ValidationError(f"{asked.field}.value must be a date", attr=attr_of(asked.field))
    at = parse_date(value, asked.now, asked.zone, f"{asked.field}.value").at
    return Sql(
        _DATE + f" {sign} fromUnixTimestamp64Micro(" + "{at:Int64})",
        p=p,
        zone=asked.zone.key,
        at=round(at.timestamp() * 1_000_000),
    )


def _date(sign: str) -> Maker:
    def make(p: Sql, asked: Asked) -> Sql:
        values = asked.value if isinstance(asked.value, list) else [asked.value]
        return either(*(_by_date(sign, p, value, asked) for value in values if value is not None))

    return make


def _cleaned_path(p: Sql, asked: Asked) -> Sql:
    wanted = [asked.clean_path(Sql("{v:String}", v=text)) for text in texts(asked)]
    return Sql("{p} IN ({values})", p=asked.clean_path(p), values=Sql.join(", ", wanted))


def _semver(low_sign: str | None, bound: Callable[[list[int]], tuple[list[int], list[int] | None]]) -> Maker:
    """Between the bounds of a version: `>= low` and `< high`, or one comparison by sign."""

    def one(p: Sql, text: str, asked: Asked) -> Sql:
        low, high = bound(_version(text, asked))
        version = Sql(_VERSION, p=p)
        signed = Sql("{x} " + (low_sign or ">=") + " {v:Array(UInt64)}", x=version, v=low)
        upper = Sql("{x} < {v:Array(UInt64)}", x=version, v=high) if high is not None else Sql("true")
        return both(Sql(_IS_VERSION, p=p), signed, upper)

    return lambda p, asked: either(*(one(p, text, asked) for text in texts(asked)))


def _another_version(p: Sql, asked: Asked) -> Sql:
    return both(Sql(_IS_VERSION, p=p), Sql("NOT ({c})", c=_semver("=", _plain)(p, asked)))


def _version(text: str, asked: Asked) -> list[int]:
    found = re.match(r"^\s*v?(\d{1,9}(?:\.(?:\d{1,9}|\*))*)", text)
    if found is None:
        raise ValidationError(
            f"{asked.field}.value {text[:50]!r} is not a version such as 1.2.3", attr=attr_of(asked.field)
        )
    return [int(part) for part in found.group(1).split(".") if part != "*"][:3]


def _filled(version: list[int]) -> list[int]:
    return [*version, 0, 0, 0][:3]


def _plain(version: list[int]) -> tuple[list[int], None]:
    return _filled(version), None


def _next(version: list[int], place: int) -> list[int]:
    return _filled([*_filled(version)[:place], _filled(version)[place] + 1])


def _tilde(version: list[int]) -> tuple[list[int], list[int]]:
    """`~1.2.3`: the same minor version; `~1`: the same major one."""
    return _filled(version), _next(version, min(1, len(version) - 1))


def _caret(version: list[int]) -> tuple[list[int], list[int]]:
    """Up to the next change of the leftmost number that is not zero."""
    place = next((i for i, n in enumerate(version) if n), len(version) - 1)
    return _filled(version), _next(version, place)


def _wildcard(version: list[int]) -> tuple[list[int], list[int]]:
    return _filled(version), _next(version, len(version) - 1)


def _is_set(p: Sql, _: Asked) -> Sql:
    return Sql("isNotNull({p})", p=p)


OPERATORS = {
    row.name: row
    for row in (
        Operator("exact", _exact, help="equal to the value, or to one of a list"),
        Operator("is_not", opposite_of="exact", help="different from the value and from all of a list"),
        Operator("in", _exact, help="one of the list"),
        Operator("not_in", opposite_of="in", help="none of the list"),
        Operator("icontains", _icontains, help="contains the text, in upper or lower case"),
        Operator("not_icontains", opposite_of="icontains", list_needs_present=True, help="does not contain the text"),
        Operator("starts_with", _each("startsWith({p}, {v:String})"), help="begins with the text, case-sensitive"),
        Operator("ends_with", _each("endsWith({p}, {v:String})"), help="ends in the text, case-sensitive"),
        Operator("regex", _each("match({p}, {v:String})"), help="the RE2 expression is found, case-sensitive"),
        Operator("not_regex", opposite_of="regex", help="the RE2 expression is not found"),
        Operator("gt", _compare(">"), help="greater, by number or date"),
        Operator("gte", _compare(">="), help="greater or equal"),
        Operator("lt", _compare("<"), help="less"),
        Operator("lte", _compare("<="), help="less or equal"),
        Operator("min", _compare(">="), help="the same as gte"),
        Operator("max", _compare("<="), help="the same as lte"),
        Operator("between", _between, help="a number from min to max, both included"),
        Operator(
            "not_between",
            lambda p, a: both(Sql("isNotNull({n})", n=number(p)), Sql("NOT ({c})", c=_between(p, a))),
            help="a number outside min to max",
        ),
        Operator("is_set", _is_set, takes_value=False, help="present"),
        Operator("is_not_set", opposite_of="is_set", takes_value=False, help="missing"),
        Operator("is_date_exact", _date("="), help="the same instant"),
        Operator("is_date_before", _date("<"), help="earlier than the date"),
        Operator("is_date_after", _date(">"), help="later than the date"),
        Operator("is_cleaned_path_exact", _cleaned_path, help="equal after the project's path cleaning rules"),
        Operator("semver_eq", _semver("=", _plain), help="the same version"),
        Operator("semver_neq", _another_version, help="another version; what is none does not match"),
        Operator("semver_gt", _semver(">", _plain), help="a later version"),
        Operator("semver_gte", _semver(">=", _plain), help="that version or a later one"),
        Operator("semver_lt", _semver("<", _plain), help="an earlier version"),
        Operator("semver_lte", _semver("<=", _plain), help="that version or an earlier one"),
        Operator("semver_tilde", _semver(None, _tilde), help="~1.2.3: from it, below 1.3.0"),
        Operator("semver_caret", _semver(None, _caret), help="^1.2.3: from it, below 2.0.0"),
        Operator("semver_wildcard", _semver(None, _wildcard), help="1.2.*: from 1.2.0, below 1.3.0"),
    )
}


def positive(operator: Operator, p: Sql, asked: Asked) -> Sql:
    """The condition of the operator, or of the one that it is the opposite of."""
    row = OPERATORS[operator.opposite_of] if operator.opposite_of else operator
    assert row.make is not None
    return row.make(p, asked)
