"""The OpenAPI 3.1 document: the functions' operations, what operations.yaml says of them, schemas and examples."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from insights_acl.levels import ANSWERED
from insights_engine.errors import Throttled
from insights_engine.http import LIMIT_HEADERS, fold
from insights_engine.trend.parameters import Parameter

from insights_local.openapi import kinds
from insights_local.openapi.errors import CODES, MEANINGS
from insights_local.openapi.examples import Example, examples
from insights_local.openapi.operations import Operation, either, operations
from insights_local.openapi.schemas import TABLES, Schema, listed, of_parameter, ref, schemas
from insights_local.routes import ROOT

JSON = "application/json"
_METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")
_DESCRIPTION = """\
The insights API that PostHog's clients speak, over your own ClickHouse.

Send a personal key with each request: `Authorization: Bearer phx_…` (or as `personal_api_key`, in the body or the query
string). `@current` stands for your current project or organization. A final slash is optional, doubled slashes are one,
`/api/environments/…` is `/api/projects/…`, and the ending `.csv` or `?format=csv` asks for CSV where there is one.
HEAD is answered as GET is, without a body.

Errors are `{"type", "code", "detail", "attr"}`, and `attr` names the field at fault.

Where an installation limits requests, answers have `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset`."""
_PENDING = "It is computed in the background: `query_status` says how far it is, and under which id to ask again."
_LIMIT_WORDS = (
    "Seconds until it may be tried again.",
    "Requests that may be made, in a minute or an hour.",
    "How many of them are left.",
    "Seconds until some of what was used comes back.",
)


@cache
def described() -> dict[str, Any]:
    """operations.yaml, with the tags and path parameters of the kinds of objects."""
    rows: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("operations.yaml").read_text("utf-8"))
    named = {**rows["path_parameters"], **kinds.path_parameters()}
    return {**rows, "tags": kinds.tags(rows["tags"]), "path_parameters": named}


@cache
def described_operations() -> dict[str, dict[str, Any]]:
    """The rows of operations.yaml, with those of the kinds of objects that have none of their own."""
    templates, own_words = described()["resources"], described()["words"]
    found: dict[str, dict[str, Any]] = {}
    for kind in ANSWERED:
        found |= kinds.rows(kind, templates, own_words.get(kind.name, {}))
    own: dict[str, dict[str, Any]] = described()["operations"]
    return found | own


@cache
def document() -> dict[str, Any]:
    """To be read, not changed: there is one."""
    tags = described()["tags"]
    paths: dict[str, dict[str, Any]] = {}
    for one in listed_operations():
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one)
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    return {
        "openapi": "3.1.0",
        "info": {"title": "Serverless Insights", "version": version, "description": _DESCRIPTION},
        "servers": [{"url": "/"}],
        "security": [{"personalKey": []}],
        "tags": [{"name": name, "description": text} for name, text in tags.items()],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "personalKey": {"type": "http", "scheme": "bearer", "bearerFormat": "phx_…"},
                "projectToken": {"type": "http", "scheme": "bearer", "bearerFormat": "phc_…"},
            },
            "responses": {f"{status}": _error_response(status) for status in CODES},
            "schemas": schemas(),
        },
    }


def listed_operations() -> list[Operation]:
    """In the order of operations.yaml; a shorter path, and reading, come first."""
    tags, rows = list(described()["tags"]), [*described_operations(), *(one.name for one in operations())]

    def place(one: Operation) -> tuple[int, ...]:
        tag = tags.index(row_of(one)["tag"])
        return tag, rows.index(one.name), one.path.count("/"), _METHODS.index(one.method)

    return sorted((one for one in operations() if one.is_public), key=place)


def row_of(operation: Operation) -> dict[str, Any]:
    """Of an endpoint that operations.yaml does not have, what its name says; a test asks for the row."""
    plain = {"tag": next(iter(described()["tags"])), "summary": operation.name}
    return described_operations().get(operation.name, plain)


def examples_of(operation: Operation) -> list[Example]:
    return [example for example in examples() if operation_of(example) == operation]


@cache
def operation_of(example: Example) -> Operation:
    """The one that answers it: literal segments before parameters, as in routing."""
    path = fold(example.path)[0]
    fitting = [o for o in operations() if o.method == example.method and _pattern(o.path).fullmatch(path)]
    return min(fitting, key=lambda o: o.path.count("{"))


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path.replace(".", r"\.")))


def _operation(one: Operation) -> Schema:
    row, shown = row_of(one), examples_of(one)
    made: Schema = {
        "tags": [row["tag"]],
        "summary": row["summary"],
        "description": _description(one, row),
        "operationId": _identifier(one),
        "parameters": _parameters(one, row),
        "responses": _responses(one, row, shown),
    }
    if one.scopes is None:
        made["security"] = [{"projectToken": []}] if one.name == "capture.capture_v1" else []
    if "body" in row and one.method != "GET":
        made["requestBody"] = _body(row["body"], shown)
    if shown:
        made["x-codeSamples"] = [
            {"lang": "Shell", "label": e.title, "source": e.curl, "x-example": e.name} for e in shown
        ]
    return made


def _description(one: Operation, row: dict[str, Any]) -> str:
    rule = (row.get("rule") or one.rule).strip()
    needs = f"Scopes: {', '.join(either(scope) for scope in one.scopes)}." if one.scopes else ""
    return "\n\n".join(part for part in (rule, needs) if part)


def _identifier(one: Operation) -> str:
    """Without `api`, unless there is the same path without it."""
    bare = one.path.removeprefix("/api")
    is_taken = bare != one.path and any(other.path == bare for other in operations())
    words = re.findall(r"[a-zA-Z0-9_]+", one.path if is_taken else bare)
    return "_".join([one.method.lower(), *words])


def _parameters(one: Operation, row: dict[str, Any]) -> list[Schema]:
    known = described()
    found = [
        {"name": name, "in": "path", "required": True, **known["path_parameters"][name]}
        for name in re.findall(r"\{(\w+)\}", one.path)
    ]
    named = row.get("query", ())
    if isinstance(named, str):
        in_path = {parameter["name"] for parameter in found}
        return found + [p for p in _flat(TABLES[named], is_get=one.method == "GET") if p["name"] not in in_path]
    names = [name for name in named if name != "data" or one.method == "GET"]
    return found + [{"in": "query", "name": name, **known["parameters"][name]} for name in names]


def _flat(table: Iterable[Parameter], *, is_get: bool) -> list[Schema]:
    """Objects and lists are JSON text; a POST has in the query string only what the body cannot have."""
    found = []
    for parameter in table:
        if not (is_get or parameter.is_of_query):
            continue
        schema = of_parameter(parameter)
        place: Schema = {"name": parameter.name, "in": "query", "description": schema.pop("description")}
        is_text = parameter.kind in ("entities", "filters", "breakdowns", "breakdown", "texts", "object", "objects")
        found.append({**place, "content": {JSON: {"schema": schema}}} if is_text else {**place, "schema": schema})
    return found


def _body(names: str | list[str], shown: list[Example]) -> Schema:
    schema = ref(names) if isinstance(names, str) else {"anyOf": [ref(name) for name in names]}
    bodies = {e.name: {"summary": e.title, "value": e.body} for e in shown if e.body is not None}
    return {"required": True, "content": {JSON: {"schema": schema, **({"examples": bodies} if bodies else {})}}}


def _responses(one: Operation, row: dict[str, Any], shown: list[Example]) -> Schema:
    success = row.get("status", 200)
    made: Schema = {f"{success}": _success(row)}
    if "pending" in row:
        made["202"] = _answer(_PENDING, JSON, ref(row["pending"]))
    if row.get("errors") == "text":
        made |= {f"{status}": _text_error(status) for status in (400, 401, 413, 503)}
    elif row.get("errors") == "verdict":
        made |= {f"{status}": _answer(MEANINGS[status], JSON, ref("VerdictError")) for status in (400, 401, 413, 503)}
    else:
        for status in (*row.get("errors", ()), *_of_gate(one)):
            made.setdefault(f"{status}", {"$ref": f"#/components/responses/{status}"})
    for example in shown:
        response = made[f"{example.status}"]
        if "$ref" in response:
            response = made[f"{example.status}"] = _error_response(example.status)
        content = response.setdefault("content", {}).setdefault(example.kind, {})
        content.setdefault("examples", {})[example.name] = {"summary": example.title, "value": example.answer}
    return dict(sorted(made.items()))


def _success(row: dict[str, Any]) -> Schema:
    answer = row.get("answer")
    if answer is None:
        return {"description": "Done; there is no body." if row.get("status") == 204 else "Always."}
    if "/" in answer:
        return _answer("As said.", answer, {"type": "string"})
    schema, pending = listed(answer), row.get("pending")
    # With `force_cache` there may be nothing at once.
    schema = {"anyOf": [schema, ref(pending)]} if pending and pending != answer else schema
    made = _answer("The answer.", JSON, schema)
    if "csv" in row:
        made["content"]["text/csv"] = {"schema": {"type": "string", "description": row["csv"]}}
    return made


def _of_gate(one: Operation) -> list[int]:
    """What `authorize` and what the path names may end in."""
    if one.scopes is None:
        return []
    names_something = "{" in one.path
    is_counted = one.permission is not None and bool(one.scopes)
    return [
        401,
        *([403] if one.scopes or one.is_refused else []),
        *([404] if names_something else []),
        *([429] if is_counted else []),
    ]


def _error_response(status: int) -> Schema:
    codes = ", ".join(f"`{code}`" for code in CODES[status])
    made = _answer(f"{MEANINGS[status]} Codes: {codes}.", JSON, ref("Error"))
    return made | {"headers": _limit_headers()} if status == Throttled.status else made


def _limit_headers() -> Schema:
    """When to come again; and, where RATE_LIMITS is set, what is left of the rate."""
    return {
        name: {"description": words, "schema": {"type": "integer"}}
        for name, words in zip(("Retry-After", *LIMIT_HEADERS), _LIMIT_WORDS, strict=True)
    }


def _text_error(status: int) -> Schema:
    return _answer(MEANINGS[status].replace("key", "token"), "text/plain", {"type": "string"})


def _answer(words: str, kind: str, schema: Schema) -> Schema:
    return {"description": words, "content": {kind: {"schema": schema}}}
