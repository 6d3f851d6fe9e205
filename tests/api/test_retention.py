"""Retention over HTTP: addresses of people and their pages, actors queries, CSV, and whom none of it is for."""

from __future__ import annotations

from typing import Any

import pytest
from insights_acl.models import StoredProject

from tests.api.world import Api, World

DAYS = {"ann": (18, 19, 20), "bob": (18, 20), "cat": (18,), "dan": (19,)}
EVENTS = [
    {
        "event": "$pageview",
        "distinct_id": who,
        "timestamp": f"2024-03-{day}T10:00:00Z",
        "properties": {"b": who[0]},
        "groups": {"company": "acme" if who == "ann" else "none"},
    }
    for who, days in DAYS.items()
    for day in days
]
FLAT = {"total_intervals": 3, "date_to": "2024-03-20"}
NODE: dict[str, Any] = {
    "kind": "RetentionQuery",
    "dateRange": {"date_to": "2024-03-20"},
    "retentionFilter": {"totalIntervals": 3},
}


@pytest.fixture
def filled(api: Api) -> Api:
    persons = [{"distinct_ids": [who], "properties": {"email": f"{who}@example.com"}} for who in DAYS]
    api.stack.load(api.project_id, persons=persons, events=EVENTS)
    return api


def names(answer: Any) -> list[tuple[str, list[int]]]:
    assert answer.status_code == 200, answer.text
    return [(one["person"]["name"].partition("@")[0], one["appearances"]) for one in answer.json()["result"]]


def test_a_row_and_its_cells_say_where_their_people_are(filled: Api) -> None:
    result = filled("POST", "insights/retention", json=FLAT).json()["result"]
    assert names(filled("GET", result[0]["people_url"])) == [("ann", [1, 1, 1]), ("bob", [1, 0, 1]), ("cat", [1, 0, 0])]
    assert names(filled("GET", result[1]["people_url"])) == [("ann", [1, 1]), ("dan", [1, 0])]
    url = result[0]["values"][2]["people_url"]
    assert url.startswith("http://testserver/api/person/retention/?")
    assert names(filled("GET", url.removeprefix("http://testserver"))) == [("ann", [1, 1, 1]), ("bob", [1, 0, 1])]
    assert [[("people_url" in cell) for cell in row["values"]] for row in result] == [
        [True, True, True],
        [True, True],
        [True],
    ]


def test_so_does_a_row_of_a_value(filled: Api) -> None:
    asked = {**FLAT, "breakdowns": [{"type": "event", "property": "b"}]}
    rows = {row["label"]: row for row in filled("POST", "insights/retention", json=asked).json()["result"]}
    assert names(filled("GET", rows["b"]["people_url"])) == [("bob", [1, 0, 1])]
    assert names(filled("GET", rows["a"]["values"][1]["people_url"].removeprefix("http://testserver"))) == [
        ("ann", [1, 1, 1])
    ]


def test_people_come_in_pages(filled: Api) -> None:
    path, found = "/api/person/retention/?total_intervals=3&date_to=2024-03-20&limit=2", []
    path += f"&project_id={filled.project_id}"
    while path:
        answer = filled("GET", path)
        found.append([name for name, _ in names(answer)])
        path = (answer.json()["next"] or "").removeprefix("http://testserver")
    assert found == [["ann", "bob"], ["cat"]]


def test_the_node_s_people(filled: Api) -> None:
    source = {"kind": "InsightActorsQuery", "source": NODE, "interval": 0}
    first = filled("POST", "query", json={"query": source}).json()
    assert first["columns"] == ["person", "appearances"]
    assert [(person["distinct_ids"], came) for person, came in first["results"]] == [
        (["ann"], [0, 1, 2]),
        (["bob"], [0, 2]),
        (["cat"], [0]),
    ]
    asked = {"kind": "ActorsQuery", "source": source, "select": ["id", "day_0", "day_1"], "limit": 1, "offset": 1}
    page = filled("POST", "query", json={"query": asked}).json()
    assert page["results"] == [[first["results"][1][0]["id"], 1, 0]]
    assert (page["hasMore"], page["limit"], page["offset"], page["missing_actors_count"]) == (True, 1, 1, 0)


def test_the_groups_of_a_node(filled: Api) -> None:
    node = {**NODE, "aggregation_group_type_index": 0}
    answer = filled("POST", "query", json={"query": {"kind": "InsightActorsQuery", "source": node}}).json()
    assert [(group["group_key"], came) for group, came in answer["results"]] == [
        ("acme", [0, 1, 2]),
        ("none", [0, 1, 2]),
    ]


def test_the_query_endpoint_has_the_mean_and_no_more_rows(filled: Api) -> None:
    answer = filled("POST", "query", json={"query": NODE}).json()
    assert [cell["count"] for cell in answer["results"][0]["values"]] == [3, 1, 2]
    assert len(answer["mean"]) == 3
    assert "hasMore" not in answer


