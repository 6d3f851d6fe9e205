"""CSV over HTTP: who gets it, in which layout, with how many breakdown values, and what cannot get into a file."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from insights_api.insight_address import INSIGHTS
from insights_engine.kinds import KINDS
from insights_engine.tidy import FORMS
from insights_engine.trend.displays import EXPORT_BREAKDOWN_LIMIT

from tests.api.world import Api, World

RANGE = {"date_from": "2020-01-01", "date_to": "2020-01-02"}
EVENTS = [
    {"event": "a", "distinct_id": "p", "timestamp": "2020-01-01T10:00:00Z", "properties": {"b": "=x", "n": 1}},
    {"event": "a", "distinct_id": "p", "timestamp": "2020-01-02T10:00:00Z", "properties": {"b": "-1", "n": 2.5}},
    {"event": "c", "distinct_id": "p", "timestamp": "2020-01-02T10:05:00Z", "properties": {}},
]
FLAT: dict[str, Any] = {"events": '[{"id": "a"}]', **RANGE}
SERIES = [{"kind": "EventsNode", "event": "a"}]
NODES: dict[str, dict[str, Any]] = {
    "TrendsQuery": {"kind": "TrendsQuery", "series": SERIES, "dateRange": RANGE},
    "LifecycleQuery": {"kind": "LifecycleQuery", "series": SERIES, "dateRange": RANGE},
    "StickinessQuery": {"kind": "StickinessQuery", "series": SERIES, "dateRange": RANGE},
    "PathsQuery": {"kind": "PathsQuery", "dateRange": RANGE, "pathsFilter": {"includeEventTypes": ["custom_event"]}},
    "FunnelsQuery": {"kind": "FunnelsQuery", "series": SERIES * 2, "dateRange": RANGE},
    "RetentionQuery": {
        "kind": "RetentionQuery",
        "dateRange": RANGE,
        "retentionFilter": {"totalIntervals": 2, "targetEntity": {"id": "a"}, "returningEntity": {"id": "a"}},
    },
}
HEADERS = {kind: list(form.columns) for kind, form in FORMS.items()}
# What selects its columns has those, and no others.
NODES["HogQLQuery"] = {
    "kind": "HogQLQuery",
    "query": "SELECT event, properties.b AS b, count() FROM events GROUP BY ALL",
}
NODES["EventsQuery"] = {"kind": "EventsQuery", "select": ["event", "properties.b -- b", "*"], "after": "all"}
HEADERS |= {"HogQLQuery": ["event", "b", "count()"], "EventsQuery": ["event", "properties.b -- b", "*"]}
TIDY = "order,series,custom_name,breakdown,compare,date,weekday,hour,value"
LINES = [TIDY, "0,a,,,,2020-01-01,,,1", "0,a,,,,2020-01-02,,,1"]


@pytest.fixture(scope="module")
def few(world: World) -> Api:
    project = world.new_project()
    world.stack.load(project.project.id, persons=[{"distinct_ids": ["p"], "properties": {"k": "@v"}}], events=EVENTS)
    return world.api(project)


def lines(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return answer.text.removesuffix("\r\n").split("\r\n")


WAYS: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "query.csv", {}),
    ("POST", "query.csv/", {}),
    ("POST", "query?format=csv", {}),
    ("POST", "query?format=csv&layout=tidy", {}),
    ("POST", "query", {"headers": {"accept": "text/csv"}}),
    ("POST", "insights/trend.csv?layout=tidy", {}),
    ("POST", "insights/trend?format=csv&layout=tidy", {}),
]


@pytest.mark.parametrize(("method", "path", "further"), WAYS)
def test_ways_to_ask_for_the_tidy_form(few: Api, method: str, path: str, further: dict[str, Any]) -> None:
    answer = few(method, path, json={"query": NODES["TrendsQuery"]}, **further)
    assert lines(answer) == LINES
    assert 'filename="export (2020-01-01 - 2020-01-02) from PostHog.csv"' in answer.headers["content-disposition"]


@pytest.mark.parametrize(
    ("path", "accept", "is_csv"),
    [
        ("insights/trend.csv", "*/*", True),
        ("insights/trend.csv?format=json", "text/csv", False),
        ("insights/trend.json?format=csv", "application/json", True),
        ("insights/trend.json", "text/csv", False),
        ("insights/trend", "text/csv;q=1", True),
        ("insights/trend", "*/*", False),
        ("insights/trend?format=", "text/csv", True),
    ],
)
def test_the_format_is_what_is_asked_for_first(few: Api, path: str, accept: str, is_csv: bool) -> None:
    """By its parameter, then by the path's ending, then by what is accepted."""
    answer = few("POST", path, json={"query": NODES["TrendsQuery"]}, headers={"Accept": accept})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv" if is_csv else "application/json")


