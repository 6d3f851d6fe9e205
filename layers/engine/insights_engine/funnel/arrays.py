"""Arrays with one place an event, in the order of time: what follows, and what comes after. Pure.

A place without a time is NEVER, which is later than any. The last place of each array is one: it is of no event, and
what follows nothing is found there.
"""

from __future__ import annotations

from collections.abc import Iterable

from insights_engine.sql import Sql

NEVER = Sql("4611686018427387904")


def whole(n: int) -> Sql:
    """A number of the statement's own, such as the place of a bit."""
    return Sql(str(int(n)))


def listed(names: Iterable[str | Sql]) -> Sql:
    return Sql.join(", ", (Sql(name) if isinstance(name, str) else name for name in names))


def at_marks(bits: int, values: Sql | str) -> Sql:
    """The values of the events that have one of the bits."""
    mask = whole(bits)
    value = Sql(values) if isinstance(values, str) else values
    return Sql(
        "arrayMap((m, t) -> if(bitAnd(m, {mask}) != 0, t, {never}), marks, {v})", mask=mask, never=NEVER, v=value
    )


def next_or_own(values: Sql) -> Sql:
    """At each place the first value from there on."""
    return Sql("arrayReverseFill(t -> t != {never}, {v})", never=NEVER, v=values)


def ended(values: Sql, end: Sql) -> Sql:
    """With the place that is of no event."""
    return Sql("arrayPushBack({v}, {end})", v=values, end=end)


def next_marked(bits: int, values: Sql | str) -> Sql:
    """At each place the first value from there on of the events that have one of the bits: `next_or_own` of
    `at_marks`, in one step."""
    value = Sql(values) if isinstance(values, str) else values
    return Sql("arrayReverseFill((t, m) -> bitAnd(m, {mask}) != 0, {v}, marks)", mask=whole(bits), v=value)


def later(values: Sql) -> Sql:
    """At each place what is at the next one."""
    return Sql("arrayShiftLeft({v}, 1, {never})", v=values, never=NEVER)


def along(values: Sql, times: Sql) -> Sql:
    """At each place the value that goes with the first time after it."""
    return later(Sql("arrayReverseFill((v, t) -> t != {never}, {v}, {t})", never=NEVER, v=values, t=times))
