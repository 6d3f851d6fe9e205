"""The SQL type: what is bound stays bound, what is spliced keeps its parameters, no name leaves its quotes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from insights_engine.services import Services
from insights_engine.sql import FALSE, TRUE, Sql, both, either, identifier, negate, number

from tests.engine.asking import Asker, data, event, rows, series
from tests.engine.conftest import NewAsker

LAYERS = Path(__file__).parents[2] / "layers"
# What JSON can carry; a name with NUL is refused before it comes here.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)
tricky = st.sampled_from(
    ["`", "\\", "'", '"', "%", "%s", "%(x)s", "{p0:String}", "a.b", "a%2Eb", "--", "/*", "\n", "$", "^a", ":x"]
)

# A fragment and the text that it stands for once its values are in place.
leaf = st.one_of(
    st.sampled_from(["a", "1 + 1", "f(x)"]).map(lambda t: (Sql(t), t)),
    st.integers(0, 3).map(lambda v: (Sql("{v:UInt8}", v=v), f"<{v!r}:UInt8>")),
    st.sampled_from(["x", "{p0:UInt8}", "'"]).map(lambda v: (Sql("{v:String}", v=v), f"<{v!r}:String>")),
    st.booleans().map(lambda v: (Sql("{v:UInt8}", v=v), f"<{v!r}:UInt8>")),
)


def joined(pairs: list[tuple[Sql, str]]) -> tuple[Sql, str]:
    return Sql.join(" AND ", [sql for sql, _ in pairs]), " AND ".join(text for _, text in pairs)


trees = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(joined),
        st.tuples(inner, inner).map(lambda p: (Sql("({a}, {b})", a=p[0][0], b=p[1][0]), f"({p[0][1]}, {p[1][1]})")),
        inner.map(lambda p: (Sql("{x} + {x} + {n:UInt8}", x=p[0], n=1), f"{p[1]} + {p[1]} + <1:UInt8>")),
    ),
    max_leaves=12,
)


def with_values(sql: Sql) -> str:
    return re.sub(r"\{(p\d+):(\w+)\}", lambda hole: f"<{sql.params[hole[1]]!r}:{hole[2]}>", sql.text)


@given(trees)
def test_rendering_and_putting_values_in_is_writing_them_there(tree: tuple[Sql, str]) -> None:
    sql, text = tree
    assert with_values(sql) == text
    assert set(re.findall(r"\{(p\d+):", sql.text)) == set(sql.params)


def test_equal_values_of_one_type_share_a_parameter() -> None:
    sql = Sql("{a:UInt8} {b:UInt8} {c:String} {d:UInt8} {e:Bool}", a=1, b=1, c="1", d=2, e=True)
    assert sql.text == "{p0:UInt8} {p0:UInt8} {p1:String} {p2:UInt8} {p3:Bool}"
    assert sql.params == {"p0": 1, "p1": "1", "p2": 2, "p3": True}


def test_a_value_without_a_type_is_refused() -> None:
    with pytest.raises(TypeError, match="has no type"):
        Sql("event = {name}", name="'; DROP TABLE events")


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        (both(), "true"),
        (both(TRUE, TRUE), "true"),
        (both(TRUE, Sql("a")), "a"),
        (both(Sql("a OR b"), Sql("c")), "(a OR b) AND (c)"),
        (either(), "false"),
        (either(Sql("a"), TRUE), "true"),
        (either(Sql("a")), "a"),
        (either(Sql("a"), Sql("b")), "(a) OR (b)"),
        (negate(TRUE), "false"),
        (negate(FALSE), "true"),
        (negate(Sql("a OR b")), "NOT (a OR b)"),
    ],
)
def test_conditions_combine(sql: Sql, text: str) -> None:
    assert sql.text == text
    assert sql == Sql(text)
    assert hash(sql) == hash(Sql(text))


@settings(max_examples=25, deadline=None)
@given(st.lists(texts | tricky, min_size=1, max_size=30))
def test_any_text_is_bound_as_it_is(services: Services, values: list[str]) -> None:
    columns = Sql.join(", ", [Sql("{v:String}", v=value) for value in values])
    ((*one, many),) = services.clickhouse.admin_read(Sql("SELECT {c}, {all:Array(String)}", c=columns, all=values)).rows
    assert one == values
    assert many == values


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=30))
def test_any_number_is_bound_as_it_is(services: Services, values: list[float]) -> None:
    columns = Sql.join(", ", [Sql("{v:Float64}", v=value) for value in values])
    ((*found,),) = services.clickhouse.admin_read(Sql("SELECT {c}", c=columns)).rows
    assert found == values


@settings(max_examples=8, deadline=None)
@given(st.lists(names | tricky, min_size=1, max_size=12, unique=True))
def test_a_property_of_any_name_is_stored_and_found(new_asker: NewAsker, names: list[str]) -> None:
    # ClickHouse writes a dot in a name as %2E: a name with that very text is the same one.
    names = list({name.replace("%2E", "."): name for name in names}.values())
    asker = new_asker().load([event(**{name: f"value {i}"}) for i, name in enumerate(names)])
    dates = {"date_from": "2020-01-02", "date_to": "2020-01-02"}
    for i, name in enumerate(names):
        filters = [{"key": name, "value": f"value {i}", "operator": "exact", "type": "event"}]
        assert data(asker.node(series=[series()], dateRange=dates, properties=filters)) == [1], name
        found = asker.node(series=[series()], dateRange=dates, breakdownFilter={"breakdown": name})
        assert rows(found)[0] == (f"value {i}", [1]), name


def test_a_quoted_name_is_nothing_but_a_name(services: Services) -> None:
    name = "x`, (SELECT 1) AS `y\\"
    answer = services.clickhouse.admin_read(Sql("SELECT 1 AS {n}", n=identifier(name)))
    assert answer.columns == (name,)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("5", 5), ("-2.5", -2.5), ("1e3", 1000), ("1e308", 1e308)],
        *[(text, None) for text in ("", "x", "5 apples", "nan", "inf", "-inf", "1e999", "true", "[1]", None)],
    ],
)
def test_a_text_is_a_number_or_is_none(services: Services, text: str | None, value: float | None) -> None:
    sql = Sql("SELECT {n}", n=number(Sql("{t:Nullable(String)}", t=text)))
    assert services.clickhouse.admin_read(sql).rows[0][0] == value


ATTACK = "'; DROP TABLE events; --` \\' {p0:String} UNION ALL SELECT 1"


@pytest.mark.parametrize(
    "filters",
    [
        {"events": [{"id": ATTACK}]},
        {"events": [{"id": "e", "math": "sum", "math_property": ATTACK}]},
        {"properties": [{"key": ATTACK, "value": "x"}]},
        {"properties": [{"key": "k", "value": ATTACK}]},
        {"properties": [{"key": "k", "value": [ATTACK, "x"], "operator": "not_icontains", "type": "person"}]},
        {"properties": [{"key": ATTACK, "value": ATTACK, "type": "group", "group_type_index": 0}]},
        {"breakdown": ATTACK},
        {"breakdown": ATTACK, "breakdown_type": "person", "breakdown_normalize_url": True},
        {"breakdowns": [{"property": ATTACK}, {"property": ATTACK, "histogram_bin_count": 3}]},
    ],
)
def test_nothing_that_is_asked_is_part_of_the_text(asker: Asker, filters: dict[str, Any]) -> None:
    asker.load([event(k="v")])
    asker.legacy(**{"events": [{"id": "e"}], **filters})
    assert data(asker.legacy(events=[{"id": "e"}], date_from="2020-01-02", date_to="2020-01-02")) == [1]


def test_no_statement_is_put_together_from_values() -> None:
    """Of what a question becomes; ingest and the stores have statements of their own words."""
    found = [
        f"{path.relative_to(LAYERS)}: {line.strip()}"
        for path in LAYERS.rglob("*.py")
        if not {"ingest", "queue", "store"} & set(path.parts)
        for line in path.read_text("utf-8").splitlines()
        if re.search(r"""\bf["'][^"']*\b(SELECT|WHERE|INSERT|JOIN)\b""", line)
    ]
    assert not found
