"""SQL expressions that users write: what they mean, that every function runs, and what is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from insights_engine.definitions import Definitions
from insights_engine.errors import ValidationError
from insights_engine.hogql import aggregate, condition, text_value
from insights_engine.hogql.failures import reason
from insights_engine.hogql.functions import FUNCTIONS, PARAMETRIC, Function
from insights_engine.hogql.parse import MAX_TOKENS
from insights_engine.project import Project
from insights_engine.scan import Scan
from insights_engine.sql import Sql
from insights_local.stack import Stack

CASES = json.loads((Path(__file__).parents[1] / "cases" / "expressions.json").read_text("utf-8"))
NOW = datetime(2020, 1, 5, 12, tzinfo=UTC)
EVENTS = [
    {
        "event": "buy",
        "distinct_id": "ann",
        "timestamp": "2020-01-01T20:00:00Z",
        "properties": {
            "num": 5,
            "txt": "abc, def",
            "flag": True,
            "o": {"in": "x"},
            "url": "https://a.example/p?q=1#f",
            "list": ["a", "b", {"deep": 7}],
            "a b": 1,
            "at": "2020-02-01T12:00:00",
            "rank": "10",
            "odd": "inf",
            "$session_id": "s1",
            "$referring_domain": "www.google.com",
        },
        "groups": {"company": "acme"},
    },
    {
        "event": "buy",
        "distinct_id": "bob",
        "timestamp": "2020-01-02T01:00:00Z",
        "properties": {"num": "7.5", "rank": "9", "odd": "1", "$session_id": "s1"},
    },
    {"event": "see", "distinct_id": "bob", "timestamp": "2020-01-03T00:00:00Z", "properties": {}},
]
PERSONS = [{"distinct_ids": ["ann"], "properties": {"email": "ann@a.example"}}, {"distinct_ids": ["bob"]}]
GROUPS = [{"type": "company", "key": "acme", "properties": {"size": 12}}]


@pytest.fixture(scope="module")
def run() -> Iterator[Callable[[str], list[Any]]]:
    """Runs a statement over the events above and gives its first row's values."""
    with Stack() as stack:
        project_id = stack.project_id
        stack.load(project_id, persons=PERSONS, groups=GROUPS, events=EVENTS)

        def runner(template: str, make: Callable[[Scan], Sql]) -> list[Any]:
            project = Project(project_id, timezone="Asia/Tokyo", days_timezone="UTC", group_types=("company",))
            scan = Scan(project, Definitions(), NOW)
            made = make(scan)
            statement = Sql(template, x=made, source=scan.from_clause(), mine=scan.is_mine)
            return list(stack.services.clickhouse.read(statement, project_id=project_id).rows)

        yield runner


def count(run: Callable[..., list[Any]], text: str) -> int:
    return int(run("SELECT count() {source} WHERE {mine} AND ({x})", lambda scan: condition(scan, text, "key"))[0][0])


@pytest.mark.parametrize(
    ("text", "matching"),
    CASES["conditions"],
)
def test_condition(run: Callable[..., list[Any]], text: str, matching: int) -> None:
    assert count(run, text) == matching


@pytest.mark.parametrize(
    ("text", "value"),
    CASES["aggregates"],
)
def test_aggregate(run: Callable[..., list[Any]], text: str, value: float) -> None:
    found = run(
        "SELECT toFloat64({x}) {source} WHERE {mine} AND event = 'buy'",
        lambda scan: aggregate(scan, text, "math_hogql"),
    )
    assert found == [(value,)]


SAMPLES = {
    "n": "properties.num",
    "k": "1",
    "s": "properties.txt",
    "t": "properties.txt",
    "c": "','",
    "d": "timestamp",
    "b": "properties.num > 1",
    "a": "['1', '2']",
    "x": "properties.txt",
    "l": "item -> item = '1'",
    "u": "'day'",
    "i": "interval 1 day",
    "m": "1",
    "r": "1",
}
# Functions of which an argument has to be something else.
OTHERS = {
    "formatDateTime": {"c": "'%Y'"},
    "toTimeZone": {"c": "'UTC'"},
    "toDateTime": {"c": "'UTC'"},
    "JSONExtract": {"x": "'String'"},
    "arraySum": {"a": "[1, 2]"},
    "arrayAvg": {"a": "[1, 2]"},
    "replace": {"s": "'x'"},
    "replaceAll": {"s": "'x'"},
    "replaceRegexpAll": {"s": "'x'"},
}