def test_flat_filters_have_it_too(few: Api) -> None:
    assert lines(few("GET", "insights/trend.csv", params={**FLAT, "layout": "tidy"})) == LINES
    statuses = lines(few("GET", "insights/trend.csv", params={**FLAT, "layout": "tidy", "insight": "LIFECYCLE"}))
    assert statuses[0] == "series,custom_name,status,date,value"
    retained = lines(few("GET", "insights/retention.csv", params={"layout": "tidy", "total_intervals": 1}))
    assert retained[0] == "cohort,date,breakdown,size,period,count,percentage,value"


def test_the_older_forms_are_what_is_given_otherwise(few: Api) -> None:
    for layout in ({}, {"layout": "wide"}):
        assert lines(few("GET", "insights/trend.csv", params={**FLAT, **layout}))[0] == "series,1-Jan-2020,2-Jan-2020"
        assert lines(few("GET", "insights/retention.csv", params=layout))[0].startswith("cohort,date,size,Day 0,")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrap", [False, True])
def test_every_kind_of_node_has_it(few: Api, kind: str, wrap: bool) -> None:
    node = {"kind": "InsightVizNode", "source": NODES[kind]} if wrap else NODES[kind]
    found = list(csv.reader(lines(few("POST", "query.csv", json={"query": node}))))
    assert found[0] == HEADERS[kind]
    assert {len(line) for line in found} == {len(found[0])}
    assert len(found) > 1


def test_a_statement_is_written_as_it_is_answered(few: Api) -> None:
    query = (
        "SELECT event, max(toFloat(properties.n)) AS n, any(properties.b) AS b, max(timestamp) AS last, "
        "groupArray(timestamp) AS at, 1 = 1 AS is FROM events GROUP BY event ORDER BY event"
    )
    answer = few("POST", "query.csv?export_name=My events", json={"query": {"kind": "HogQLQuery", "query": query}})
    assert list(csv.reader(lines(answer))) == [
        ["event", "n", "b", "last", "at", "is"],
        ["a", "2.5", "'=x", "2020-01-02T10:00:00Z", '["2020-01-01T10:00:00Z","2020-01-02T10:00:00Z"]', "1"],
        ["c", "", "", "2020-01-02T10:05:00Z", '["2020-01-02T10:05:00Z"]', "1"],
    ]
    assert 'filename="my-events from PostHog.csv"' in answer.headers["content-disposition"]


SELECTS = [
    ({"kind": "HogQLQuery", "query": "SELECT number FROM (SELECT arrayJoin(range(300)) AS number)"}, 300),
    ({"kind": "HogQLQuery", "query": "SELECT arrayJoin(range(300)) AS number LIMIT 7"}, 7),
    ({"kind": "HogQLQuery", "query": "SELECT 1 AS a UNION ALL SELECT arrayJoin(range(300)) -- all"}, 301),
    ({"kind": "EventsQuery", "select": ["arrayJoin(range(200))"], "after": "all"}, 600),
    ({"kind": "EventsQuery", "select": ["arrayJoin(range(200))"], "after": "all", "limit": 8}, 8),
]


@pytest.mark.parametrize(("node", "rows"), SELECTS)
def test_a_file_has_all_rows_unless_a_limit_is_named(few: Api, node: dict[str, Any], rows: int) -> None:
    assert len(lines(few("POST", "query.csv", json={"query": node}))) == 1 + rows
    shown = few("POST", "query", json={"query": node}).json()
    assert (len(shown["results"]), shown["hasMore"]) == (min(rows, 100), True)


def test_all_kinds_that_are_answered_have_their_columns() -> None:
    """A kind that is new needs a row in insights_engine/tidy.py."""
    assert KINDS.keys() <= FORMS.keys()
    assert set(INSIGHTS.values()) <= KINDS.keys()


def test_an_insight_of_another_endpoint_has_no_wide_form(few: Api) -> None:
    answer = few("POST", "insights/trend.csv", json={"query": NODES["RetentionQuery"]})
    assert lines(answer)[0] == ",".join(FORMS["RetentionQuery"].columns)
    refused = few("POST", "insights/trend.csv?layout=wide", json={"query": NODES["RetentionQuery"]})
    assert (refused.status_code, refused.json()["attr"]) == (400, "layout")


