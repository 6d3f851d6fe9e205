"""The API's document says what is there: every operation, every parameter, and examples that hold."""

from __future__ import annotations

import ast
import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from insights_acl.levels import ANSWERED, Kind
from insights_api.insight_address import INSIGHTS
from insights_engine.errors import ValidationError
from insights_engine.funnel import legacy as funnel
from insights_engine.kinds import KINDS
from insights_engine.path import legacy as paths
from insights_engine.retention import legacy as retention
from insights_engine.stickiness.legacy import parse_legacy as parse_stickiness
from insights_engine.trend.parameters import Parameter
from insights_local import openapi
from insights_local.openapi.document import described_operations, document, listed_operations, row_of
from insights_local.openapi.examples import Example, examples
from insights_local.openapi.kinds import class_of
from insights_local.openapi.operations import operations
from insights_local.openapi.page import SECTIONS
from insights_local.openapi.schemas import FLAT, schemas
from insights_local.routes import ROOT
from insights_local.stack import Stack
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from openapi_spec_validator import validate

from tests.api.world import Api

LAYERS = ROOT / "layers"
# A kind that is not here is made with its first field.
OBJECTS: dict[str, dict[str, Any]] = {
    "insight": {"query": {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "e"}]}},
    "annotation": {"content": "one", "date_marker": "2026-03-01T00:00:00Z", "scope": "project"},
    "notebook": {"title": "one", "content": {"type": "doc"}, "text_content": ""},
}


@pytest.fixture(scope="module")
def served(stack: Stack) -> dict[str, Any]:
    found: dict[str, Any] = Api(stack, None)("GET", "/openapi.json").json()
    return found


def test_the_generated_files_are_current() -> None:
    assert openapi.stale() == [], "run `make docs`"


def test_it_is_openapi_3_1(served: dict[str, Any]) -> None:
    validate(served)
    assert served["openapi"].startswith("3.1")


def test_every_operation_is_described(served: dict[str, Any]) -> None:
    shown = {(method.upper(), path) for path, methods in served["paths"].items() for method in methods}
    assert shown == {(one.method, one.path) for one in operations() if one.is_public}
    rows = described_operations()
    assert set(rows) == {one.name for one in listed_operations()}, "a row of operations.yaml is of no endpoint"
    for one in listed_operations():
        assert row_of(one).get("rule") or one.rule or one.scopes, f"{one.name} says nothing"


def test_only_what_answers_everything_else_is_left_out() -> None:
    assert {one.name for one in operations() if not one.is_public} == {
        *("fallback.unknown_route", "docs.docs", "docs.openapi")
    }


@pytest.mark.parametrize("name", ["operations.yaml", "schemas.yaml"])
def test_nothing_is_described_twice(name: str) -> None:
    """YAML takes the last of two rows of a name without a word."""
    text = Path(openapi.__file__).with_name(name).read_text("utf-8")
    assert list(twice(yaml.compose(text, yaml.CSafeLoader))) == []


