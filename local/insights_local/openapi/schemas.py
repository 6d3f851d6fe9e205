"""The document's schemas: those written in schemas.yaml, and those that a table or a model of the code gives.

Of a kind of objects schemas.yaml has what the table of its fields cannot say; that stands for the whole schema.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import insights_engine
import yaml
from insights_acl.project_settings import SETTINGS
from insights_api import actor_queries
from insights_api.subscription_fields import RUN_ON
from insights_api.targets import TARGET_TYPES
from insights_engine.filters import FILTER_TYPES
from insights_engine.funnel import parameters as funnel
from insights_engine.funnel.node import VISUAL_FIELDS as FUNNEL_VISUAL_FIELDS
from insights_engine.intervals import INTERVALS
from insights_engine.kinds import KINDS
from insights_engine.operators import OPERATORS
from insights_engine.path import parameters as path
from insights_engine.results.modes import MODES
from insights_engine.retention import parameters as retention
from insights_engine.stickiness.model import COMPUTED_AS, CRITERIA
from insights_engine.timing import model as timing
from insights_engine.trend import parameters as trend
from insights_engine.trend.breakdowns import BREAKDOWN_TYPES
from insights_engine.trend.displays import DISPLAYS
from insights_engine.trend.maths import MATHS
from insights_engine.trend.node import VISUAL_FIELDS
from insights_engine.trend.parameters import Kind, Parameter
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from insights_local.openapi import kinds
from insights_local.openapi.errors import CODES, TYPES

Schema = dict[str, Any]

# Tables of flat parameters, by the name that operations.yaml calls them by; `LegacyTrend` is the body of `trend`.
FLAT: dict[str, tuple[Parameter, ...]] = {
    "trend": trend.PARAMETERS,
    "retention": retention.PARAMETERS,
    "path": path.PARAMETERS,
    "funnel": funnel.PARAMETERS,
}
# Those of what stands beside an insight; `LegacyRetentionPeople` is the body of `retention_people`.
TABLES = {
    **FLAT,
    "retention_people": retention.PEOPLE,
    "path_people": path.PEOPLE,
    "funnel_people": funnel.PEOPLE,
    "timing": timing.PARAMETERS,
}
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


def _or_null(name: str) -> Schema:
    return {"anyOf": [ref(name), {"type": "null"}]}


# Properties of nodes that a table checks, wherever they stand.
_NAMED: dict[str, Schema] = {
    "math": _or_null("Math"),
    "math_property_type": {"enum": ["event_properties", "person_properties", "session_properties", None]},
    "interval": _or_null("Interval"),
    "properties": ref("PropertyFilters"),
    "fixedProperties": ref("PropertyFilters"),
    "breakdown_type": _or_null("BreakdownType"),
    "computedAs": {"enum": [*COMPUTED_AS, None]},
}


def schemas() -> dict[str, Schema]:
    text = Path(__file__).with_name("schemas.yaml").read_text("utf-8")
    made: dict[str, Schema] = {
        "Error": _error(),
        **{
            f"Legacy{name.title().replace('_', '')}": _legacy(table)
            for name, table in TABLES.items()
            if _in_body(table)
        },
        "ProjectSettings": _settings(),
        "Math": _names("What a series counts or computes.", {name: math.help for name, math in MATHS.items()}),
        "Operator": _names("How a value is compared.", {name: one.help for name, one in OPERATORS.items()}),
        "FilterType": _names("What a filter's key is a property of.", FILTER_TYPES),
        "BreakdownType": _names("What a breakdown is a property of.", BREAKDOWN_TYPES),
        "Display": {"type": "string", "enum": list(DISPLAYS), "description": "How a trend is shown."},
        "Refresh": _refresh(),
        "QueryNode": {"anyOf": [ref(kind) for kind in KINDS]},
        "Interval": {"type": "string", "enum": list(INTERVALS), "description": "Width of a bucket."},
        "TargetType": {"type": "string", "enum": list(TARGET_TYPES), "description": "By which way a report goes."},
        "RunOn": _names("What sends a report at once.", RUN_ON),
        "InsightActorsQuery": {"anyOf": [ref(_plain(one.node.__name__)) for one in actor_queries.SOURCES.values()]},
    }
    written: dict[str, Schema] = yaml.safe_load(text)
    of_kinds = {name: schema for name, schema in kinds.schemas().items() if name not in written}
    parts: tuple[dict[str, Schema], ...] = (written, made, _nodes(), of_kinds)
    whole = {name: schema for part in parts for name, schema in part.items()}
    if len(whole) < sum(map(len, parts)):
        raise ValueError("two schemas of openapi/schemas.yaml, of a table and of a node have the same name")
    return dict(sorted(whole.items()))


def _names(words: str, helps: Mapping[str, str]) -> Schema:
    lines = "\n".join(f"- `{name}`: {text}" for name, text in helps.items())
    return {"type": "string", "enum": list(helps), "description": f"{words}\n\n{lines}"}


def _refresh() -> Schema:
    """Spellings are text, and true in a body; what is none of them counts as absent."""
    modes = {
        mode.name: f"a fresh result: {mode.fresh}; a stale one: {mode.stale}; none: {mode.miss}."
        if mode.reads
        else f"whatever is kept: {mode.fresh}."
        for mode in MODES.values()
    }
    made = _names(
        "What is done with a result that is kept, in upper or lower case; anything else counts as absent.", modes
    )
    for mode in MODES.values():
        if spelled := [f"`{text}`" for text in mode.aliases if text]:
            more = ", JSON's true, and `refresh` without a value" if "" in mode.aliases else ""
            made["description"] += f"\n\n{', '.join(spelled)}{more} are `{mode.name}`."
    return made | {
        "type": ["string", "boolean"],
        "enum": [*MODES, *(a for m in MODES.values() for a in m.aliases), True],
    }


def _error() -> Schema:
    texts: Schema = {
        "type": {"type": "string", "enum": sorted(TYPES)},
        "code": {"type": "string", "enum": sorted({code for codes in CODES.values() for code in codes})},
        "detail": {"type": "string", "description": "What is wrong, for people."},
        "attr": {"type": ["string", "null"], "description": "The field at fault; a nested one is joined by `__`."},
    }
    extra: Schema = {
        "type": "object",
        "description": "More for programs: `hint`, what may mend it; the rule behind a 403.",
    }
    properties = {**texts, "extra": extra}
    return {"type": "object", "required": list(texts), "properties": properties, "additionalProperties": False}


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
        "entities": {**array, "items": ref("LegacySeries")},
        "filters": ref("PropertyFilters"),
        "breakdowns": {**array, "items": ref("Breakdown")},
        "breakdown": {"type": ["string", "integer", "array"], "items": {"type": ["string", "integer"]}},
        "text": {"type": "string"},
        "texts": {**array, "items": {"type": "string"}},
        "choice": {"type": "string", "enum": list(parameter.choices)},
        "flag": {"type": "boolean"},
        "whole": {"type": "integer"},
        "number": {"type": "number"},
        "object": {"type": "object"},
        "objects": {**array, "items": {"type": "object"}},
        "refresh": ref("Refresh"),
    }
    schema = schemas[parameter.kind]
    default = {} if parameter.default in (None, []) else {"default": parameter.default}
    return {**schema, **default, "description": parameter.help}


def _in_body(table: Iterable[Parameter]) -> bool:
    return any(is_of_body(one) for one in table)


def is_of_body(parameter: Parameter) -> bool:
    return parameter.is_of_body_too or not parameter.is_of_query


def _legacy(table: Iterable[Parameter]) -> Schema:
    properties = {one.name: of_parameter(one) for one in table if is_of_body(one)}
    return {
        "type": "object",
        "description": "Flat filters; what is not named here is ignored.",
        "properties": properties,
    }


def nodes() -> list[type[BaseModel]]:
    """The model of each kind of query node, by its name: `TrendsQueryNode` of `TrendsQuery`."""
    for module in pkgutil.walk_packages(insights_engine.__path__, "insights_engine."):
        importlib.import_module(module.name)
    models = {model.__name__: model for model in _subclasses(BaseModel)}
    return [models[f"{kind}Node"] for kind in KINDS]


def _subclasses(root: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for one in root.__subclasses__():
        yield one
        yield from _subclasses(one)


def _nodes() -> dict[str, Schema]:
    """The closed schemas that node bodies are checked by, with the names that the tables check afterwards."""
    people: list[type[BaseModel]] = [
        actor_queries.ActorsQueryNode,
        *(one.node for one in actor_queries.SOURCES.values()),
    ]
    models: list[tuple[type[BaseModel], Literal["validation"]]] = [(node, "validation") for node in [*nodes(), *people]]
    whole = models_json_schema(models, ref_template=_REF + "{model}")[1]["$defs"]
    found = {_plain(name): _readable(schema) for name, schema in whole.items()}
    for schema in found.values():
        properties = schema.get("properties", {})
        named = {name: made for name, made in _NAMED.items() if name in properties}
        properties |= {name: made for name, made in named.items() if not _is_number(properties[name])}
    for kind in KINDS:
        found[kind]["description"] = "An unknown field is an error."
    found["ActorsQuery"]["properties"]["source"] = ref("InsightActorsQuery")
    for kind, one in actor_queries.SOURCES.items():
        actor = found[_plain(one.node.__name__)]
        actor["description"] = f"Who is behind a part of the answer of a {kind}."
        actor["properties"]["source"] = ref(kind)
    found["BreakdownItem"]["properties"]["type"] = _or_null("BreakdownType")
    found["TrendsFilter"]["properties"] |= {"display": _or_null("Display"), **_pictures(VISUAL_FIELDS)}
    found["FunnelsFilter"]["properties"] |= _pictures(FUNNEL_VISUAL_FIELDS)
    for name in ("TrendsFilter", "FunnelsFilter"):
        found[name].pop("description", None)
    found["Criteria"]["properties"]["operator"]["enum"] = list(CRITERIA)
    return found


def _is_number(schema: Schema) -> bool:
    """The `interval` of a list of people is a row's number."""
    return any(one.get("type") == "integer" for one in schema.get("anyOf", [schema]))


def _plain(name: str) -> str:
    """`_BreakdownItem` -> `BreakdownItem`, `TrendsQueryNode` -> `TrendsQuery`: the node's kind."""
    return name.strip("_").replace("QueryNode", "Query")


def _pictures(names: Iterable[str]) -> dict[str, Schema]:
    return {name: {"description": "Changes the picture only."} for name in sorted(names)}


def _readable(schema: Schema) -> Schema:
    """Without pydantic's titles and null defaults, without underscores in the names of models, `kind` first."""

    def walk(value: Any, is_map: bool = False) -> Any:
        if isinstance(value, list):
            return [walk(inner) for inner in value]
        if not isinstance(value, dict):
            is_ref = isinstance(value, str) and value.startswith(_REF)
            return _REF + _plain(value.removeprefix(_REF)) if is_ref else value
        kept = {k: v for k, v in value.items() if is_map or not (k == "title" or (k == "default" and v is None))}
        made = {k: walk(v, k == "properties" and not is_map) for k, v in kept.items()}
        return {"kind": made["kind"], **made} if is_map and "kind" in made else made

    made: Schema = walk(schema)
    return made