def test_people_are_lines_and_what_is_said_of_them_columns(few: Api) -> None:
    source = {"kind": "InsightActorsQuery", "source": NODES["RetentionQuery"]}
    header, person = csv.reader(lines(few("POST", "query.csv", json={"query": source})))
    found = dict(zip(header, person, strict=True))
    assert (found["person.properties.k"], found["appearances"]) == ("'@v", "[0,1]")
    nobody = {**source, "source": {**NODES["RetentionQuery"], "dateRange": {"date_to": "2019-01-01"}}}
    assert lines(few("POST", "query.csv", json={"query": nobody})) == ["person,appearances"]


REFUSED: list[tuple[str, str, str, str]] = [
    ("POST", "query?format=xml", "format", 'format "xml" is not known; known are: json, csv'),
    ("POST", "query?format=cvs", "format", 'format "cvs" is not known; did you mean "csv"?'),
    ("POST", "query.csv?layout=wide", "layout", 'layout "wide" is not known; did you mean "tidy"?'),
    ("POST", "query.csv?layout=tydi", "layout", 'layout "tydi" is not known; did you mean "tidy"?'),
    ("GET", "insights/trend?format=xml", "format", 'format "xml"'),
    ("GET", "insights/trend.csv?layout=wild", "layout", 'layout "wild" is not known; did you mean "wide"?'),
    ("GET", "insights/trend?layout=tid", "layout", 'layout "tid" is not known; did you mean "tidy"?'),
    ("GET", "insights/retention.csv?layout=narrow", "layout", 'layout "narrow" is not known; known are: wide, tidy'),
    ("GET", "insights/retention?format=xml", "format", 'format "xml"'),
    ("GET", "actions?format=xml", "format", 'format "xml"'),
]


@pytest.mark.parametrize(("method", "path", "attr", "said"), REFUSED)
def test_what_is_not_known_is_refused(few: Api, method: str, path: str, attr: str, said: str) -> None:
    body = {"json": {"query": NODES["TrendsQuery"]}} if method == "POST" else {}
    answer = few(method, path, **body)
    assert (answer.status_code, answer.json()["attr"]) == (400, attr)
    assert said in answer.json()["detail"]


def test_a_faulty_node_is_refused_as_ever(few: Api) -> None:
    for query in (5, {"kind": "Odd"}, {**NODES["TrendsQuery"], "x": 1}, {"kind": ["TrendsQuery"]}):
        as_json, as_csv = (few("POST", path, json={"query": query}) for path in ("query", "query.csv"))
        assert (as_csv.status_code, as_csv.json()) == (400, as_json.json())


IDS = [
    ("test123", "test123"),
    ("a\r\nb,c", "a%0D%0Ab%2Cc"),
    ("x/../y?z=\u2028", "x%2F..%2Fy%3Fz%3D%E2%80%A8"),
    ("\x00\x1b\x85", "%00%1B%C2%85"),
]


@pytest.mark.parametrize(("asked", "shown"), IDS)
def test_the_first_line_is_an_address_and_one_line(few: Api, asked: str, shown: str) -> None:
    found = lines(few("GET", "insights/trend.csv", params={**FLAT, "export_insight_id": asked}))
    assert found == [f"http://testserver/insights/{shown}/", "series,1-Jan-2020,2-Jan-2020", "a,1,1"]


WIDE: dict[str, tuple[dict[str, Any], list[str]]] = {
    "formula": ({"formula": "A * 2"}, ["series,1-Jan-2020,2-Jan-2020", "Formula (A * 2),2.0,2.0"]),
    "sum": (
        {"events": '[{"id": "a", "math": "sum", "math_property": "n"}]'},
        ["series,1-Jan-2020,2-Jan-2020", "a,1,2.5"],
    ),
    "lifecycle": (
        {"insight": "LIFECYCLE"},
        [
            *("series,1-Jan-2020,2-Jan-2020", "a - new,1,0", "a - returning,0,1", "a - resurrecting,0,0"),
            "a - dormant,0,0",
        ],
    ),
    "lifecycle of a custom name": (
        {"insight": "LIFECYCLE", "events": '[{"id": "a", "custom_name": "A"}]'},
        ["series,1-Jan-2020,2-Jan-2020", "A - new,1,0", "A - returning,0,1", "A - resurrecting,0,0", "A - dormant,0,0"],
    ),
    "stickiness": ({"insight": "STICKINESS"}, ["series,1 day,2 days", "a,0,1"]),
    "compare": (
        {"compare": "true", "date_from": "2020-01-02"},
        ["series,2-Jan-2020", "a,1", "a,1"],
    ),
    "total": ({"display": "BoldNumber"}, ["series", "a"]),
    "formula of a total": ({"display": "BoldNumber", "formula": "A"}, ["series", "Formula (A)"]),
    "breakdown": (
        {"breakdown": "b"},
        ["series,1-Jan-2020,2-Jan-2020", "'-1,0,1", "'=x,1,0"],
    ),
    "no series": ({"events": "[]"}, ["series"]),
}


