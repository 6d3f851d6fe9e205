"""SQL expressions that users write: what they mean, that every function runs, and what is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from insights_engine.definitions import Definitions
from insights_engine.errors import ValidationError
from insights_engine.hogql import aggregate, condition, text_value
from insights_engine.hogql.failures import reason
from insights_engine.hogql.functions import FUNCTIONS, PARAMETRIC, Function
from insights_engine.hogql.printer import MAX_TOKENS
from insights_engine.project import Project
from insights_engine.scan import Scan
from insights_engine.sql import Sql
from insights_local.stack import Stack

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
            "$session_id": "s1",
            "$referring_domain": "www.google.com",
        },
        "groups": {"company": "acme"},
    },
    {
        "event": "buy",
        "distinct_id": "bob",
        "timestamp": "2020-01-02T01:00:00Z",
        "properties": {"num": "7.5", "$session_id": "s1"},
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
    [
        ("event = 'buy'", 2),
        ("event != 'buy'", 1),
        ("properties.num = 5", 1),
        ("properties.num > 5", 1),
        ("properties.num == '5'", 1),
        ("properties.num in (5, 7.5)", 2),
        ("properties.num not in (5)", 1),
        ("properties.num between 5 and 8", 2),
        ("properties.num + 1 = 6", 1),
        ("properties['num'] > 4", 2),
        ("properties.num is null", 1),
        ("properties.num is not null", 2),
        ("properties.missing != 'x'", 3),
        ("properties.flag = true", 1),
        ("properties.flag", 1),
        ("properties.o.in = 'x'", 1),
        ("properties.txt like '%DEF%'", 0),
        ("properties.txt ilike '%DEF%'", 1),
        ("properties.txt =~ '^abc'", 1),
        ("arrayExists(part -> part = 'def', splitByString(', ', properties.txt))", 1),
        ("domain(properties.url) = 'a.example'", 1),
        ("case when properties.num > 6 then 'big' else 'small' end = 'big'", 1),
        ("properties.num > 6 ? true : false", 1),
        ("toFloat(properties.num)::int = 7", 1),
        ("f'{event}!' = 'buy!'", 2),
        ("(properties.num ?? 0) = 0", 1),
        ("multiIf(properties.num > 6, 'big', properties.num > 1, 2, 'none') = '2'", 1),
        ("person.properties.email = 'ann@a.example'", 1),
        ("person.properties.email is null", 2),
        ("group_0.properties.size = 12", 1),
        ("$group_0 = 'acme'", 1),
        ("timestamp >= '2020-01-02 10:00:00'", 2),  # of Tokyo
        ("toDate(timestamp) = '2020-01-02'", 2),
        ("toHour(timestamp) = 5", 1),
        ("timestamp > now() - interval 4 day", 3),
        ("timestamp < today()", 3),
        ("dateDiff('day', timestamp, now()) >= 3", 2),
        ("not (event = 'buy' or event = 'see')", 0),
        ("event = 'buy' -- a comment ends here", 2),
        # A missing property differs from every value, is like none, and is neither above nor below; NULL is NULL.
        ("properties.num != 5", 2),
        ("not (properties.num = 5)", 2),
        ("not (properties.num > 6)", 2),
        ("properties.num < 100 or properties.num >= 100", 2),
        ("properties.txt not like 'abc%'", 2),
        ("properties.txt not ilike 'ABC%'", 2),
        ("properties.txt !~ 'abc'", 2),
        ("properties.txt like '%'", 1),
        ("properties.missing = properties.other", 3),
        ("properties.missing != properties.txt", 1),
        ("properties.num is distinct from 5", 2),
        ("properties.num is not distinct from null", 1),
        ("equals(properties.num, 5) and notEquals(properties.txt, 'x')", 1),
        ("notEquals(properties.missing, 1)", 3),
        ("properties.num in (null, 5)", 1),
        ("properties.num in [5, 6]", 1),
        ("properties.missing in ('x')", 0),
        ("properties.num not between 6 and 8", 1),
        ("not properties.flag", 0),
        ("(properties.flag ?? false) = false", 2),
        ("properties.flag = 'true' and properties.flag != false", 1),
        ("null", 0),
        # Numbers
        ("properties.num = '7.5'", 1),
        ("properties.num = 7.50", 1),
        ("toInt(properties.num) = 7", 1),
        ("toFloat('x') is null", 3),
        ("toInt('-7.9') = -7", 3),
        ("properties.num < inf", 2),
        ("properties.num = nan", 0),
        ("properties.num < 99999999999999999999", 2),
        ("properties.num / 0 > 1", 2),
        ("intDiv(7, 2) = 3 and 7 % 2 = 1 and -7 % 2 = -1", 3),
        ("1 = '1' and '01' != '1' and 1 = '01'", 3),
        # Texts
        ("concat(properties.missing, 'x', 1, true) = 'x1true'", 3),
        ("properties.missing || 'x' = 'x'", 3),
        ("lower(properties.missing) is null", 3),
        ("length(properties.txt) = 8", 1),
        ("ifNull(length(properties.missing), 0) = 0", 3),
        ("trim(both '/' from '/a/') = 'a'", 3),
        ("substring(properties.txt, 1, 3) = 'abc'", 1),
        ("replaceAll(properties.txt, 'abc', 'x') = 'x, def'", 1),
        ("properties.txt in ('abc, def', 'y')", 1),
        ("'it''s' = 'it\\'s'", 3),
        # Objects and lists inside
        ("properties['o'].in = 'x'", 1),
        ("properties['o']['in'] = 'x'", 1),
        ("properties.o?.in = 'x'", 1),
        ("properties.list[2] = 'b'", 1),
        ("properties.list[3].deep = 7", 1),
        ("properties['a b'] = 1", 1),
        ('properties.`a b` = 1 and properties."a b" = 1', 1),
        ("JSONExtractString(properties.o, 'in') = 'x'", 1),
        ("has(properties.list, 'b')", 1),
        # Conditions
        ("case event when 'buy' then 1 when 'see' then 2 else 3 end = 2", 1),
        ("case event when 'buy' then 1 end is null", 1),
        ("if(properties.flag, 'yes', 'no') = 'yes'", 1),
        ("multiIf(properties.missing, 1, properties.flag, 2, 3) = 2", 1),
        ("coalesce(properties.missing, properties.num, 0) = 0", 1),
        ("nullIf(properties.num, 5) is null", 2),
        ("try_cast(properties.txt as int) is null", 3),
        ("cast(properties.num as text) = '5'", 1),
        # Dates
        ("timestamp between '2020-01-02' and '2020-01-02 09:00:00'", 1),
        ("toDateTime(properties.at) > timestamp", 1),
        ("toDate(properties.at) = '2020-02-01'", 1),
        ("toDateTime('2020-01-02 05:00:00') = timestamp", 1),
        ("toDateTime('2020-01-01 20:00:00', 'UTC') = timestamp", 1),
        ("toHour(toTimeZone(timestamp, 'UTC')) = 20", 1),
        ("toStartOfDay(timestamp) = '2020-01-02'", 2),
        ("toStartOfWeek(timestamp) = '2019-12-29' and toStartOfWeek(timestamp, 1) = '2019-12-30'", 3),
        ("date_trunc('month', timestamp) = '2020-01-01'", 3),
        ("toStartOfInterval(timestamp, interval 1 hour) = '2020-01-02 05:00:00'", 1),
        ("formatDateTime(timestamp, '%Y-%m-%d %H') = '2020-01-02 05'", 1),
        ("timestamp + interval 1 day > '2020-01-04'", 1),
        ("toYear(now()) = 2020 and today() = '2020-01-05' and yesterday() = '2020-01-04'", 3),
        # Fields
        ("events.event = 'buy' and e.properties.num = 5", 1),
        ("person.id = person_id", 3),
        ("person.created_at <= timestamp", 3),
        ("company.properties.size = 12 and company.key = 'acme'", 1),
        ("group_0.key = ''", 2),
        ("group_1.properties.size is null", 3),
        ("$session_id = 's1'", 2),
        ("session.$session_duration = 18000", 2),
        ("session.duration > 1 and session.id = 's1'", 2),
        ("session.$channel_type = 'Organic Search'", 2),
        # Lambdas: each variable its own, the inner one in front
        ("arrayMap(x -> arraySum(arrayMap(x -> x * 2, [x, 1])), [1, 2]) = [4, 6]", 3),
        ("arrayMap(x -> arrayMap(y -> arrayMap(x -> x + y, [10]), [x]), [1]) = [[[11]]]", 3),
        ("arrayMap((x, y) -> x + y, [1, 2], [3, 4]) = [4, 6]", 3),
        ("arrayMap(properties -> properties = 'x', ['x']) = [true]", 3),
    ],
)
def test_condition(run: Callable[..., list[Any]], text: str, matching: int) -> None:
    assert count(run, text) == matching


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("count()", 2.0),
        ("sum(properties.num)", 12.5),
        ("avg(properties.num) + 1000", 1006.25),
        ("count(distinct person_id)", 2.0),
        ("countIf(properties.num > 6)", 1.0),
        ("quantile(0.5)(properties.num)", 6.25),
        ("max(properties.num) - min(toFloat(properties.num))", 2.5),
        ("uniqIf(distinct_id, properties.flag = true)", 1.0),
        ("if(count() > 1, 10, 20)", 10.0),
        ("count(*)", 2.0),
        ("count(properties.flag)", 1.0),
        ("count(*) filter (where properties.num > 6)", 1.0),
        ("count(properties.num) filter (where properties.num > 6)", 1.0),
        ("sum(properties.num) filter (where properties.num > 6)", 7.5),
        ("count(distinct properties.num) filter (where properties.num > 6)", 1.0),
        ("count(distinct event, distinct_id)", 2.0),
        ("sumIf(properties.num, properties.flag = true)", 5.0),
        ("avgIf(properties.num, properties.num > 6)", 7.5),
        ("minIf(properties.num, properties.num > 6) - min(properties.num)", 2.5),
        ("median(properties.num)", 6.25),
        ("quantileIf(0.9)(properties.num, true)", 7.25),
        ("uniq(person_id)", 2.0),
        ("uniqExact(properties.missing)", 0.0),
        ("sum(properties.missing) ?? 3", 3.0),
        ("argMax(properties.num, timestamp)", 7.5),
        ("length(groupUniqArray(event))", 1.0),
        ("countIf(properties.flag)", 1.0),
        ("sum(case when properties.num > 6 then 1 else 0 end)", 1.0),
        ("max(timestamp) - min(timestamp) > 0", 1.0),
        ("dateDiff('hour', min(timestamp), max(timestamp))", 5.0),
    ],
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
}
# Functions of which an argument has to be something else.
OTHERS = {
    "formatDateTime": {"c": "'%Y'"},
    "toTimeZone": {"c": "'UTC'"},
    "toDateTime": {"c": "'UTC'"},
    "arraySum": {"a": "[1, 2]"},
    "arrayAvg": {"a": "[1, 2]"},
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
        ("event in cohort 3", "the comparison in cohort is not allowed"),
        ("sum(properties.num order by timestamp)", "at character"),
        ("arrayMap((x, x) -> x, [1], [2])", "have names of their own"),
        ("arrayMap(x -> y, [1])", "the field y is not known"),
        ("toTimeZone(timestamp, 'Mars')", 'the time zone "Mars" is not known'),
        ("toDateTime('2020-01-01', 'Mars')", 'the time zone "Mars" is not known'),
        ("toStartOfWeek(timestamp, 12)", "a mode of weeks"),
        ("{'a': 1}", "an object is not allowed here (at character 0)"),
        ("columns('a')", "a list of columns is not allowed here"),
        ("event as x", "an alias is not allowed here"),
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


@pytest.mark.parametrize(
    "text",
    [
        *("tuple(1, 2)", "[1, 'a'] and 1", "arrayMap(item -> item, 1)", "match(event, '(')", "'x' = [1]"),
        *("timestamp > 'not a date'", "substring(event, 0) = base64Decode('/w==')"),
    ],
)
def test_what_clickhouse_finds_wrong_is_the_callers(run: Callable[..., list[Any]], text: str) -> None:
    with pytest.raises(Exception) as failed:  # the driver's own class, or ours
        count(run, text)
    said = reason(failed.value) or str(failed.value)
    assert "project" not in said
    assert isinstance(failed.value, ValidationError) or reason(failed.value)


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
