"""Saved insights that are statements: alone, on dashboards, by a link, with what readers want otherwise."""

from __future__ import annotations

import json
from typing import Any

import pytest
from insights_acl.models import StoredProject

from tests.api.boards import Office, error, made, read
from tests.api.test_results import complete
from tests.api.world import World

STATEMENT = {
    "kind": "HogQLQuery",
    "query": "SELECT distinct_id, count() AS n, {variables.word} AS word FROM events WHERE {filters} "
    "GROUP BY distinct_id ORDER BY distinct_id",
    "variables": {"w": {"variableId": "w", "code_name": "word", "value": "hello"}},
}
CHART = {
    "kind": "DataVisualizationNode",
    "source": STATEMENT,
    "display": "ActionsBar",
    "tableSettings": {"columns": []},
}
TABLE = {"kind": "DataTableNode", "source": STATEMENT}
EVENTS = {
    "kind": "EventsQuery",
    "select": ["event", "properties.plan"],
    "after": "all",
    "orderBy": ["timestamp", "distinct_id"],
}
ROWS = [["ada", 2, "hello"], ["bob", 2, "hello"]]
SAVED = [CHART, TABLE, STATEMENT]
FREE = [{"key": "plan", "value": "free", "operator": "exact", "type": "event"}]


@pytest.fixture(scope="module")
def office(world: World) -> Office:
    office = Office(world, world.new_project())
    office.load()
    return office


def shown(office: Office, insight: dict[str, Any], **query: Any) -> dict[str, Any]:
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in query.items()}
    return read(office.api()("GET", f"insights/{insight['id']}", params=texts))


@pytest.mark.parametrize("query", SAVED)
def test_it_is_kept_as_it_came_and_answered(office: Office, query: dict[str, Any]) -> None:
    insight = office.insight(query=query)
    assert (insight["query"], insight["filters"], insight["result"]) == (query, {}, None)
    found = shown(office, insight)
    assert (found["result"], found["columns"], found["hasMore"]) == (ROWS, ["distinct_id", "n", "word"], False)
    assert [name for name, _ in found["types"]] == found["columns"]
    assert "'hello'" in found["hogql"]
    assert "project" in found["clickhouse"]
    again = shown(office, insight)
    assert (again["result"], again["columns"], again["is_cached"]) == (ROWS, found["columns"], True)
    assert not shown(office, insight, refresh="force_blocking")["is_cached"]


def test_rows_of_events_are_an_insight_too(office: Office) -> None:
    insight = office.insight(query={"kind": "DataTableNode", "source": EVENTS, "full": True})
    found = shown(office, insight)
    assert found["result"] == [["$pageview", plan] for plan in ("pro", "pro", "free", "free")]
    assert found["columns"] == EVENTS["select"]
    narrowed = {"date_from": "2026-03-02", "date_to": "2026-03-03", "properties": FREE}
    assert shown(office, insight, filters_override=narrowed)["result"] == [["$pageview", "free"]]


DERIVED = [
    (CHART, f"SQL: {STATEMENT['query']}"),
    (STATEMENT | {"query": "SELECT 1\n  -- one\n, 2"}, "SQL: SELECT 1 -- one , 2"),
    (STATEMENT | {"name": "Who came"}, "SQL: Who came"),
    (EVENTS, "List of all events"),
    (EVENTS | {"event": "$pageview"}, "List of Pageview"),
]


@pytest.mark.parametrize(("query", "name"), DERIVED)
def test_what_nobody_named_is_called_by_its_text(office: Office, query: dict[str, Any], name: str) -> None:
    assert made(office.api()("POST", "insights", json={"query": query}))["derived_name"] == name


def test_it_is_computed_in_the_background(office: Office, eventually: Any) -> None:
    insight = office.insight(query=STATEMENT | {"query": "SELECT count(), 'behind' FROM events"})
    pending = shown_pending(office, insight)
    status = eventually(lambda: complete(office.api(), pending["query_status"]["id"]))
    assert status["error"] is False
    found = shown(office, insight, refresh="force_cache")
    assert (found["result"], found["is_cached"]) == ([[4, "behind"]], True)


def shown_pending(office: Office, insight: dict[str, Any]) -> dict[str, Any]:
    answer = office.api()("GET", f"insights/{insight['id']}", params={"refresh": "force_async"})
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


OVERRIDES: list[tuple[dict[str, Any], list[list[Any]]]] = [
    ({"filters_override": {"date_from": "2026-03-02", "date_to": "2026-03-03"}}, [["ada", 1], ["bob", 1]]),
    ({"filters_override": {"properties": FREE}}, [["bob", 2]]),
    ({"filters_override": {"properties": FREE}, "tile_filters_override": {"date_to": "2026-03-01"}}, [["ada", 1]]),
    ({"filters_override": {"breakdown_filter": {"breakdown": "plan"}}}, [["ada", 2], ["bob", 2]]),
]