def calls(function: Function) -> Iterator[str]:
    """A call with as few arguments as it takes, and one with the optional ones."""
    least = [kind for kind in function.takes if not kind.endswith(("?", "*"))]
    full = [kind for kind in function.takes if not kind.endswith("*")]
    for kinds in (least,) if least == full or function.name == "formatDateTime" else (least, full):
        samples = SAMPLES | OTHERS.get(function.name, {})
        parameter = "(0.5)" if function.name in PARAMETRIC else ""
        yield f"{function.name}{parameter}({', '.join(samples[kind[0]] for kind in kinds)})"


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_runs(run: Callable[..., list[Any]], name: str) -> None:
    function = FUNCTIONS[name]
    for call in calls(function):
        if function.is_aggregate:
            text = f"length({call})" if function.gives == "a" else call
            run("SELECT {x} {source} WHERE {mine}", lambda scan, text=text: aggregate(scan, text, "math_hogql"))
        else:
            text = f"timestamp + {call}" if function.gives == "i" else call
            run("SELECT {x} {source} WHERE {mine}", lambda scan, text=text: text_value(scan, text, "breakdown"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("(select 1)", "a SELECT is not allowed here (at character 1)"),
        ("1 in (select person_id from events)", "IN takes a list"),
        ("event in (select 1)", "IN takes a list"),
        ("numbers(10)", "the function numbers is not known"),
        ("merge('insights', 'events')", "the function merge is not known"),
        ("file('/etc/passwd')", "the function file is not known"),
        ("url('http://127.0.0.1')", "the function url is not known"),
        ("dictGet('d', 'v', 1)", "the function dictGet is not known"),
        ("joinGet('d', 'v', 1)", "the function joinGet is not known"),
        ("sleep(3)", "the function sleep is not known"),
        ("sleepEachRow(3)", "the function sleepEachRow is not known"),
        ("getSetting('readonly')", "the function getSetting is not known"),
        ("currentUser()", "the function currentUser is not known"),
        ("hostName()", "the function hostName is not known"),
        ("range(1000000000)", "the function range is not known"),
        ("repeat('a', 1000000000)", "the function repeat is not known"),
        ("arrayWithConstant(1000000000, 1)", "the function arrayWithConstant is not known"),
        ("generateUUIDv4()", "the function generateUUIDv4 is not known"),
        ("evalMLMethod(1)", "the function evalMLMethod is not known"),
        ("team_id = 2", "the field team_id is not known"),
        ("project = 2", "the field project is not known"),
        ("system.tables", "the field system.tables is not known"),
        ("events.project", "the field project is not known"),
        ("persons.properties.email", "the field persons.properties.email is not known"),
        ("properties", "the field properties is not known"),
        ("person.properties", "the field person.properties is not known"),
        ("*", "at character 0"),
        ("event; drop table events", "trailing tokens"),
        ("event settings max_threads = 1", "trailing tokens"),
        ("event format JSON", "trailing tokens"),
        ("event union all select 1", "trailing tokens"),
        ("{event}", "a placeholder is not allowed here"),
        ("count() over ()", "a window function is not allowed here"),
        ("sum(properties.num)", "the aggregate sum is not allowed here"),
        ("event in cohort 3", "only person_id is in a cohort"),
        ("sum(properties.num order by timestamp)", "at character"),
        ("arrayMap((x, x) -> x, [1], [2])", "have names of their own"),
        ("arrayMap(x -> y, [1])", "the field y is not known"),
        ("toTimeZone(timestamp, 'Mars')", 'the time zone "Mars" is not known'),
        ("toDateTime('2020-01-01', 'Mars')", 'the time zone "Mars" is not known'),
        ("toStartOfWeek(timestamp, 12)", "a mode of weeks"),
        ("{'a': 1}", "an object is not allowed here (at character 0)"),
        ("columns('a')", "a list of columns is not allowed here"),
        ("1 + (event as x)", "an alias inside an expression is not allowed here (at character 5)"),
        ("event::array(string)", "invalid type cast"),
        ("session.nothing", "session"),
        ("person.nothing", "the field person.nothing is not known"),
        ("group_5.properties.x", "the field group_5.properties.x is not known"),
        ("product.properties.x", "the field product.properties.x is not known"),
        ("dateDiff('dya', timestamp, timestamp)", 'did you mean "day"'),
        ("lenght(event) = 1", 'did you mean "length"'),
        ("event::foo", "the type foo is not known"),
        ("item -> item", "has no value of its own"),
        ("abs(1, 2)", "abs takes 1 arguments, not 2"),
        ("splitByChar(event, event)", "takes a constant text"),
        ("", "at character 0"),
        ("'unclosed", "at character"),
        ("1 +", "at character"),
    ],
)
def test_refused_with_the_place(text: str, said: str) -> None:
    scan = Scan(Project(1), Definitions(), NOW)
    with pytest.raises(ValidationError) as refused:
        condition(scan, text, "properties[0].key")
    assert said in refused.value.detail
    assert refused.value.detail.startswith("properties[0].key: ")
    assert refused.value.attr == "properties__0__key"


