"""SQL expressions against their own safety: what would read, write or hang is refused, or ends in a small answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from insights_engine.definitions import Definitions
from insights_engine.errors import ApiError, ValidationError
from insights_engine.hogql import aggregate, condition, text_value
from insights_engine.hogql.failures import reason
from insights_engine.hogql.functions import AGGREGATES, SCALARS, Function
from insights_engine.project import Project
from insights_engine.scan import Scan
from insights_engine.services import Services
from insights_engine.settings import Settings
from insights_engine.sql import Sql
from insights_engine.stickiness.answer import answer as stickiness
from insights_engine.stickiness.node import parse_node as parse_stickiness
from insights_engine.trend.answer import answer as trend
from insights_engine.trend.node import parse_node as parse_trend

from tests.engine.asking import Asker
from tests.engine.conftest import NewProject, Workplace

NOW = datetime(2024, 3, 5, 12, tzinfo=UTC)
DAYS = {"date_from": "2024-03-01", "date_to": "2024-03-04"}
LONG = " ".join(f"word{i}" for i in range(300))
# What a place answers with: a status, and how many rows.
Outcome = tuple[int, int]


def project_of(place: Workplace) -> Project:
    return Project.from_item(place.item())


@pytest.fixture(scope="module")
def place(new_project: NewProject) -> Workplace:
    """Texts of some kilobytes, and a second project that has a secret."""
    other = new_project(days_timezone="UTC")
    load(other, [{"secret": "hunter2"}])
    place = new_project(days_timezone="UTC")
    load(place, [{"t": f"{i} {LONG}", "n": i, "a b": "x", "b\\c": "x", "q`": "x"} for i in range(300)])
    return place


def load(place: Workplace, properties: list[dict[str, Any]]) -> None:
    Asker(place.services, place.id, NOW).load(
        {"event": "e", "distinct_id": f"p{i % 7}", "timestamp": f"2024-03-0{1 + i % 4}T10:00:00Z", "properties": one}
        for i, one in enumerate(properties)
    )


@pytest.fixture(scope="module")
def narrow(services: Services) -> Services:
    """The same database under limits that are reached soon."""
    limits = {"QUERY_SECONDS": "5", "QUERY_MEMORY_BYTES": "300000000"}
    known = {name.upper(): str(getattr(services.settings, name)) for name in ("policies_table", "results_table")}
    dsn = services.settings.clickhouse_dsn
    return Services(Settings.read({"CLICKHOUSE_DSN": dsn, **known, **limits}))


def series(**further: Any) -> dict[str, Any]:
    return {"kind": "EventsNode", "event": "e", **further}


def trend_node(**further: Any) -> dict[str, Any]:
    return {"kind": "TrendsQuery", "series": [series()], "dateRange": DAYS, **further}


def leaf(text: str) -> list[dict[str, Any]]:
    return [{"type": "hogql", "key": text}]


# Every place of a query that takes an expression: how it is asked there, and the field that errors name.
PLACES: dict[str, tuple[Callable[[str], dict[str, Any]], str]] = {
    "filter": (lambda t: trend_node(properties=leaf(t)), "properties__0"),
    "filter of a series": (lambda t: trend_node(series=[series(properties=leaf(t))]), "series__0__properties__0"),
    "filter in a group": (
        lambda t: trend_node(properties={"type": "OR", "values": leaf(t)}),
        "properties__values__0",
    ),
    "breakdown": (
        lambda t: trend_node(breakdownFilter={"breakdown": t, "breakdown_type": "hogql"}),
        "breakdownFilter__breakdown",
    ),
    "breakdowns": (
        lambda t: trend_node(breakdownFilter={"breakdowns": [{"property": t, "type": "hogql"}]}),
        "breakdownFilter__breakdowns__0",
    ),
    "math": (lambda t: trend_node(series=[series(math="hogql", math_hogql=t)]), "series__0__math_hogql"),
    "actor": (
        lambda t: {
            "kind": "StickinessQuery",
            "series": [series(math="hogql", math_hogql=t)],
            "dateRange": DAYS,
        },
        "series__0__math_hogql",
    ),
}


def ask(project: Project, services: Services, node: dict[str, Any]) -> Outcome:
    if node["kind"] == "StickinessQuery":
        return 200, len(stickiness(parse_stickiness(node), project, services, NOW).result)
    return 200, len(trend(parse_trend(node), project, services, NOW).result)


# What would read a table, the server or the clock, write, sleep, or make much of little; and what is no expression.
READS: list[str] = json.loads((Path(__file__).parents[1] / "cases" / "expressions_attacks.json").read_text("utf-8"))[
    "reads"
]


@pytest.mark.parametrize("text", READS)
def test_nothing_is_read(text: str) -> None:
    """In each of the three readings; the place is told by a character, and what ClickHouse has is never named."""
    scan = Scan(Project(1), Definitions(), NOW)
    for read in (condition, text_value, aggregate):
        with pytest.raises(ValidationError) as refused:
            read(scan, text, "properties[0]")
        assert refused.value.attr == "properties__0"
        assert refused.value.detail.startswith("properties[0]: ")
        assert "(at character " in refused.value.detail or "cannot be read" in refused.value.detail


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("text", ["(select 1)", "event; drop table events", "sleep(3)", "properties.t = '"])
def test_every_place_refuses_and_says_where(place: Workplace, name: str, text: str) -> None:
    make, attr = PLACES[name]
    with pytest.raises(ValidationError) as refused:
        ask(project_of(place), place.services, make(text))
    assert (refused.value.status, refused.value.attr) == (400, attr)
    assert "(at character " in refused.value.detail


@pytest.mark.parametrize("text", ["(select 1)", "sleep(3)"])
def test_what_a_query_refers_to_refuses_as_well(place: Workplace, text: str) -> None:
    asker = Asker(place.services, place.id, NOW)
    asker.define("action", 5, name="A", steps=[{"event": "e", "properties": leaf(text)}])
    asker.define("cohort", 5, name="C", filters={"properties": {"type": "AND", "values": leaf("true")}})
    node = trend_node(series=[{"kind": "ActionsNode", "id": 5}])
    with pytest.raises(ValidationError, match="steps") as refused:
        ask(project_of(place), place.services, node)
    assert "(at character " in refused.value.detail
    with pytest.raises(ValidationError, match='"hogql" is not known'):
        ask(project_of(place), place.services, trend_node(properties=[{"type": "cohort", "key": "id", "value": 5}]))
    asker.change(test_account_filters=leaf(text))
    with pytest.raises(ValidationError, match="test_account_filters"):
        ask(project_of(place), place.services, trend_node(filterTestAccounts=True))
    asker.change(test_account_filters=[])


@pytest.mark.parametrize(
    ("text", "matching"),
    [
        ("properties.`a b` = 'x'", 300),
        ("properties['b\\\\c'] = 'x'", 300),
        ("properties.`b\\\\c` = 'x'", 300),
        ("properties['q`'] = 'x'", 300),
        ("properties['q` or 1=1 --'] is null", 300),
        ("properties['{n:String}'] is null and '{n}' != '' and event != '%s %(n)s'", 300),
        ("event = '\\' or 1=1 --'", 0),
        ("event = 'e\\0'", 300),
        ("event = 'e' -- ; drop table events", 300),
        ("event = /* ' */ 'e'", 300),
        ("properties['\\0'] is null", 300),
        ("properties.n > -99999999999999999999999 and properties.n < 1e308", 300),
    ],
)
def test_odd_names_and_texts_are_what_they_are(place: Workplace, text: str, matching: int) -> None:
    scan = Scan(project_of(place), Definitions(), NOW)
    where = condition(scan, text, "key")
    statement = Sql("SELECT count() {s} WHERE {mine} AND ({x})", s=scan.from_clause(), mine=scan.is_mine, x=where)
    assert place.services.clickhouse.read(statement, project_id=place.id).rows[0][0] == matching


def nested(text: str, start: str, times: int) -> str:
    for _ in range(times):
        start = text.replace("@", start)
    return start


# Refused before anything is asked: what lengthens a value, nested.
GROWS = [
    nested("replaceAll(@, 'a', 'aa')", "'a'", 40),
    nested("replaceRegexpAll(@, '.', 'aaaaaaaaaa')", "event", 10),
    nested("arrayMap(x -> concat(x, x), @)", "['a']", 25),
    nested("arrayMap(x -> arrayConcat(x, x), @)", "[[1]]", 25),
    nested("arrayMap(x -> f'{x}{x}{x}', @)", "splitByChar(' ', properties.t)", 15),
    nested("arrayMap(x -> [x, x], @)", "[1]", 25),
    nested("arrayMap(x -> (x, x), @)", "[1]", 25),
    nested("encodeURLComponent(@)", "properties.t", 30),
    nested("base64Encode(@)", "properties.t", 40),
    nested("replaceAll(@, '', 'aaaaaaaaaa')", "event", 10),
    nested("case @ when 1 then 2 end", "1", 20),
    nested("case @ when 1 then 2 when 2 then 3 when 3 then 4 end", "1", 12),
]


@pytest.mark.parametrize("text", GROWS, ids=lambda text: text[:40])
def test_what_makes_much_of_little_is_refused(text: str) -> None:
    scan = Scan(Project(1), Definitions(), NOW)
    with pytest.raises(ValidationError, match=r"times as long|too large|longer than"):
        text_value(scan, f"length({text})", "key")


# Each ends in rows, or at one of ClickHouse's limits.
BOMBS = {
    "math": [
        "length(groupArray(properties.t))",
        "length(arrayStringConcat(groupArray(properties.t), properties.t))",
        "length(toString(groupUniqArray(properties.t)))",
        "arrayCount(x -> arrayExists(y -> x = y, groupArray(properties.t)), groupArray(properties.t))",
        "max(length(replaceRegexpAll(properties.t, '', 'aaaaaaaaaaaaaaaaaaaa')))",
        "sum(pow(10, pow(10, 10)))",
        "sum(exp(properties.n * 1e10)) - sum(exp(properties.n * 1e10))",
        "quantile(0.5)(pow(properties.n, 1000))",
        "uniq(properties.t, event, timestamp, person_id, uuid)",
        "sum(length(splitByChar(' ', properties.t)))",
        "count() / 0",
    ],
    "breakdown": [
        "properties.t",
        "concat(properties.t, properties.t, properties.t, toString(splitByChar(' ', properties.t)))",
        "replaceAll(replaceAll(properties.t, 'w', properties.t), 'o', properties.t)",
        "arrayCount(a -> arrayCount(b -> arrayCount(c -> a != b and b != c, splitByChar(' ', properties.t)), "
        "splitByChar(' ', properties.t)), splitByChar(' ', properties.t))",
        "arrayCount(a -> arrayCount(b -> a = b, splitByChar(' ', properties.t)), splitByChar(' ', properties.t))",
        "arrayMap(a -> arrayMap(b -> concat(a, b), splitByChar(' ', properties.t)), splitByChar(' ', properties.t))",
        "length(replaceRegexpAll(properties.t, '((a*)*)*|(w|o|r|d)+', 'x'))",
        "match(properties.t, '(x+x+)+y')",
        "match(properties.t, '((((w{1,100}){1,100}){1,100}){1,100})')",
        f"match(properties.t, '{'|'.join(f'w{i}' for i in range(900))}')",
        "properties.t like '%a%b%c%d%e%f%g%h%i%j%k%'",
        "toDateTime(1e300)",
        "addYears(timestamp, 1e18)",
        "toStartOfInterval(timestamp, toIntervalSecond(0))",
        "substring(properties.t, 2, 1)",
        "toString(pow(10, 400))",
        "9223372036854775807 + 1",
        "intDiv(-9223372036854775807 - 1, -1)",
        "[1, 2][99999999999]",
        "arraySlice([1], -9223372036854775807, 9223372036854775807)",
    ],
    "filter": [
        nested("(@ or event = 'x')", "event = 'e'", 50),
        nested("(@ != properties.t)", "properties.t", 50),
        nested("(@ = properties.n)", "properties.t", 50),
        nested("if(@ != properties.n, properties.t, properties.n)", "properties.t", 25),
        " or ".join(f"event = '{i}'" for i in range(90)),
        f"event in ({', '.join(str(i) for i in range(190))})",
        f"arrayExists(x -> {' or '.join(f'x = {i}' for i in range(60))}, splitByChar(' ', properties.t))",
    ],
}


@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, texts in BOMBS.items() for text in texts], ids=lambda text: text[:50]
)
def test_a_bomb_ends_at_a_limit(place: Workplace, narrow: Services, name: str, text: str) -> None:
    make, _ = PLACES[name]
    try:
        status, rows = ask(project_of(place), narrow, make(text))
    except ApiError as error:
        status, rows = error.status, 0
        assert "word1" not in error.detail
    assert status in (200, 400, 503, 504, 512)
    assert rows <= 26
    # Whatever it was, the next question is answered.
    assert ask(project_of(place), narrow, trend_node()) == (200, 1)


def test_memory_that_runs_out_is_said(place: Workplace, services: Services) -> None:
    dsn = {"CLICKHOUSE_DSN": services.settings.clickhouse_dsn, "POLICIES_TABLE": services.settings.policies_table}
    small = Services(Settings.read({**dsn, "QUERY_MEMORY_BYTES": "5000000"}))
    text = "length(arrayStringConcat(groupArray(concat(properties.t, properties.t, properties.t)), ','))"
    with pytest.raises(ApiError) as refused:
        ask(project_of(place), small, PLACES["math"][0](text))
    assert (refused.value.status, refused.value.type) == (512, "server_error")


@pytest.mark.parametrize(
    "text", [text for texts in BOMBS.values() for text in texts if len(text) < 5000], ids=lambda text: text[:50]
)
def test_what_is_printed_is_no_longer_than_a_few_times_what_was_written(text: str) -> None:
    scan = Scan(Project(1), Definitions(), NOW)
    read = aggregate if text in BOMBS["math"] else text_value
    try:
        printed = read(scan, text, "key")
    except ValidationError:
        return
    assert len(printed.text) <= 40 * len(text) + 200


@pytest.mark.parametrize(
    "inner",
    [
        "SELECT groupArray(toString(properties)) FROM events WHERE project = {b:UInt32}",
        "SELECT groupArray(toString(properties)) FROM events",
        "WITH stolen AS (SELECT properties FROM events) SELECT groupArray(toString(properties)) FROM stolen",
    ],
)
def test_behind_the_walk_the_connection_still_sees_one_project(place: Workplace, inner: str) -> None:
    """What the walk would have to let through first: a statement that names another project."""
    b = place.id - 1
    assert place.rows(f"SELECT 1 FROM events WHERE project = {b} AND toString(properties.secret) = 'hunter2'")
    statement = Sql("SELECT ({inner}) AS found FROM events LIMIT 1", inner=Sql(inner, b=b))
    found = str(place.services.clickhouse.read(statement, project_id=place.id).rows)
    assert "hunter2" not in found
    counted = Sql("SELECT count() FROM events WHERE project = {b:UInt32}", b=b)
    assert place.services.clickhouse.read(counted, project_id=place.id).rows[0][0] == 0


LEAVES = {
    "n": ["properties.n", "1", "-1", "0", "1e308", "inf", "nan", "99999999999999999999", "9223372036854775807"],
    "k": ["1", "0", "-1", "9223372036854775807", "properties.n"],
    "s": ["properties.t", "'abc'", "''", "event", "'%'", "'('", "properties.missing", "base64Decode('/w==')"],
    "t": ["properties.t", "''"],
    "c": ["','", "''", "'('", "'UTC'", "'%Y'"],
    "d": ["timestamp", "today()", "'2024-03-01'", "toDateTime(1e30)", "toDate('2150-01-01')", "person.created_at"],
    "b": ["true", "event = 'x'", "null", "properties.n > 3"],
    "a": ["['1', '2']", "[1, 2]", "[]", "[null]", "[[1]]", "(1, 'a')", "[timestamp]", "properties.t"],
    "x": ["properties.t", "1", "null", "timestamp", "true", "[1]", "(1, 2)", "properties.n"],
    "l": ["i -> i", "i -> i = '1'", "(i, j) -> i", "i -> [i]"],
    "u": ["'day'", "'year'"],
    "m": ["1", "0"],
    "r": ["2", "-1", "99", "properties.n"],
    "i": ["interval 1 day", "toIntervalMonth(properties.n)", "toIntervalYear(100000)"],
}
OPERATORS = ("=", "!=", "<", "+", "-", "*", "/", "%", "and", "like", "not like", "=~", "??", "||", "in")


@st.composite
def expressions(draw: st.DrawFn, kind: str = "x", depth: int = 3) -> str:
    """Of known functions with arguments that are mostly, but not always, of the kinds that they take."""
    if depth == 0 or kind in "clumr" or draw(st.integers(0, 3)) == 0:
        return draw(st.sampled_from(LEAVES[kind] if kind in "cluimr" else [*LEAVES[kind], *LEAVES["x"]]))
    if draw(st.integers(0, 4)) == 0:
        left, right = (draw(expressions(draw(st.sampled_from("nsda")), depth - 1)) for _ in range(2))
        return f"({left} {draw(st.sampled_from(OPERATORS))} ({right}))"
    gives = {"t": "s", "k": "n"}.get(kind, kind)
    wanted = [f for f in SCALARS.values() if kind == "x" or f.gives[0] in (gives, "=", "x")]
    return draw(calls(draw(st.sampled_from(wanted)), depth))


@st.composite
def calls(draw: st.DrawFn, function: Function, depth: int) -> str:
    kinds = [kind[0] for kind in function.takes if not kind.endswith(("?", "*")) or draw(st.booleans())]
    parameter = "(0.5)" if function.name in ("quantile", "quantileIf") else ""
    return f"{function.name}{parameter}({', '.join(draw(expressions(kind, depth - 1)) for kind in kinds)})"


@given(text=expressions() | st.sampled_from(sorted(AGGREGATES)).flatmap(lambda name: calls(AGGREGATES[name], 3)))
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_known_functions_are_made_into_is_answered_or_the_callers_fault(
    place: Workplace, narrow: Services, text: str
) -> None:
    scan = Scan(project_of(place), Definitions(), NOW)
    is_aggregate = any(text.startswith((f"{name}(", f"{name}(0.5)(")) for name in AGGREGATES)
    try:
        made = (aggregate if is_aggregate else text_value)(scan, text, "key")
        statement = Sql("SELECT {x} {s} WHERE {mine}", x=made, s=scan.from_clause(), mine=scan.is_mine)
        narrow.clickhouse.read(statement, project_id=place.id)
    except ApiError as error:
        assert error.status in (400, 504, 512)
    except Exception as error:  # the driver's own class
        assert reason(error), text