@pytest.mark.parametrize(("overrides", "rows"), OVERRIDES)
def test_a_readers_filters_stand_where_the_statement_says(
    office: Office, overrides: dict[str, Any], rows: list[list[Any]]
) -> None:
    found = shown(office, office.insight(query=CHART), **overrides)
    assert found["result"] == [[*row, "hello"] for row in rows]
    assert found["query"]["display"] == "ActionsBar"


def test_a_readers_filters_are_added_to_the_statements_own(office: Office) -> None:
    own = {"dateRange": {"date_from": "2026-03-02"}, "properties": FREE}
    insight = office.insight(query=TABLE | {"source": STATEMENT | {"filters": own}})
    assert shown(office, insight)["result"] == [["bob", 2, "hello"]]
    assert shown(office, insight, filters_override={"date_to": "2026-03-02"})["result"] == [["bob", 1, "hello"]]


WORDS: list[tuple[dict[str, Any], Any]] = [
    ({"w": {"value": "bye"}}, "bye"),
    ({"other": {"code_name": "word", "value": "by name"}}, "by name"),
    ({"w": {"value": "x", "isNull": True}}, None),
    ({"nothing": {"code_name": "of this", "value": 3}}, "hello"),
]


@pytest.mark.parametrize(("variables", "word"), WORDS)
def test_a_readers_variables(office: Office, variables: dict[str, Any], word: Any) -> None:
    found = shown(office, office.insight(query=CHART), variables_override=variables)
    assert [row[2] for row in found["result"]] == [word, word]


@pytest.mark.parametrize(
    ("variables", "attr"),
    [
        ("[1]", "variables_override"),
        ('{"w": 3}', "variables_override__w"),
        ('{"w": {}}', "variables_override__w__value"),
    ],
)
def test_variables_that_are_none_are_said(office: Office, variables: str, attr: str) -> None:
    insight = office.insight(query=CHART)
    answer = office.api()("GET", f"insights/{insight['id']}", params={"variables_override": variables})
    assert error(answer)[:2] == (400, attr)


@pytest.mark.parametrize(
    "variables", [{"w": 5}, {"w": {}}, {"w": {"code_name": "word"}}, {"": {"value": 1}}, {"w": None}]
)
def test_what_a_dashboard_does_not_say_stays(office: Office, variables: dict[str, Any]) -> None:
    board = office.dashboard(variables=variables)
    office.insight(query=CHART, dashboards=[board["id"]])
    (tile,) = read(office.api()("GET", f"dashboards/{board['id']}"))["tiles"]
    assert tile["insight"]["result"] == ROWS


def test_a_dashboard_has_its_own_filters_and_variables(office: Office) -> None:
    board = office.dashboard(
        filters={"properties": FREE}, variables={"w": {"variableId": "w", "code_name": "word", "value": "board"}}
    )
    charts = [office.insight(query=query, dashboards=[board["id"]]) for query in (CHART, EVENTS)]
    tiles = read(office.api()("GET", f"dashboards/{board['id']}"))["tiles"]
    results = [tile["insight"]["result"] for tile in tiles]
    assert results == [[["bob", 2, "board"]], [["$pageview", "free"]] * 2]
    assert tiles[0]["insight"]["columns"][:2] == ["distinct_id", "n"]
    placed = shown(office, charts[0], from_dashboard=str(board["id"]))
    assert placed["result"] == [["bob", 2, "board"]]
    otherwise = {"variables_override": {"w": {"value": "mine"}}, "from_dashboard": str(board["id"])}
    assert shown(office, charts[0], **otherwise)["result"] == [["bob", 2, "mine"]]


REFUSED = [
    (CHART | {"source": STATEMENT | {"query": "SELECT"}}, "query: SELECT must list at least one expression"),
    (CHART | {"source": {"kind": "HogQLQuery"}}, "query.source.query"),
    (STATEMENT | {"query": "INSERT INTO events VALUES (1)"}, "only SELECT is answered, not INSERT"),
    (EVENTS | {"select": ["event +"]}, "select[0]"),
]


@pytest.mark.parametrize(("query", "words"), REFUSED)
def test_what_could_never_be_answered_is_not_saved(office: Office, query: dict[str, Any], words: str) -> None:
    answer = office.api()("POST", "insights", json={"query": query})
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")
    assert words in answer.json()["detail"]