def twice(node: yaml.Node | None) -> Iterator[str]:
    if isinstance(node, yaml.MappingNode):
        names = Counter(key.value for key, _ in node.value)
        yield from (name for name, count in names.items() if count > 1)
        for _, value in node.value:
            yield from twice(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from twice(value)


@pytest.mark.parametrize("kind", ANSWERED, ids=lambda kind: kind.name)
def test_an_object_fits_its_schemas(kind: Kind, api: Api) -> None:
    body = OBJECTS.get(kind.name) or {class_of(kind).fields[0].name: "one"}
    answer = api("POST", kind.route, json=body)
    assert answer.status_code == 201, answer.text
    at = f"/paths/~1api~1projects~1{{project_id}}~1{kind.route}"
    schema_at(f"{at}/post/requestBody/content/application~1json/schema").validate(body)
    schema_at(f"{at}/post/responses/201/content/application~1json/schema").validate(answer.json())
    listed = schema_at(f"{at}/get/responses/200/content/application~1json/schema")
    listed.validate(api("GET", kind.route).json())


def test_identifiers_are_unique(served: dict[str, Any]) -> None:
    found = [one["operationId"] for methods in served["paths"].values() for one in methods.values()]
    assert len(found) == len(set(found))


def schema_at(place: str) -> Draft202012Validator:
    """A schema of the document, its references resolved within it."""
    return Draft202012Validator({"$ref": f"#{place}", **document()})


def places(example: Example) -> tuple[str | None, str]:
    """Where the document has the schemas of an example's body and answer."""
    for path, methods in document()["paths"].items():
        for method, one in methods.items():
            named = [sample["x-example"] for sample in one.get("x-codeSamples", ())]
            if example.name in named:
                at = f"/paths/{path.replace('~', '~0').replace('/', '~1')}/{method}"
                body = f"{at}/requestBody/content/application~1json/schema" if "requestBody" in one else None
                kind = example.kind.replace("/", "~1")
                return body, f"{at}/responses/{example.status}/content/{kind}/schema"
    raise AssertionError(f"{example.name} is not shown")


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_an_example_fits_its_schemas(example: Example) -> None:
    body, answer = places(example)
    if body is not None and example.status < 300:
        schema_at(body).validate(example.body)
    schema_at(answer).validate(example.answer)


def test_success_and_each_kind_of_error_has_an_example() -> None:
    assert {example.status for example in examples()} >= {200, 201, 400, 401, 403, 404}


# The files that read the parameters of each table.
CSV_READERS = ("api/insights_api/csv_answers.py", "api/insights_api/tabular.py")
OF_EVERY_INSIGHT = "api/insights_api/refresh.py"
READERS = {
    "trend": (
        *("engine/insights_engine/trend/legacy.py", "engine/insights_engine/stickiness/legacy.py"),
        *("engine/insights_engine/flat.py", "engine/insights_engine/flat_breakdowns.py"),
        *("engine/insights_engine/kinds.py", "api/insights_api/trend.py", "api/insights_api/costs.py"),
        *CSV_READERS,
    ),
    "retention": (
        *("engine/insights_engine/retention/legacy.py", "engine/insights_engine/flat.py"),
        "engine/insights_engine/flat_breakdowns.py",
        *CSV_READERS,
    ),
    "path": ("engine/insights_engine/path/legacy.py", "api/insights_api/tabular.py"),
    "funnel": ("engine/insights_engine/funnel/legacy.py", "api/insights_api/tabular.py"),
}
# Read by a loop over two names, and by what all insights share; an older name, a wrapper and fields of nodes.
ELSEWHERE = {
    "trend": {"events", "actions"},
    "retention": {"explain"},
    "path": {"explain", "export_name", "properties", "sampling_factor", *paths.WINDOW},
    "funnel": {"explain", "export_name", *funnel.SHARED},
}
NO_PARAMETERS = {"computed_as", "query", "kind", "source", "modifiers"}


def read_by(path: Path) -> set[str]:
    """Names in `values.get("x")`, `query_params.get("x")` and `_flag(values, "x")`."""
    found = set()
    for call in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(call, ast.Call):
            continue
        holder = ast.unparse(call.func)
        is_get = holder in ("values.get", "request.query_params.get")
        arguments = call.args if is_get else call.args[1:]
        if not is_get and not (call.args and ast.unparse(call.args[0]) in ("values", "request")):
            continue
        if arguments and isinstance(arguments[0], ast.Constant) and isinstance(arguments[0].value, str):
            found.add(arguments[0].value)
    return found


@pytest.mark.parametrize("insight", FLAT)
def test_the_parameters_are_those_that_are_read(insight: str) -> None:
    """A parameter that is new in the code belongs into the insight's parameters.py."""
    readers = (*READERS[insight], OF_EVERY_INSIGHT)
    found = {name for path in readers for name in read_by(LAYERS / path) if re.fullmatch(r"[a-z_]+", name)}
    assert (found | ELSEWHERE[insight]) - NO_PARAMETERS == {one.name for one in FLAT[insight]}


@pytest.mark.parametrize(
    ("insight", "parameter"),
    [(insight, one) for insight, table in FLAT.items() for one in table if one.wrong is not None],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_a_wrong_value_is_refused_by_name(insight: str, parameter: Parameter, api: Api) -> None:
    values = {"breakdown": "plan", parameter.name: parameter.wrong}
    if insight == "trend":
        values = {"insight": "STICKINESS", **values}
    answer = api("POST", f"insights/{insight}", json=values)
    assert answer.status_code == 400
    assert answer.json()["attr"].startswith(parameter.name)


PARSERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "trend": parse_stickiness,
    "retention": retention.parse_legacy,
    "path": paths.parse_legacy,
    "funnel": funnel.parse_legacy,
}
# Paths of the people of a step need its funnel.
FUNNEL = {"events": [{"id": "a"}, {"id": "b"}], "funnel_step": 2}


@pytest.mark.parametrize(
    ("insight", "parameter"),
    [(insight, one) for insight, table in FLAT.items() for one in table if one.choices],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_each_choice_is_taken(insight: str, parameter: Parameter) -> None:
    parse = PARSERS[insight]
    for choice in parameter.choices:
        breakdown = [1] if choice == "cohort" else "plan"
        try:
            parse({"breakdown": breakdown, "funnel_filter": FUNNEL, parameter.name: choice})
        except ValidationError as error:
            pytest.fail(f"{parameter.name}={choice}: {error.detail}")


def test_insights_and_nodes_are_those_that_answer() -> None:
    (insight,) = (one for one in FLAT["trend"] if one.name == "insight")
    assert set(insight.choices) == set(INSIGHTS)
    assert {kind: schemas()[kind]["properties"]["kind"]["const"] for kind in KINDS} == {kind: kind for kind in KINDS}


def test_every_section_of_the_page_is_made() -> None:
    found = re.findall(r"<!-- generated: (\w+) -->", openapi.PAGE.read_text("utf-8"))
    assert sorted(found) == sorted(SECTIONS)


@pytest.mark.parametrize("path", ["/docs", "/docs/", "/docs//"])
def test_docs_is_a_page_that_runs_only_its_own_script(stack: Stack, path: str) -> None:
    answer = Api(stack, None)("GET", path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    scripts = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    assert answer.text.count("<script") == len(scripts) == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    policy = answer.headers["content-security-policy"]
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


def test_the_page_loads_nothing_from_elsewhere() -> None:
    page = (LAYERS / "api/insights_api/docs.html").read_text("utf-8")
    addresses = set(re.findall(r"(?:https?:)?//[a-z][\w.-]+\.[a-z]+", page))
    assert addresses <= {"http://www.w3.org"}, "only the name space of an SVG"
    assert "innerHTML" not in page
    assert len(page.splitlines()) <= 300


def test_the_document_is_served_as_it_is_generated(stack: Stack) -> None:
    answer = Api(stack, None)("GET", "/openapi.json")
    assert answer.content == openapi.JSON_FILE.read_bytes()
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.text)["info"]["title"] == "Serverless Insights"


def test_the_root_is_capture_s(stack: Stack) -> None:
    assert Api(stack, None)("GET", "/").text == "capture"
