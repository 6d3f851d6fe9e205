"""What lists hold: which kind their members are of, and what becomes of it in the functions that take or give lists."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from insights_engine.hogql.functions import Function
from insights_engine.hogql.kinds import WORDS, Mismatch, Typed, as_one_type, coerce, member
from insights_engine.scan import Scan
from insights_engine.sql import Sql

# What the members of the list are that a function gives: of a kind, or (-) those of its first list, or (+) of all.
_GIVES = {
    **dict.fromkeys(("arraySlice", "arrayDistinct", "arraySort", "arrayReverse", "arrayCompact"), "-"),
    **dict.fromkeys(("arrayReverseSort", "arrayPopBack", "arrayPopFront", "arrayFilter"), "-"),
    **dict.fromkeys(("arrayConcat", "arrayIntersect", "arrayPushBack", "arrayPushFront"), "-"),
    **dict.fromkeys(("splitByChar", "splitByString", "splitByRegexp", "splitByWhitespace", "alphaTokens"), "s"),
    **dict.fromkeys(("extractAll", "extractURLParameters", "extractURLParameterNames", "URLPathHierarchy"), "s"),
    "JSONExtractArrayRaw": "p",
    "JSONExtractKeys": "s",
    "arrayEnumerate": "n",
}
_OF_ONE = frozenset({"arrayElement", "arrayMin", "arrayMax", "arrayFirst", "arrayLast", "arrayJoin"})
_NEEDS_MEMBERS = frozenset({"arrayElement", "arrayMin", "arrayMax", "arrayFirst", "arrayLast", "arraySum", "arrayAvg"})
_TAKES_MEMBER = frozenset({"has", "indexOf", "countEqual", "arrayPushBack", "arrayPushFront"})
_TAKES_LISTS = frozenset({"hasAny", "hasAll", "arrayConcat", "arrayIntersect"})
# Whose function says which members are meant.
CHOOSES = frozenset(
    {"arrayFilter", "arrayExists", "arrayAll", "arrayCount", "arrayFirst", "arrayLast", "arrayFirstIndex"}
)
_SINGLE = ("n", "b", "s", "d")

# The types that JSONExtract takes: what it prints, and the kind that it gives, of a list's members when it is one.
JSON_TYPES = {
    "String": ("Nullable(String)", "s"),
    "Float": ("Nullable(Float64)", "n"),
    "Float64": ("Nullable(Float64)", "n"),
    "Int": ("Nullable(Int64)", "n"),
    "Int64": ("Nullable(Int64)", "n"),
    "UInt64": ("Nullable(UInt64)", "n"),
    "Bool": ("Nullable(Bool)", "b"),
    "Array(String)": ("Array(String)", "s"),
    "Array(Float64)": ("Array(Float64)", "n"),
    "Array(Int64)": ("Array(Int64)", "n"),
    "Array(UInt64)": ("Array(UInt64)", "n"),
    "Array(Bool)": ("Array(Bool)", "b"),
}


def member_of(typed: Typed) -> Typed:
    """One of a list's. Raises Mismatch when it has none."""
    found = typed.members[0] if typed.kind == "a" and typed.members else member("x", order=typed.order)
    if found.kind == "none":
        raise Mismatch("the list is empty")
    return found


def common(values: list[Typed], scan: Scan) -> tuple[list[Typed], Typed]:
    """Members of a list that is written down, of one kind: a property becomes what the others are."""
    kinds = {v.kind for v in values} - {"null"}
    if "p" in kinds and len(kinds) == 2:
        kind = next(iter(kinds - {"p"}))
        values = [coerce(v, kind, scan) if v.kind == "p" else v for v in values]
        kinds = {kind}
    if len(kinds) > 1 and "x" not in kinds and kinds != {"n", "b"}:
        first, second, *_ = (WORDS[kind] for kind in sorted(kinds))
        raise Mismatch(f"a list has members of one kind, not {first} and {second}")
    one = next((v for v in values if v.kind != "null"), None)
    if one is None:
        return values, member("null" if values else "none")
    kind = one.kind if len(kinds) == 1 else "x"
    if kind == "n":
        values = as_one_type(values, [True] * len(values))
    is_nullable = any(v.is_nullable for v in values)
    held = Typed(Sql(""), kind, is_nullable=is_nullable, order=max(v.order for v in values), members=one.members)
    return values, held


def prepare(function: Function, arguments: list[Typed], scan: Scan) -> list[Typed]:
    """The arguments of a function over lists, so that what is compared or added is of one kind."""
    name = function.name
    if name in _NEEDS_MEMBERS:
        member_of(arguments[-1] if arguments[0].kind == "l" else arguments[0])
    if name in ("arraySum", "arrayAvg"):
        return [_of_numbers(name, arguments[0])]
    if name in _TAKES_MEMBER:
        return list(_with_member(arguments[0], arguments[1], scan))
    if name in _TAKES_LISTS:
        return [*alike_lists(arguments[:2]), *arguments[2:]] if len(arguments) == 2 else arguments
    return arguments


