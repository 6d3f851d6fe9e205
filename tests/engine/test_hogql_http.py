"""A statement over HTTP is answered as it is embedded: types, values, names, faults and limits."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from insights_engine.errors import ApiError
from insights_engine.hogql.statements.answer import Table, answer
from insights_engine.hogql.statements.node import parse_node
from insights_engine.project import Project
from insights_engine.results.entry import Entry
from insights_engine.services import Services

from tests.engine.test_clickhouse_http import NOW, both

__all__ = ["both"]
Both = tuple[tuple[Services, Project], ...]

STATEMENTS: dict[str, str] = {
    "rows": "SELECT event, count() AS n, uniq(person_id) FROM events GROUP BY event ORDER BY event",
    "times": "SELECT timestamp, toDate(timestamp), toDateTime('2024-03-31 02:30:00'), toStartOfHour(timestamp), "
    "toTimeZone(timestamp, 'Asia/Tokyo'), now(), [timestamp], (timestamp, 1), toStartOfMonth(timestamp) FROM events "
    "ORDER BY timestamp LIMIT 3",
    "conditions": "SELECT 1 = 1, event = 'buy', toBool('true'), [true, false], true, person.created_at > now() "
    "FROM events ORDER BY timestamp LIMIT 1",
    "missing": "SELECT null, properties.never, toFloat(properties.never), toDateTime('never'), [properties.never], "
    "max(toFloat(properties.never)), any(person.properties.plan) FROM events GROUP BY 1, 2, 3, 4, 5",
    "numbers": "SELECT 1, -1, 1.5, 1e300, 0.1 + 0.2, 9223372036854775807, cityHash64('a'), count(), sum(1), avg(1), "
    "5 / 0, 0 / 0, toFloat('1e400'), intDiv(7, 2), 7 % 3 FROM events",
    "texts": "SELECT '', 'it''s', 'tab\\t line\\n back\\\\ zero\\0', '日本 😀', '{}', upper('ß'), toString(uuid) "
    "FROM events ORDER BY uuid LIMIT 2",
    "lists": "SELECT [1, 2], [], ['a', 'it''s'], [[1], [2, 3]], [(1, 'a')], range(5), "
    "arraySort(groupUniqArray(event)), groupArray(toFloat(properties.price) > 3) FROM events "
    "WHERE properties.price < 9",
    "tuples": "SELECT (1, 'a'), (1, (2, [3])), tuple(null, 1.5), (event, timestamp) FROM events "
    "ORDER BY timestamp LIMIT 2",
    "properties": "SELECT properties, person.properties.plan, properties.`a.b`, properties.a.b, "
    "group_0.properties.`it's`, person_id, group_0.key FROM events WHERE event = 'buy' ORDER BY timestamp LIMIT 4",
    "windows": "SELECT event, row_number() OVER (PARTITION BY event ORDER BY timestamp) AS n, "
    "lag(toFloat(properties.price)) OVER (ORDER BY timestamp) FROM events ORDER BY timestamp LIMIT 5",
    "joins": "SELECT p.properties.plan AS plan, count() FROM events AS e LEFT JOIN persons AS p ON e.person_id = p.id "
    "GROUP BY plan ORDER BY plan",
    "tables": "SELECT 1, * FROM persons ORDER BY id LIMIT 2",
    "groups": "SELECT * FROM groups ORDER BY key",
    "cohorts": "SELECT cohort_id, count() FROM cohort_people GROUP BY cohort_id",
    "sessions": "SELECT session_id FROM sessions",
    "nothing": "SELECT event, timestamp, properties.price, [event], count() AS n FROM events WHERE event = 'never' "
    "GROUP BY ALL",
    "union": "(SELECT 1 AS a UNION ALL SELECT null) ORDER BY a",
    "odd names": "SELECT 1 AS `a b`, 2 AS `it's`, 3 AS `日本`, 4 AS a, 5 AS `A`",
}


def asked(services: Services, project: Project, query: str, **further: Any) -> Table:
    return answer(parse_node({"kind": "HogQLQuery", "query": query, **further}), project, services, NOW)


def as_json(found: Table) -> Any:
    """What a caller gets of the rows."""
    entry = Entry.of(found, interval="minute", started_at=NOW, computed_at=NOW, definitions=0)
    return orjson.loads(entry.result)


@pytest.mark.parametrize("name", STATEMENTS)
def test_the_same_types_and_values(both: Both, name: str) -> None:
    embedded, over_http = (asked(services, project, STATEMENTS[name]) for services, project in both)
    assert over_http.types == embedded.types
    assert over_http.columns == embedded.columns
    # The two have projects of their own, and with them other persons.
    shown, expected = as_json(over_http), as_json(embedded)
    if name not in ("properties", "tables"):
        assert shown == expected
    assert [[type(value) for value in row] for row in shown] == [[type(value) for value in row] for row in expected]
    assert over_http.has_more == embedded.has_more
    # How many depends on how the rows lie; of what is nowhere, perhaps none.
    assert over_http.cost.rows_read > 0 or embedded.cost.rows_read == 0 or not expected


def test_the_statements_have_answers(both: Both) -> None:
    services, project = both[0]
    assert {name for name, query in STATEMENTS.items() if not asked(services, project, query).result} == {
        "nothing",
        "sessions",
    }


def test_times_are_in_the_projects_zone(both: Both) -> None:
    for services, project in both:
        found = asked(services, project, "SELECT now(), toDate(now()), toDateTime('2024-01-01 00:00:00'), [now()]")
        assert as_json(found) == [
            ["2024-03-20T16:30:00+01:00", "2024-03-20", "2024-01-01T00:00:00+01:00", ["2024-03-20T16:30:00+01:00"]]
        ]


def test_values_are_the_same_over_http(both: Both) -> None:
    values = {"text": "it's \\ \n\t\0 日本 {x:String}", "list": ["a", "b'"], "number": 1.5, "none": None, "yes": True}
    query = "SELECT {text}, {list}, {number}, {none}, {yes}, event = {text}, event IN {list} FROM events LIMIT 1"
    embedded, over_http = (asked(services, project, query, values=values) for services, project in both)
    assert as_json(over_http) == as_json(embedded)
    assert as_json(over_http)[0][:5] == [values["text"], values["list"], 1.5, None, True]


FAULTS = [
    "SELECT 1 + (SELECT timestamp FROM events)",
    "SELECT arrayElement([1], 0)",
    "SELECT JSONExtract('{}', 'a', 'Array(Int64)') + [1, 2]",
    "SELECT arrayMap((a, b) -> a + b, [1, 2], [1])",
    "SELECT nothing FROM events",
    "SELECT intDiv(1, 0)",
    "SELECT toDateTime('x', 'Nowhere/Land')",
    "SELECT match(event, '(') FROM events",
]


@pytest.mark.parametrize("query", FAULTS)
def test_a_fault_is_told_in_the_same_words(both: Both, query: str) -> None:
    told = []
    for services, project in both:
        try:
            told.append(as_json(asked(services, project, query)))
        except ApiError as error:
            told.append((error.status, error.attr, error.detail))
    assert told[0] == told[1]


def test_an_answer_that_is_too_large_is_refused_by_both(both: Both) -> None:
    query = "SELECT arrayJoin(range(1000)) AS a, arrayMap(x -> x + a, range(1000)) FROM (SELECT 1 AS one) LIMIT 50000"
    wide = f"SELECT a.*, b.one FROM ({query}) AS a CROSS JOIN (SELECT arrayJoin(range(30)) AS one) AS b LIMIT 50000"
    for services, project in both:
        with pytest.raises(ApiError, match="The answer is larger than it may be") as caught:
            asked(services, project, wide)
        assert caught.value.status == 400