def test_csv(filled: Api) -> None:
    answer = filled("GET", "insights/retention.csv", params=FLAT)
    assert answer.headers["content-type"].startswith("text/csv")
    assert 'filename="export (2024-03-18 - 2024-03-20) from PostHog.csv"' in answer.headers["content-disposition"]
    assert answer.text.splitlines()[:2] == ["cohort,date,size,Day 0,Day 1,Day 2", "Day 0,2024-03-18T00:00:00Z,3,3,1,2"]
    assert filled("POST", "insights/retention?format=csv", json={"query": NODE}).text.startswith("cohort,date,size,")


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"kind": "InsightActorsQuery"}, "query.source: Field required"),
    (
        {"kind": "InsightActorsQuery", "source": {"kind": "TracesQuery"}},
        'query.source.kind "TracesQuery"',
    ),
    ({"kind": "ActorsQuery", "source": NODE}, 'query.source.kind "RetentionQuery" is not InsightActorsQuery'),
    ({"kind": "InsightActorsQuery", "source": NODE, "interval": 3}, "There is no interval 3: there are 0 to 2"),
    ({"kind": "InsightActorsQuery", "source": {**NODE, "x": 1}}, "query.source.x: unknown field"),
    (
        {"kind": "ActorsQuery", "source": {"kind": "InsightActorsQuery", "source": NODE}, "select": ["persn"]},
        'select "persn" is not known; did you mean "person"?',
    ),
    (
        {"kind": "ActorsQuery", "source": {"kind": "InsightActorsQuery", "source": NODE}, "orderBy": ["created_at"]},
        'orderBy can be "length(appearances) DESC" only',
    ),
    (
        {"kind": "ActorsQuery", "source": {"kind": "InsightActorsQuery", "source": NODE}, "select": ["day_3"]},
        'select "day_3" is not known; did you mean "day_',
    ),
    (
        {"kind": "ActorsQuery", "source": {"kind": "InsightActorsQuery", "source": NODE}, "select": ["week_0"]},
        'select "week_0" is not known',
    ),
]


@pytest.mark.parametrize(("node", "text"), REFUSED, ids=[text for _, text in REFUSED])
def test_what_actors_queries_refuse(api: Api, node: dict[str, Any], text: str) -> None:
    answer = api("POST", "query", json={"query": node})
    assert answer.status_code == 400, answer.text
    assert answer.json()["detail"].startswith(text)


def test_only_retention_is_answered_here(api: Api) -> None:
    answer = api("POST", "insights/retention", json={"query": {"kind": "TrendsQuery", "series": []}})
    assert (answer.status_code, answer.json()["detail"]) == (400, "query: only a RetentionQuery is answered here")


NOBODY = [
    ("selected_interval=3", "selected_interval", "There is no interval 3: there are 0 to 2"),
    ("breakdown_values=[1]&selected_interval=2", "selected_interval", "The row has no interval 2: it has 0 to 1"),
    (
        "breakdown_values=[0,1]",
        "breakdown_values",
        "breakdown_values must be one row's number: the query has no breakdown",
    ),
    ("breakdown=b", "breakdown_values", "breakdown_values is required: the rows are those of values"),
    ("limit=1001", "limit", "limit must be a whole number from 1 to 1000"),
]


@pytest.mark.parametrize(("asked", "attr", "text"), NOBODY, ids=[asked for asked, *_ in NOBODY])
def test_rows_and_cells_that_there_are_not(api: Api, asked: str, attr: str, text: str) -> None:
    answer = api("GET", f"/api/person/retention/?project_id={api.project_id}&total_intervals=3&{asked}")
    assert (answer.status_code, answer.json()["attr"], answer.json()["detail"]) == (400, attr, text)


def test_a_key_of_another_project_sees_nobody(world: World, filled: Api) -> None:
    own = world.new_project().project.id
    for project, status in ((filled.project_id, 200), (own, 403)):
        key = world.new_key(world.new_user(), scoped_teams=(project,))
        answer = Api(world.stack, key)("GET", f"/api/person/retention/?project_id={filled.project_id}")
        assert answer.status_code == status, answer.text


def test_unparsable_properties(api: Api) -> None:
    answer = api("GET", f"/api/person/retention/?project_id={api.project_id}&properties=invalid_json")
    assert (answer.status_code, answer.json()) == (
        400,
        {"type": "validation_error", "code": "invalid_input", "detail": "Properties are unparsable!", "attr": None},
    )


PEOPLE: tuple[str, str, dict[str, Any]] = ("GET", "/api/person/retention/?project_id={p}", {})
ACTORS: tuple[str, str, dict[str, Any]] = (
    "POST",
    "/api/projects/{p}/query",
    {"query": {"kind": "InsightActorsQuery", "source": NODE}},
)


@pytest.mark.parametrize(("method", "path", "body"), [PEOPLE, ACTORS], ids=["people", "actors"])
def test_people_need_a_scope_of_their_own(
    world: World, project: StoredProject, method: str, path: str, body: dict[str, Any]
) -> None:
    number = project.project.id
    for scopes, status in ((("insight:read", "query:read"), 403), (("insight:read", "query:read", "person:read"), 200)):
        api = world.api(project, None, *scopes)
        answer = api(method, path.format(p=number), **({"json": body} if body else {}))
        assert answer.status_code == status, answer.text
    assert (
        "person:read"
        in world.api(project, None, "insight:read", "query:read")(
            method, path.format(p=number), **({"json": body} if body else {})
        ).json()["detail"]
    )


@pytest.mark.parametrize(("method", "path", "body"), [PEOPLE, ACTORS], ids=["people", "actors"])
def test_people_of_another_organization_are_not_shown(
    world: World, api: Api, method: str, path: str, body: dict[str, Any]
) -> None:
    answer = api(method, path.format(p=world.other_project.project.id), **({"json": body} if body else {}))
    assert answer.status_code == 403, answer.text