def _of_numbers(name: str, typed: Typed) -> Typed:
    held = member_of(typed).kind
    if held == "p":
        return _as_numbers(typed)
    if held not in ("n", "b", "x"):
        raise Mismatch(f"{name} takes a list of numbers, not of {WORDS[held].removeprefix('a ')}s")
    return typed


def _as_numbers(typed: Typed) -> Typed:
    sql = Sql("arrayMap(v -> toFloat64OrNull(v), {x})", x=typed.sql)
    return replace(typed, sql=sql, members=(Typed(Sql(""), "n", order=member_of(typed).order),))


def _with_member(listed: Typed, value: Typed, scan: Scan) -> tuple[Typed, Typed]:
    held = listed.members[0].kind if listed.members else "x"
    if held in ("p", "s") and value.kind in ("n", "b", "d"):
        return listed, coerce(value, "s", scan)
    if held in ("n", "d") and value.kind in ("p", "s"):
        return listed, coerce(value, held, scan)
    if held in _SINGLE and value.kind in (*_SINGLE, "a", "y") and value.kind != held:
        raise Mismatch(f"the list is of {WORDS[held].removeprefix('a ')}s, and has not {WORDS[value.kind]}")
    return listed, value


def alike_lists(lists: list[Typed]) -> tuple[Typed, Typed]:
    """Two lists whose members can be compared: of a property's list, which are text, the others say what they are."""
    left, right = lists
    kinds = [one.members[0].kind if one.members else "x" for one in lists]
    if sorted(kinds) == ["n", "p"]:
        return (_as_numbers(left), right) if kinds[0] == "p" else (left, _as_numbers(right))
    if kinds[0] != kinds[1] and all(kind in _SINGLE for kind in kinds):
        raise Mismatch(f"lists of {WORDS[kinds[0]][2:]}s and of {WORDS[kinds[1]][2:]}s have nothing in common")
    return left, right


def given(function: Function, arguments: list[Typed], kind: str, order: int) -> tuple[str, tuple[Typed, ...], Any]:
    """Kind of what a function gives, the members of that, and whether it may be NULL where a member tells."""
    name = function.name
    lists = [a for a in arguments if a.kind == "a"]
    if name in _OF_ONE and lists:
        held = member_of(lists[0])
        return held.kind, held.members, held.is_nullable
    if name == "arrayMap":
        body = arguments[0]
        return "a", (Typed(Sql(""), body.members[0].kind, members=body.members[0].members, order=order),), None
    if name == "arrayZip":
        return "a", (replace(member("y"), members=tuple(member_of(a) for a in lists)),), None
    if name == "tuple":
        return "y", tuple(arguments), None
    if name in ("quantiles", "quantilesIf"):
        return "a", (member("n"),), None
    if name == "tupleElement":
        at, parts = arguments[1].constant, arguments[0].members
        one = parts[at - 1] if isinstance(at, int) and 0 < at <= len(parts) else member("x")
        return one.kind, one.members, one.is_nullable
    if name.startswith(("groupArray", "groupUniqArray", "topK")):
        return "a", (replace(arguments[0], sql=Sql(""), constant=None, number=None, is_nullable=False),), None
    gives = _GIVES.get(name)
    if gives == "-":
        return "a", _first_known(lists, arguments[1] if name in _TAKES_MEMBER else None), None
    return kind, (member(gives, order=order),) if gives else (), None


def _first_known(listed: list[Typed], added: Typed | None) -> tuple[Typed, ...]:
    """The members of the first list that has some; what is added to an empty list is then its only one."""
    found = [one.members for one in listed if not one.members or one.members[0].kind != "none"]
    if found:
        return found[0]
    return (replace(added, sql=Sql(""), constant=None, number=None),) if added else listed[0].members


def extracted(arguments: list[Typed]) -> Typed:
    """JSONExtract(text, keys…, 'type')."""
    text, *keys, wanted = arguments
    name = str(wanted.constant).replace(" ", "")
    if name.startswith("Nullable("):
        name = name[9:-1]
    if name not in JSON_TYPES:
        raise Mismatch(f"JSONExtract ends with a type, one of {', '.join(JSON_TYPES)}")
    printed, kind = JSON_TYPES[name]
    is_list = name.startswith("Array(")
    path = Sql("").join("", (Sql(", {k}", k=key.sql) for key in keys))
    template = "JSONExtract(ifNull({t}, ''){keys}, '" if is_list else "JSONExtract({t}{keys}, '"
    sql = Sql(template + printed + "')", t=text.sql, keys=path)
    if is_list:
        return Typed(sql, "a", is_nullable=False, members=(member(kind, order=text.order),))
    return Typed(sql, kind)


def summed(function: Function, typed: Typed) -> Typed:
    """ClickHouse's functions of that name do not take a list that may have NULL in it."""
    return Typed(Sql("arrayReduce('" + function.target[1:] + "', {x})", x=typed.sql), "n")
