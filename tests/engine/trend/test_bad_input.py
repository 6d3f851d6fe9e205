"""What a caller reads when a trend cannot be answered: status, code, field and advice, by way of the deployed shape."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from insights_local.stack import Stack

from tests.engine.asking import event, series

LEAF = {"key": "k", "value": "v"}


def leaf(**further: Any) -> dict[str, Any]:
    return {"properties": [{**LEAF, **further}]}


def nested(depth: int) -> dict[str, Any]:
    tree: dict[str, Any] = LEAF
    for _ in range(depth):
        tree = {"type": "AND", "values": [tree]}
    return tree


# (what is asked, code, attr, text): 400 and validation_error each.
LEGACY: list[tuple[dict[str, Any], str, str | None, str]] = [
    ({"events": [{"id": "e", "math": "p98"}]}, "invalid_choice", "events__0__math", 'did you mean "p9'),
    ({"interval": "fortnight"}, "invalid_choice", "interval", '"fortnight" is not known'),
    (leaf(operator="exakt"), "invalid_choice", "properties__0__operator", 'did you mean "exact"'),
    (leaf(type="persom"), "invalid_choice", "properties__0__type", 'did you mean "person"'),
    (leaf(operator="between", value=[5, 1]), "invalid_input", "properties__0", "min 5 is above max 1"),
    (leaf(operator="between", value="x"), "invalid_input", "properties__0", "must be two numbers"),
    (leaf(operator="regex", value="("), "invalid_input", None, "regular expression cannot be read"),
    (leaf(type="group"), "invalid_input", "properties__0__group_type_index", "group_type_index is required"),
    (leaf(type="group", group_type_index=7), "invalid_input", "properties__0__group_type_index", "0 to 4"),
    (leaf(type="cohort", value=404), "invalid_input", "properties__0", "Cohort 404 does not exist"),
    (leaf(type="session"), "invalid_choice", "properties__0__key", "is not known"),
    (
        {"properties": nested(50)},
        "invalid_input",
        "properties" + "__values__0" * 19 + "__values",
        "more than 20 levels deep",
    ),
    ({"properties": [LEAF] * 600}, "invalid_input", "properties__500", "More than 500 filters"),
    (leaf(value=["v"] * 10_001), "invalid_input", "properties__0__value", "more than 10000 entries"),
    ({"events": [{"id": "e"}] * 27}, "invalid_input", "events", "More than 26 series"),
    ({"smoothing_intervals": 0}, "invalid_input", "smoothing_intervals", "from 1 to 1000"),
    ({"sampling_factor": 2}, "invalid_input", "sampling_factor", "above 0 and at most 1"),
    ({"date_from": "0001-01-01"}, "invalid_input", "date_from", "not between 1970 and 2148"),
    ({"date_to": "9999-12-31"}, "invalid_input", "date_to", "not between 1970 and 2148"),
    ({"date_from": "2020-13-45"}, "invalid_input", "date_from", "is not a date"),
    ({"date_from": "2020-02-01", "date_to": "2020-01-01"}, "invalid_input", "date_from", "is after date_to"),
    ({"date_from": "1970-01-02", "interval": "hour"}, "invalid_input", "interval", "choose a longer interval"),
    ({"formula": "A +"}, "invalid_input", "formula", "is not a formula"),
    ({"formula": "B"}, "invalid_input", "formula", "only 1 series are defined (A)"),
    ({"formula": "AVG(A)"}, "invalid_input", "formula", "functions are not supported"),
    ({"formula": "A^2"}, "invalid_input", "formula", "is not a series letter"),
    ({"breakdown": [404], "breakdown_type": "cohort"}, "invalid_input", "breakdown", "Cohort 404 does not exist"),
    ({"breakdown": "k", "breakdown_type": "group"}, "invalid_input", "breakdown__group_type_index", "is required"),
    ({"breakdown": "k", "display": "CalendarHeatmap"}, "invalid_input", "breakdown", "takes no breakdown"),
    ({"compare": True, "compare_to": "2020-01-01"}, "invalid_input", "compare_to", "must be relative"),
    (
        {"events": [{"id": "e", "math": "unique_group"}]},
        "invalid_input",
        "events__0__math_group_type_index",
        "is required",
    ),
    ({"events": [{"id": "e", "math": "hogql"}]}, "invalid_input", "events__0__math_hogql", "is required"),
]
# What the schema forbids is an `invalid_request`; what a table forbids a `validation_error`.
NODES: list[tuple[dict[str, Any], str, str, str | None, str]] = [
    ({"seriez": []}, "invalid_request", "parse_error", None, 'unknown field; did you mean "series"'),
    ({"series": [series(mth="dau")]}, "invalid_request", "parse_error", None, "series[0].mth"),
    ({"interval": "weeks"}, "validation_error", "invalid_choice", "interval", 'did you mean "week"'),
    ({"series": [series(math="ave")]}, "validation_error", "invalid_choice", "series__0__math", 'did you mean "avg"'),
    ({"trendsFilter": {"display": "Bar"}}, "validation_error", "invalid_choice", "trendsFilter__display", "not known"),
    (
        {"trendsFilter": {"formulas": ["A", "B"]}},
        "validation_error",
        "invalid_input",
        "trendsFilter__formulas__1",
        "only 1 series",
    ),
    ({"breakdownFilter": {"breakdowns": [{"property": "a"}] * 4}}, "invalid_request", "parse_error", None, "at most 3"),
    ({"properties": leaf(operator="exakt")["properties"]}, "validation_error", "invalid_choice", None, '"exact"'),
    ({"samplingFactor": 2}, "invalid_request", "parse_error", None, "samplingFactor"),
    # Of a value that may be of several types, the place is named and not the type that was tried.
    ({"properties": 5}, "invalid_request", "parse_error", None, "query.properties: Input should be a valid list"),
    (
        {"breakdownFilter": {"breakdown": {}}},
        "invalid_request",
        "parse_error",
        None,
        "breakdownFilter.breakdown: Input",
    ),
    (
        {"series": [{"kind": "ActionsNode"}]},
        "invalid_request",
        "parse_error",
        None,
        "query.series[0].id: Field required",
    ),
]
FORGIVEN: list[dict[str, Any]] = [
    {"date_from": "banana"},
    {"display": "Nothing"},
    {"never": "heard of"},
    {"properties": [{}]},
    {"breakdowns": [{"property": str(i)} for i in range(9)]},
    {"actions": [{"id": 404}]},
    {"events": [{"id": "never seen"}]},
    leaf(value=["v"] * 10_000),
    leaf(value="'; DROP TABLE events; --"),
]


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack() as stack:
        stack.load(stack.project_id, events=[event(at="2026-01-01T00:00:00Z", k="v")])
        yield stack


def post(stack: Stack, path: str, body: Any) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=stack.app)
        headers = {"Authorization": f"Bearer {stack.admin_key}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
            return await client.post(f"/api/projects/{stack.project_id}/{path}/", json=body)

    return asyncio.run(send())


@pytest.mark.parametrize(("filters", "code", "attr", "text"), LEGACY)
def test_flat_filters(stack: Stack, filters: dict[str, Any], code: str, attr: str | None, text: str) -> None:
    answer = post(stack, "insights/trend", {"events": [{"id": "e"}], "date_from": "2026-01-01", **filters})
    body = answer.json()
    assert (answer.status_code, body["type"], body["code"], body["attr"]) == (400, "validation_error", code, attr), body
    assert text in body["detail"]


@pytest.mark.parametrize(("fields", "kind", "code", "attr", "text"), NODES)
@pytest.mark.parametrize("path", ["query", "insights/trend"])
def test_nodes(
    stack: Stack, path: str, fields: dict[str, Any], kind: str, code: str, attr: str | None, text: str
) -> None:
    body = {"query": {"kind": "TrendsQuery", "series": [series()], **fields}}
    answer = post(stack, path, body)
    found = answer.json()
    assert (answer.status_code, found["type"], found["code"]) == (400, kind, code), found
    assert attr is None or found["attr"] == attr
    assert text in found["detail"]


@pytest.mark.parametrize("filters", FORGIVEN)
def test_what_the_api_forgives(stack: Stack, filters: dict[str, Any]) -> None:
    answer = post(stack, "insights/trend", {"events": [{"id": "e"}], **filters})
    assert answer.status_code == 200, answer.text
