"""Random events and random questions about them, for the comparison with the model."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

# Clock changes of these zones are within the events' days, or their clocks are off by half an hour.
ZONES = {
    "UTC": "2022-03-20",
    "Europe/Berlin": "2022-10-20",
    "America/New_York": "2022-03-05",
    "America/Sao_Paulo": "2018-10-25",
    "Asia/Kolkata": "2022-02-20",
    "Pacific/Chatham": "2022-09-15",
}
DAYS = 25
EVENTS = ("a", 'b\'s \\ "x"', "日本")
TEXTS = ("x", "X", "%", "a_b", "", "5", "007", "1e5", "true", "Ünï", "a.b\\c", "nan", " 7", "2022-01-01T00:00:00Z")
VALUES: tuple[Any, ...] = (
    *TEXTS,
    None,
    True,
    False,
    0,
    5,
    -3,
    2.5,
    1e308,
    1e-7,
    2**53 + 1,
    ["x", 1, None],
    [],
    {"b": {"c": 1}},
    {},
)
NUMBERS: tuple[Any, ...] = (0, 1, -2, 2.5, 10, "7", "0.5", "x", "", None, True, [1])
KEYS = ("k", "we.ird", "q`'\"\\ %s{x:String}")

MATHS = (
    *("total", "dau", "unique_session", "weekly_active", "monthly_active"),
    *("first_time_for_user", "first_matching_event_for_user"),
    *("sum", "avg", "min", "max", "median", "p75", "p90", "p95", "p99"),
    *(f"{name}_count_per_actor" for name in ("avg", "min", "max", "median", "p90", "p99")),
)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[str, list[dict[str, Any]], list[dict[str, Any]]]:
    """A zone, persons and events; moments repeat, so that some events share theirs."""
    zone = draw(st.sampled_from(sorted(ZONES)))
    first = datetime.fromisoformat(ZONES[zone]).replace(tzinfo=UTC)
    properties = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES))
    persons = [
        {"distinct_ids": [f"p{i}", f"p{i}-phone"], "properties": draw(properties)}
        for i in range(draw(st.integers(1, 5)))
    ]
    moments = st.builds(
        lambda halves, micros: first + timedelta(minutes=30 * halves, microseconds=micros),
        st.integers(0, DAYS * 48) | st.sampled_from([0, 48, 49, 480]),
        st.sampled_from([0, 0, 1, 1_799_999_999]),
    )
    events = draw(
        st.lists(
            st.builds(
                lambda name, person, id, at, own, n, session: {
                    "event": name,
                    "distinct_id": persons[person % len(persons)]["distinct_ids"][id],
                    "timestamp": at.isoformat(),
                    "properties": {**own, "n": n, **({"$session_id": session} if session else {})},
                },
                st.sampled_from(EVENTS),
                st.integers(0, 4),
                st.integers(0, 1),
                moments,
                properties,
                st.sampled_from(NUMBERS),
                st.sampled_from(["", "s1", "s2", None]),
            ),
            min_size=5,
            max_size=40,
        )
    )
    return zone, persons, events


def leaves() -> st.SearchStrategy[dict[str, Any]]:
    base = {"key": st.sampled_from(KEYS), "type": st.sampled_from(["event", "event", "person"])}
    texts = st.sampled_from([v for v in VALUES if v is not None and not isinstance(v, list | dict)])
    listed = st.lists(texts | st.none(), max_size=3)
    numbers = st.sampled_from([0, 5, "5", 2.5, -3, 1e307])
    asked = {
        ("exact", "is_not", "icontains", "not_icontains"): texts | listed,
        ("regex", "not_regex"): st.sampled_from(["^x", "[a-z]$", ".", "a.b", "(?i)X", "^$", ["x", "5"]]),
        ("gt", "gte", "lt", "lte"): numbers | st.lists(numbers, max_size=2),
        ("between", "not_between"): st.lists(st.sampled_from([0, "5", 2.5, -3]), min_size=2, max_size=2).map(
            lambda pair: sorted(pair, key=lambda value: float(str(value)))
        ),
        ("is_set", "is_not_set"): st.none(),
    }
    return st.one_of(
        [st.fixed_dictionaries({**base, "operator": st.sampled_from(names), "value": v}) for names, v in asked.items()]
    )


def filters() -> st.SearchStrategy[Any]:
    tree = st.recursive(
        leaves(),
        lambda inner: st.fixed_dictionaries(
            {"type": st.sampled_from(["AND", "OR"]), "values": st.lists(inner, max_size=3)}
        ),
        max_leaves=4,
    )
    return st.lists(leaves(), max_size=2) | tree.filter(lambda t: "values" in t)


@st.composite
def questions(draw: st.DrawFn, zone: str) -> dict[str, Any]:
    first = datetime.fromisoformat(ZONES[zone])
    begin = draw(st.integers(0, DAYS - 2))
    length = draw(st.sampled_from([0, 1, 3, 7, 12]))
    interval = draw(st.sampled_from(["hour", "day", "day", "week", "month"]))
    display = draw(
        st.sampled_from(["ActionsLineGraph"] * 4 + ["ActionsLineGraphCumulative", "ActionsPie", "BoldNumber"])
    )
    breakdown = draw(
        st.none()
        | st.fixed_dictionaries(
            {
                "breakdown": st.sampled_from([*KEYS, "n"]),
                "breakdown_type": st.sampled_from(["event", "person"]),
                "breakdown_limit": st.sampled_from([1, 2, 3, 25]),
            }
        )
    )
    maths = [m for m in MATHS if breakdown is None or not m.startswith(("avg", "median", "p"))]
    one: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
        {
            "kind": st.just("EventsNode"),
            "event": st.sampled_from([*EVENTS, None]),
            "math": st.sampled_from(maths),
            "math_property": st.just("n"),
            "properties": filters() | st.just([]),
        }
    )
    series = draw(st.lists(one, min_size=1, max_size=2))
    formulas = (
        ["A", "(A + 1) * 2", "A / 3 - 1"] if len(series) == 1 else ["A + B", "A / B", "B - 2 * A", "A % B", "A ** B"]
    )
    return {
        "series": series,
        "interval": interval,
        "dateRange": {
            "date_from": f"{(first + timedelta(days=begin)):%Y-%m-%d}",
            "date_to": f"{(first + timedelta(days=begin + length)):%Y-%m-%d} 23:59:59.999999",
        },
        "properties": draw(filters() | st.just([])),
        **({"breakdownFilter": breakdown} if breakdown else {}),
        "trendsFilter": {"display": display, "formula": draw(st.none() | st.sampled_from(formulas))},
        "compareFilter": {"compare": draw(st.booleans())},
    }