@pytest.mark.parametrize("name", WIDE)
def test_the_wide_form(few: Api, name: str) -> None:
    further, expected = WIDE[name]
    assert lines(few("GET", "insights/trend.csv", params={**FLAT, **further})) == expected


def test_people_of_a_cohort_run_nothing(few: Api) -> None:
    leaf = {"key": "k", "type": "person", "value": "@v", "operator": "exact"}
    filters = {"properties": {"type": "AND", "values": [leaf]}}
    cohort = few("POST", "cohorts", json={"name": "c", "filters": filters}).json()["id"]
    assert "'@v" in lines(few("GET", f"cohorts/{cohort}/persons.csv"))[1]


@pytest.fixture(scope="module")
def many(world: World) -> Iterator[Api]:
    """Six hundred values of `one`; thirty of `page`, which are long, over the last days."""
    project = world.new_project()
    start = datetime.now(UTC) - timedelta(days=2)
    events = [
        {
            "event": "seen",
            "distinct_id": f"p{i % 9}",
            "timestamp": (start + timedelta(minutes=i)).isoformat(),
            "properties": {"one": f"v{i:03}", "page": f"/{i % 30:03}{'x' * 300}"},
        }
        for i in range(600)
    ]
    world.stack.load(project.project.id, events=events)
    yield world.api(project)


BROKEN_DOWN: dict[str, Any] = {"events": '[{"id": "seen"}]', "breakdown": "one", "date_from": "-7d"}
LIMITS = [({}, EXPORT_BREAKDOWN_LIMIT + 1), ({"breakdown_limit": "3"}, 4), ({"breakdown_limit": "1000"}, 600)]


@pytest.mark.parametrize(("further", "rows"), LIMITS)
def test_a_file_has_more_values_than_a_picture(many: Api, further: dict[str, str], rows: int) -> None:
    assert len(lines(many("GET", "insights/trend.csv", params={**BROKEN_DOWN, **further}))) == 1 + rows
    by = {"breakdown": "one", "breakdown_type": "event"} | {name: int(value) for name, value in further.items()}
    node = {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "seen"}], "breakdownFilter": by}
    total = {**node, "trendsFilter": {"display": "ActionsTable"}}
    assert len(lines(many("POST", "query.csv", json={"query": total}))) == 1 + rows


def test_and_the_usual_ones_where_more_would_not_fit(many: Api) -> None:
    hourly = {**BROKEN_DOWN, "breakdown": "page", "interval": "hour"}
    assert len(lines(many("GET", "insights/trend.csv", params={**hourly, "date_from": "-20d"}))) == 1 + 30
    assert len(lines(many("GET", "insights/trend.csv", params={**hourly, "date_from": "-115d"}))) == 1 + 26
    refused = many("GET", "insights/trend.csv", params={**hourly, "date_from": "-115d", "breakdown_limit": "512"})
    assert (refused.status_code, refused.json()["attr"]) == (400, "interval")


def test_what_is_long_is_the_same_in_pieces_and_compressed(many: Api) -> None:
    asked = {**BROKEN_DOWN, "breakdown": "page", "interval": "hour", "layout": "tidy", "date_from": "-20d"}
    plain = many("GET", "insights/trend.csv", params=asked, headers={"accept-encoding": "identity"})
    packed = many("GET", "insights/trend.csv", params=asked, headers={"accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert lines(plain) == lines(packed)
    rows = list(csv.reader(lines(plain)))
    assert len(plain.content) > 3_000_000
    assert sum(int(row[-1]) for row in rows[1:]) == 600


def test_what_no_function_can_send_is_said(many: Api) -> None:
    asked = {**BROKEN_DOWN, "breakdown": "page", "interval": "hour", "layout": "tidy", "date_from": "-60d"}
    answer = many("GET", "insights/trend.csv", params=asked, headers={"accept-encoding": "identity"})
    assert answer.status_code == 400
    assert "larger than 6 MB" in answer.json()["detail"]
    assert "content-disposition" not in answer.headers
    assert len(lines(many("GET", "insights/trend.csv", params=asked, headers={"accept-encoding": "gzip"}))) > 40_000