READINGS = {"value": text_value, "math": aggregate}


@pytest.mark.parametrize(("reading", "text", "said"), CASES["refused"])
def test_refused_in_words_that_help(reading: str, text: str, said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        READINGS[reading](Scan(Project(1), Definitions(), NOW), text, "series[0].math_hogql")
    assert said in refused.value.detail
    assert "(at character " in refused.value.detail
    assert refused.value.attr == "series__0__math_hogql"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("properties.num", "must stand inside an aggregate"),
        ("sum(sum(properties.num))", "not allowed inside another aggregate"),
        ("1 + 1", "needs an aggregate"),
        ("quantile(2)(properties.num)", "a share from 0 to 1"),
        ("quantile(properties.num)", "takes a parameter"),
        ("sum(1)(properties.num)", "takes no parameter"),
        ("sum(distinct properties.num)", "DISTINCT is for count alone"),
    ],
)
def test_aggregates_refused(text: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said.replace("(", r"\(").replace(")", r"\)")):
        aggregate(Scan(Project(1), Definitions(), NOW), text, "math_hogql")


@pytest.mark.parametrize(
    "text",
    [
        "1" + "+1" * MAX_TOKENS,
        "(" * 5000 + "1" + ")" * 5000,
        "not " * 2000 + "1",
        "[" * 150 + "1" + "]" * 150,
        "abs(" * 100 + "1" + ")" * 100,
        "'" + "a" * 10_000 + "'",
        "1?1:" * 300 + "1",
    ],
)
def test_too_large_to_read(text: str) -> None:
    with pytest.raises(ValidationError):
        condition(Scan(Project(1), Definitions(), NOW), text, "key")


@pytest.mark.parametrize("text", CASES["failing"])
def test_what_clickhouse_finds_wrong_is_said_without_the_statement(run: Callable[..., list[Any]], text: str) -> None:
    with pytest.raises(Exception) as failed:  # the driver's own class, or ours
        count(run, text)
    said = reason(failed.value)
    assert said
    assert not re.search(r"SELECT|FROM|project|bucket|__table|\bp\d|\bx\d|In scope|In query|while |toTimeZone", said)


@pytest.mark.parametrize("week_start_day", [0, 1])
def test_weeks_start_as_the_project_says(week_start_day: int) -> None:
    scan = Scan(Project(1, week_start_day=week_start_day), Definitions(), NOW)
    printed = text_value(scan, "toStartOfWeek(timestamp)", "key").text
    assert f", {week_start_day})" in printed
    assert text_value(scan, "toStartOfWeek(timestamp, 0)", "key").text.count(", 0)") == 1


TOKENS = [
    "event",
    "properties",
    ".",
    "a",
    "(",
    ")",
    ",",
    "'x'",
    "1",
    "+",
    "=",
    "in",
    "and",
    "not",
    "->",
    "[",
    "]",
    "::",
]
TOKENS += [
    "select",
    "from",
    "events",
    "sum",
    "if",
    "null",
    "interval",
    "day",
    "{",
    "}",
    ";",
    "--",
    "/*",
    "settings",
    "`",
]


@given(st.lists(st.sampled_from(TOKENS), max_size=25).map(" ".join) | st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_anything_is_read_or_refused(text: str) -> None:
    scan = Scan(Project(1), Definitions(), NOW)
    try:
        printed = text_value(scan, text, "key")
    except ValidationError:
        return
    assert "select" not in printed.text.lower() or "`" in printed.text
