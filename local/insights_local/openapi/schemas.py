"""The document's schemas: those written in schemas.yaml, and those that a table or a model of the code gives."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from insights_acl.project_settings import SETTINGS
from insights_engine.filters import FILTER_TYPES
from insights_engine.intervals import INTERVALS
from insights_engine.operators import OPERATORS
from insights_engine.trend.breakdowns import BREAKDOWN_TYPES
from insights_engine.trend.displays import DISPLAYS
from insights_engine.trend.maths import MATHS
from insights_engine.trend.node import VISUAL_FIELDS, TrendsQueryNode
from insights_engine.trend.parameters import PARAMETERS, Kind, Parameter

from insights_local.openapi.errors import CODES, TYPES

Schema = dict[str, Any]

_REF = "#/components/schemas/"
_JSON_TYPES = {str: "string", bool: "boolean", int: "integer", list: "array", dict: "object"}


def ref(name: str) -> Schema:
    return {"$ref": _REF + name}


def listed(text: str) -> Schema:
    """`Cohort`, `array of Cohort`, `results of Cohort`, `page of Cohort`."""
    form, _, name = text.rpartition(" of ")
    if not form:
        return ref(name)
    array: Schema = {"type": "array", "items": ref(name)}
    if form == "array":
        return array
    address = {"type": ["string", "null"], "format": "uri"}
    page: Schema = {"count": {"type": "integer"}, "next": address, "previous": address} if form == "page" else {}
    return {"type": "object", "required": ["results"], "properties": {**page, "results": array}}


def schemas() -> dict[str, Schema]:
    text = Path(__file__).with_name("schemas.yaml").read_text("utf-8")
    made: dict[str, Schema] = {
        "Error": _error(),
        "LegacyTrend": _legacy(),
        "ProjectSettings": _settings(),
        "Math": _names("What a series counts or computes.", {name: math.help for name, math in MATHS.items()}),
        "Operator": _names("How a value is compared.", {name: one.help for name, one in OPERATORS.items()}),
        "FilterType": _names("What a filter's key is a property of.", FILTER_TYPES),
        "BreakdownType": _names("What a breakdown is a property of.", BREAKDOWN_TYPES),
        "Display": {"type": "string", "enum": list(DISPLAYS), "description": "How a trend is shown."},
        "Interval": {"type": "string", "enum": list(INTERVALS), "description": "Width of a bucket."},
    }
    return dict(sorted({**yaml.safe_load(text), **made, **_nodes()}.items()))


def _names(words: str, helps: Mapping[str, str]) -> Schema:
    lines = "\n".join(f"- `{name}`: {text}" for name, text in helps.items())
    return {"type": "string", "enum": list(helps), "description": f"{words}\n\n{lines}"}


def _error() -> Schema:
    texts: Schema = {
        "type": {"type": "string", "enum": sorted(TYPES)},
        "code": {"type": "string", "enum": sorted({code for codes in CODES.values() for code in codes})},
        "detail": {"type": "string", "description": "What is wrong, for people."},
        "attr": {"type": ["string", "null"], "description": "The field at fault; a nested one is joined by `__`."},
    }
    return {"type": "object", "required": list(texts), "properties": texts, "additionalProperties": False}


def _settings() -> Schema:
    """Every one may be left out; what is not named here is ignored."""
    properties: dict[str, Schema] = {}
    for setting in SETTINGS:
        kind = _JSON_TYPES.get(type(setting.default))
        properties[setting.name] = {
            **({"type": kind} if kind else {}),
            "default": setting.default,
            "description": setting.help,
        }
    return {"type": "object", "properties": properties}


def of_parameter(parameter: Parameter) -> Schema:
    """In a JSON body; a query string has the same values as text."""
    array: Schema = {"type": "array"}
    schemas: dict[Kind, Schema] = {
        "entities": {**array, "items": ref("Entity")},
        "filters": ref("PropertyFilters"),
        "breakdowns": {**array, "items": ref("Breakdown")},
        "breakdown": {"type": ["string", "integer", "array"], "items": {"type": ["string", "integer"]}},
        "text": {"type": "string"},
        "choice": {"type": "string", "enum": list(parameter.choices)},
        "flag": {"type": "boolean"},
        "whole": {"type": "integer"},
        "number": {"type": "number"},
    }
    schema = schemas[parameter.kind]
    default = {} if parameter.default in (None, []) else {"default": parameter.default}
    return {**schema, **default, "description": parameter.help}


def _legacy() -> Schema:
    properties = {one.name: of_parameter(one) for one in PARAMETERS if not one.is_of_query}
    return {"type": "object", "description": "Flat filters; what is not named here is ignored.", "properties": properties}


def _nodes() -> dict[str, Schema]:
    """The closed schema that node bodies are checked by, with the names that its tables check afterwards."""
    whole = TrendsQueryNode.model_json_schema(ref_template=_REF + "{model}")
    found: dict[str, Schema] = {**whole.pop("$defs"), "TrendsQuery": whole}
    found = {name.strip("_"): _readable(schema) for name, schema in found.items()}
    for name in ("EventsNode", "ActionsNode"):
        properties = found[name]["properties"]
        properties["math"] = _or_null("Math")
        properties["math_property_type"]["enum"] = ["event_properties", "person_properties", "session_properties", None]
        properties["properties"] = properties["fixedProperties"] = ref("PropertyFilters")
    found["BreakdownItem"]["properties"]["type"] = _or_null("BreakdownType")
    found["BreakdownFilter"]["properties"]["breakdown_type"] = _or_null("BreakdownType")
    found["TrendsFilter"]["properties"]["display"] = _or_null("Display")
    found["TrendsFilter"]["properties"] |= _pictures(VISUAL_FIELDS)
    found["TrendsFilter"].pop("description", None)
    found["TrendsQuery"]["properties"] |= {"interval": _or_null("Interval"), "properties": ref("PropertyFilters")}
    found["TrendsQuery"]["description"] = "An unknown field is an error."
    return found


def _or_null(name: str) -> Schema:
    return {"anyOf": [ref(name), {"type": "null"}]}


def _pictures(names: Iterable[str]) -> dict[str, Schema]:
    return {name: {"description": "Changes the picture only."} for name in sorted(names)}


def _readable(schema: Schema) -> Schema:
    """Without the titles that pydantic gives, and without underscores in the names of models."""

    def walk(value: Any, is_map: bool = False) -> Any:
        if isinstance(value, list):
            return [walk(inner) for inner in value]
        if not isinstance(value, dict):
            return value.replace(_REF + "_", _REF) if isinstance(value, str) else value
        return {k: walk(v, k == "properties" and not is_map) for k, v in value.items() if is_map or k != "title"}

    made: Schema = walk(copy.deepcopy(schema))
    return made
