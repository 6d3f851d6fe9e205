"""How two values compare, whichever kinds they are of."""

from __future__ import annotations

from insights_engine.hogql.checks import like_fault, pattern_fault
from insights_engine.hogql.kinds import WORDS, Mismatch, Typed, coerce
from insights_engine.hogql.lists import alike_lists
from insights_engine.scan import Scan
from insights_engine.sql import Sql

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
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}
_WHOLES = ("a", "y")


def compare(op: str, left: Typed, right: Typed, scan: Scan) -> Typed:
    """Always true or false: NULL equals NULL alone, differs from every value, and is like, above and below none."""
    if "null" in (left.kind, right.kind) and op in ("==", "!="):
        other = right if left.kind == "null" else left
        return Typed(Sql(("isNull" if op == "==" else "isNotNull") + "({x})", x=other.sql), "b", is_nullable=False)
    if op in _BY_VALUE:
        a, b = alike(left, right, scan)
    else:
        a, b = coerce(left, "s", scan), coerce(right, "s", scan)
        if said := like_fault(b.constant) if "like" in op else pattern_fault(b.constant):
            raise Mismatch(said)
    if op in ("==", "!=") and a.is_nullable and b.is_nullable and "a" not in (a.kind, b.kind):
        same = Sql("({a} <=> {b})", a=a.sql, b=b.sql)
        return Typed(same if op == "==" else Sql("(NOT {s})", s=same), "b", is_nullable=False)
    template, of_null = COMPARISONS[op]
    compared = Sql("(" + template + ")", a=a.sql, b=b.sql)
    if a.is_nullable or b.is_nullable:
        compared = Sql("ifNull({c}, " + ("true" if of_null else "false") + ")", c=compared)
    return Typed(compared, "b", is_nullable=False)


def alike(left: Typed, right: Typed, scan: Scan) -> tuple[Typed, Typed]:
    """Both sides of one kind: a property, or text, takes the kind of what it is compared with."""
    if left.kind in _WHOLES or right.kind in _WHOLES:
        return _as_wholes(left, right, scan)
    for one, other in ((left, right), (right, left)):
        changed = _as_other(one, other, scan)
        if changed is not None:
            return (left, changed) if other is right else (changed, right)
        if one.kind == "b" and isinstance(one.constant, bool) and other.kind in ("p", "s"):
            text = Typed(Sql("{v:String}", v="true" if one.constant else "false"), "s", is_nullable=False)
            return (text, other) if one is left else (other, text)
        if one.kind == "b" and other.kind in ("p", "s"):
            read = truth(other, scan)
            return (one, read) if one is left else (read, one)
    return left, right


def truth(typed: Typed, scan: Scan) -> Typed:
    """A text next to a condition. One that is written down and is neither true nor false is the writer's mistake."""
    if not isinstance(typed.constant, str):
        return coerce(typed, "b", scan)
    word = typed.constant.lower()
    if word not in _TRUTHS:
        raise Mismatch(f'"{typed.constant[:50]}" is neither true nor false')
    return Typed(Sql("true" if _TRUTHS[word] else "false"), "b", _TRUTHS[word], is_nullable=False)


def _as_other(one: Typed, other: Typed, scan: Scan) -> Typed | None:
    return compared_as(other, one.kind, scan) if one.kind in ("n", "d") and other.kind in ("p", "s") else None


def compared_as(typed: Typed, kind: str, scan: Scan) -> Typed:
    """As `coerce`, but next to a number any text is read as one; where it is none, they differ."""
    if kind == "n" and typed.kind == "s":
        return Typed(Sql("toFloat64OrNull({x})", x=typed.sql), "n")
    return coerce(typed, kind, scan)


def _as_wholes(left: Typed, right: Typed, scan: Scan) -> tuple[Typed, Typed]:
    """Lists compare with lists, and with properties that hold one; tuples with tuples."""
    kind = "a" if "a" in (left.kind, right.kind) else "y"
    for one in (left, right):
        if one.kind not in (kind, "p", "x", "null") or (one.kind == "p" and kind == "y"):
            raise Mismatch(f"{WORDS[kind]} cannot be compared with {WORDS[one.kind]}")
    if kind == "y":
        return left, right
    return alike_lists([coerce(left, "a", scan), coerce(right, "a", scan)])