def test_what_cannot_be_answered_is_said_when_it_is_read(office: Office) -> None:
    """What a name means is looked up when a statement is asked."""
    insight = office.insight(query=STATEMENT | {"query": "SELECT nothing FROM events"})
    answer = office.api()("GET", f"insights/{insight['id']}")
    assert error(answer)[::2] == (400, "query: the field nothing is not known (at character 7)")
    board = office.dashboard()
    office.place(insight, board)
    (tile,) = read(office.api()("GET", f"dashboards/{board['id']}"))["tiles"]
    assert tile["insight"]["query_status"]["error_message"] == "query: the field nothing is not known (at character 7)"


def test_a_question_is_kept_when_it_is_asked(office: Office) -> None:
    body = {"query": CHART, "saved": True, "name": "Kept"}
    answer = read(office.api()("POST", "query", json=body))
    assert answer["results"] == ROWS
    found = shown(office, answer)
    assert (found["name"], found["query"], found["result"], found["is_cached"]) == ("Kept", CHART, ROWS, True)


def test_it_is_a_file(office: Office) -> None:
    insight = office.insight(query=CHART)
    answer = office.api()("GET", f"insights/{insight['id']}.csv?export_name=who came")
    assert answer.text.split("\r\n") == ["distinct_id,n,word", "ada,2,hello", "bob,2,hello", ""]
    assert answer.headers["content-disposition"] == 'attachment; filename="who-came from PostHog.csv"'


def test_a_link_shows_rows_and_not_how_they_are_stored(office: Office) -> None:
    board = office.dashboard()
    insight = office.insight(query=CHART, dashboards=[board["id"]])
    for kind, number in (("insights", insight["id"]), ("dashboards", board["id"])):
        link = read(office.api()("PATCH", f"{kind}/{number}/sharing", json={"enabled": True}))["access_token"]
        answer = office.nobody("GET", f"/shared/{link}.json")
        found = read(answer).get("insight") or read(answer)["dashboard"]["tiles"][0]["insight"]
        assert (found["result"], found["columns"][:2]) == (ROWS, ["distinct_id", "n"])
        assert "clickhouse" not in found
        assert "project = " not in answer.text
        page = office.nobody("GET", f"/shared/{link}", headers={"accept": "text/html"}).text
        assert "<th>distinct_id</th><th>n</th>" in page
        token = {"sharing_access_token": link}
        by_api = read(office.nobody("GET", f"insights/{insight['id']}", params=token))
        assert (by_api["result"], "clickhouse" in by_api) == (ROWS, False)
        listed = {"filters_override": json.dumps({"properties": FREE}), "explain": "true", **token}
        assert read(office.nobody("GET", f"insights/{insight['id']}", params=listed))["result"] == ROWS


def test_no_alert_is_on_it(office: Office, project: StoredProject) -> None:
    alert = {
        "insight": office.insight(query=CHART)["id"],
        "threshold": {"configuration": {"type": "absolute", "bounds": {"upper": 1}}},
        "condition": {"type": "absolute_value"},
        "subscribed_users": [],
    }
    answer = office.api()("POST", "alerts", json=alert)
    assert error(answer) == (400, "insight", "Alerts are about trends, and this insight asks a HogQLQuery.")


@pytest.mark.parametrize("query", [STATEMENT, EVENTS, CHART])
def test_a_key_that_may_not_ask_it_cannot_save_it(office: Office, query: dict[str, Any]) -> None:
    """A saved statement is read by everybody who reads insights, so it is saved by who may ask it."""
    refused = (403, None, "API key missing required scope 'query:read'")
    narrow = office.world.api(office.project, None, "insight:write")
    assert error(narrow("POST", "insights/", json={"query": query})) == refused
    own = made(narrow("POST", "insights/", json={"name": "plain"}))
    assert error(narrow("PATCH", f"insights/{own['id']}", json={"query": query})) == refused
    wide = office.world.api(office.project, None, "insight:write", "query:read")
    saved = made(wide("POST", "insights/", json={"query": query}))
    assert read(narrow("PATCH", f"insights/{saved['id']}", json={"name": "other", "query": query}))["name"] == "other"


@pytest.mark.parametrize("query", [STATEMENT, EVENTS, CHART])
@pytest.mark.parametrize("path", ["insights/trend/", "insights/trend.csv", "insights/retention/"])
def test_the_insights_own_addresses_do_not_answer_it(office: Office, query: dict[str, Any], path: str) -> None:
    """They want `insight:read` alone."""
    narrow = office.world.api(office.project, None, "insight:read")
    response = narrow("POST", path, json={"query": query})
    assert response.status_code == 400
    assert "query:" in response.json()["detail"]
