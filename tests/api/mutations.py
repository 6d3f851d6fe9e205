"""Arbitrary and nearly valid values: random JSON, and valid JSON with one to three places changed."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_from_bytes

from hypothesis import strategies as st

HUGE = int("9" * 400)

# What has broken servers before; each may stand in the place of any value.
NASTY: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 5, 2**31, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, HUGE, 1.5, -0.0, 1e308, 5e-324),
    *("", " ", "\0", "a\0b", "\ud800", "\u202e", "\U0001f600", "é" * 600, "x" * 20_000, "%", "_%\\", "\\", "\n", "$"),
    *("'; DROP TABLE events; --", "{x:String}", "{}", "`", "'", '"', "now()", "../../etc/passwd", "@current", "all"),
    *("0", "-1", "9" * 5000, "1e999", "Infinity", "NaN", "nan", "-inf", "²", "٣", "true", "undefined", "null", "phc_x"),
    *("0001-01-01", "9999-12-31", "2026-02-30", "2026-13-01T25:61:61Z", "-99999999y", "-1mStart", "24h", "2026-03-08"),
    *("(", "(?P<", "[[:x:]]", "a{99999}", "A/0", "A**B**A", "((((A))))", "AND", "OR", "event", "person", "cohort"),
    *("hogql", "group", "session", "element", "regex", "exact", "between", "semver_gt", "is_date_before", "p99", "dau"),
    *([], [[]], [None], [0, 1], ["a", 1, None, True, {}], {}, {"a": {}}, {"type": "AND", "values": []}, [{}]),
    *({"key": "a", "value": "b", "operator": "exact", "type": "event"}, {"$ref": "#"}, {"__proto__": 1}, {"": ""}),
)

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-5, 40)
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(NASTY)
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=12), inner, max_size=5),
    max_leaves=12,
)


def dumped(value: Any) -> bytes:
    """With NaN, infinities and lone surrogates, which JSON does not have but clients send."""
    return json.dumps(value).encode()


@st.composite
def deep(draw: st.DrawFn) -> Any:
    """Nested tens to thousands of levels."""
    value: Any = draw(scalars)
    levels, as_list = draw(st.sampled_from((5, 20, 60, 300, 900))), draw(st.booleans())
    for _ in range(levels):
        value = [value] if as_list else {"values": value, "type": "AND"}
    return value


@st.composite
def mutated(draw: st.DrawFn, valid: Any) -> Any:
    """`valid` with one to three places replaced, taken out, doubled, renamed or pushed deeper."""
    value = copy.deepcopy(valid)
    for _ in range(draw(st.sampled_from((1, 1, 1, 2, 3)))):
        holder = {"root": value}
        places = list(_places(holder))
        at, key = draw(st.sampled_from(places))
        _change(draw, at, key)
        value = holder.get("root", {})
    return value


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every holder and key below it."""
    inner: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield value, key
        yield from _places(one)


def _change(draw: st.DrawFn, holder: Any, key: Any) -> None:
    how = draw(
        st.sampled_from(("nasty", "nasty", "nasty", "random", "remove", "double", "deeper", "rename", "as_text"))
    )
    old = holder[key]
    if how == "nasty":
        holder[key] = copy.deepcopy(draw(st.sampled_from(NASTY)))
    elif how == "random":
        holder[key] = draw(anything)
    elif how == "remove":
        del holder[key]
    elif how == "double":
        times = draw(st.sampled_from((1, 2, 30)))
        holder[key] = [*old, *old * times] if isinstance(old, list) else [old] * (times + 1)
    elif how == "deeper":
        holder[key] = (
            draw(st.sampled_from(({"values": old}, [old], [[old]], {"query": old}, {key: old})))
            if draw(st.booleans())
            else draw(deep())
        )
    elif how == "rename" and isinstance(holder, dict):
        holder[draw(st.text(max_size=10))] = holder.pop(key)
    else:
        holder[key] = json.dumps(old)


def quoted(value: str | bytes) -> str:
    """As it stands in a path or a query string."""
    return quote_from_bytes(value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value, safe="")
