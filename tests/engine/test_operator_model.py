"""Every operator x value type x what has the property: the engine keeps what the plain model keeps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from insights_engine.operators import OPERATORS

from tests.engine.asking import NOW, Asker, rows
from tests.engine.conftest import NewAsker
from tests.engine.models.chance import not_the_simplest
from tests.engine.models.operators import OPPOSITES, TESTS, Place, holds
from tests.examples import examples

RULES = ((r"/\d+", "/:id"), ("[?].*", ""))
PLACE = Place(NOW, ZoneInfo("America/New_York"), RULES)
SETTINGS: dict[str, Any] = {
    "timezone": PLACE.zone.key,
    "path_cleaning_filters": [{"regex": regex, "alias": alias} for regex, alias in RULES],
}
# The property's name, by what has it. A session has what its first event had.
KEYS = {"event": "x", "person": "x", "group": "x", "session": "$entry_current_url"}

TEXTS = (
    *("", " ", "x", "X", "straße", "Ünï", "ÜNÏ", "日本", "😀 a", "a%b", "a_b", "a\\b", "'\"`", "{x:String}", "a\nb"),
    *("5", "5.0", "007", "+5", ".5", "5.", " 5", "5 ", "1e3", "1e400", "-1e400", "nan", "0x10", "1_0", "true", "null"),
    *("1.2.3", "v1.2.3", "1.10.0", "1.2", "1", "0.2.3", "0.0.3", " v2.0.0-beta", "x1.2.3", "1.2.3.4"),
    *("2020-01-02", "2020-01-02T10:00:00Z", "2020-01-02 10:00:00", "2020-01-02T12:00:00.5+02:00", "2019-12-28"),
    *("1577959200", "1577959200123", "/users/17", "/users/17?tab=1", "/users/:id", "/users/17/posts"),
)
NUMBERS = (0, 5, -3, 17, 2.5, 0.1, -0.5, 1e308, -1e308, 1e-7, 2**53 + 1, -(2**63), 2**64 - 1)
OTHERS: tuple[Any, ...] = (None, True, False, [], ["x", 1, None, True], ["x", ["y"]], {}, {"b": {"c": "x"}}, {"a": 2.5})
HELD: tuple[Any, ...] = (*TEXTS, *NUMBERS, *OTHERS)
quick = settings(
    max_examples=examples(2, 50),
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)

plain = st.sampled_from([v for v in HELD if v is not None and not isinstance(v, dict)])
odd = st.text(st.sampled_from("aAéÉßжЖ日😀 %_\\'\"\n0.5-"), max_size=4)
listed = st.lists(plain | odd | st.none(), max_size=3)
numbers = st.sampled_from([0, 5, "5", "-3", 2.5, 1e307, "1e400", 2**53, -0.0]) | st.floats(-20, 20)
versions = st.sampled_from(["1.2.3", "v1.2", "1", "0.2.3", "0.0.3", "0", "1.2.3-rc1", "2.0.0", "1.10"])
dates = st.sampled_from(["2020-01-02", "2020-01-02T10:00:00Z", "2020-01-02 10:00:00", "-2d", "-24h", "-1w"])
WANTED: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(
        ("exact", "is_not", "in", "not_in", "icontains", "not_icontains", "starts_with", "ends_with"),
        plain | odd | listed,
    ),
    **dict.fromkeys(
        ("regex", "not_regex"),
        st.lists(
            st.sampled_from(["^x", "[a-z]$", ".", "a.b", "(?i)ünï", "^$", "\\d{2,}", "日|5", "(?s)a.b"]), max_size=2
        ),
    ),
    **dict.fromkeys(
        ("gt", "gte", "lt", "lte", "min", "max"),
        numbers | st.lists(numbers | dates.filter(lambda d: d[0] != "-"), max_size=2),
    ),
    **dict.fromkeys(
        ("between", "not_between"),
        st.lists(numbers, min_size=2, max_size=2).map(lambda p: sorted(p, key=lambda v: float(str(v)))),
    ),
    **dict.fromkeys(("is_set", "is_not_set"), st.none() | plain),
    **dict.fromkeys(("is_date_exact", "is_date_before", "is_date_after"), dates | st.lists(dates, max_size=2)),
    **dict.fromkeys(
        (name for name in OPERATORS if name.startswith("semver_")), versions | st.lists(versions, max_size=2)
    ),
    "semver_wildcard": st.sampled_from(["1.2.*", "1.*", "1.2.3", "0.*", "0.0.*"]),
    "is_cleaned_path_exact": st.sampled_from(["/users/:id", "/users/99", "/users/1?x", "x", ""]) | listed,
}


def load(asker: Asker, held: Iterable[Any]) -> Asker:
    """A person, event, group and session for each value; who has nothing has no group and no session either."""
    events, persons, groups = [], [], []
    for name, value in enumerate(held):
        has = {} if value is ... else {"x": value}
        url = {} if value is ... else {"$current_url": value, "$session_id": f"s{name}"}
        persons.append({"distinct_ids": [f"{name}"], "properties": has})
        groups.append({"type": "company", "key": f"{name}", "properties": has})
        events.append(
            {
                "event": "e",
                "distinct_id": f"{name}",
                "timestamp": "2020-01-02T15:00:00Z",
                "properties": has | url,
                "groups": {} if value is ... else {"company": f"{name}"},
            }
        )
    return asker.load(events, persons=persons, groups=groups)


def kept(asker: Asker, kind: str, operator: str, value: Any) -> set[int]:
    leaf = {"key": KEYS[kind], "operator": operator, "value": value, "type": kind, "group_type_index": 0}
    found = asker.node(
        series=[{"kind": "EventsNode", "event": "e"}],
        properties=[leaf],
        breakdownFilter={"breakdown": "distinct_id", "breakdown_type": "event_metadata", "breakdown_limit": 1000},
        dateRange={"date_from": "2020-01-01"},
    )
    return {int(name) for name, _ in rows(found)}


def compare(asker: Asker, held: Iterable[Any], kind: str, operator: str, value: Any) -> None:
    wanted = {i for i, v in enumerate(held) if holds(operator, value, None if v is ... else v, PLACE)}
    found, values = kept(asker, kind, operator, value), list(held)
    assert found == wanted, {
        "asked": (kind, operator, value),
        "too many": [values[i] for i in found - wanted],
        "missing": [values[i] for i in wanted - found],
    }


@pytest.fixture(scope="module")
def holders(new_asker: NewAsker) -> Asker:
    return load(new_asker(**SETTINGS), [*HELD, ...])


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("operator", OPERATORS)
@quick
@given(data=st.data())
def test_an_operator_keeps_what_the_model_keeps(holders: Asker, operator: str, kind: str, data: st.DataObject) -> None:
    compare(holders, [*HELD, ...], kind, operator, data.draw(not_the_simplest(WANTED[operator]), label="value"))


@quick
@given(
    held=not_the_simplest(
        st.lists(
            plain | odd | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**64 - 1),
            min_size=5,
            max_size=20,
        )
    ),
    data=st.data(),
)
def test_of_random_values_too(new_asker: NewAsker, held: list[Any], data: st.DataObject) -> None:
    asker = load(new_asker(**SETTINGS), held)
    for operator in data.draw(st.lists(st.sampled_from(sorted(OPERATORS)), min_size=8, max_size=8), label="operators"):
        compare(asker, held, data.draw(st.sampled_from(sorted(KEYS))), operator, data.draw(WANTED[operator]))


def test_the_model_knows_every_operator() -> None:
    assert set(TESTS) | set(OPPOSITES) == set(OPERATORS) == set(WANTED)
