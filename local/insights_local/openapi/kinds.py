"""What the document says of each kind of objects that levels.py has a route of, read from the kind's row and class."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from functools import cache, partial
from importlib import import_module
from typing import Any

from insights_acl import fields
from insights_acl.levels import ANSWERED, Kind
from insights_api.resource import Field, Resource

Schema = dict[str, Any]

_REF = "#/components/schemas/"
_MOMENT: Schema = {"type": "string", "format": "date-time"}
_AUTHOR: Schema = {"$ref": f"{_REF}Author"}
# What each check takes, by itself. One that is not here tells as much as its return type does.
_CHECKS: dict[Callable[..., Any], Schema] = {
    fields.text: {"type": "string", "minLength": 1, "maxLength": 400},
    fields.boolean: {"type": "boolean"},
    fields.integer: {"type": "integer"},
    fields.date_time: _MOMENT,
    fields.stored_moment: _MOMENT,
    fields.uuid: {"type": "string", "format": "uuid"},
    fields.array: {"type": "array", "maxItems": 1000},
    fields.mapping: {"type": "object"},
    fields.plain: {},
}
_RETURNED = {"str": "string", "bool": "boolean", "int": "integer", "float": "number", "list": "array", "dict": "object"}
_LIMITS = {"string": "maxLength", "array": "maxItems"}


@cache
def class_of(kind: Kind) -> type[Resource]:
    """Raises LookupError that says what the kind's module must have."""
    name = f"insights_api.{kind.route}"
    for found in vars(import_module(name)).values():
        if isinstance(found, type) and issubclass(found, Resource) and getattr(found, "kind", None) == kind.name:
            return found
    raise LookupError(f"levels.py has a row of {kind.name!r}, and {name} has no class of that kind")


def words(kind: Kind) -> dict[str, str]:
    """What operations.yaml puts into the rows of every kind: `an annotation`, `annotations`, `Annotation`."""
    noun, many = kind.name.replace("_", " "), kind.route.replace("_", " ")
    article = "an" if noun[0] in "aeiou" else "a"
    return {"tag": many.capitalize(), "one": f"{article} {noun}", "many": many, "Kind": _title(kind)}


def rows(kind: Kind, templates: dict[str, dict[str, Any]], own: dict[str, str]) -> dict[str, dict[str, Any]]:
    """The kind's operations, by `module.function`. `own`: words that are not the usual ones."""
    said = {**words(kind), **own}
    found = {}
    for method, row in templates.items():
        filled = {name: text.format(**said) if isinstance(text, str) else text for name, text in row.items()}
        found[f"{kind.route}.{method}"] = {"tag": said["tag"], **filled}
    if class_of(kind).matches is Resource.matches:
        listed = found[f"{kind.route}.list_all"]
        listed["query"] = [name for name in listed["query"] if name != "search"]
    return found


def tags(written: dict[str, str | None]) -> dict[str, str]:
    """With the kinds that have none of their own, in place of `others`."""
    found: dict[str, str] = {}
    for name, text in written.items():
        if text is not None:
            found[name] = text
            continue
        for kind in ANSWERED:
            tag = words(kind)["tag"]
            if tag not in written:
                found[tag] = _sentence(kind)
    return found


def path_parameters() -> dict[str, Schema]:
    return {f"{kind.name}_id": _identified(kind) for kind in ANSWERED}


def schemas() -> dict[str, Schema]:
    """Of each kind what a body may have, `AnnotationFields`, and what is answered, `Annotation`."""
    found: dict[str, Schema] = {}
    for kind in ANSWERED:
        made = class_of(kind)
        found[f"{_title(kind)}Fields"] = {"type": "object", "properties": _body(made)}
        found[_title(kind)] = _answer(made)
    return found


def _title(kind: Kind) -> str:
    return kind.name.title().replace("_", "")


def _sentence(kind: Kind) -> str:
    """The first of the module, without the path that it begins with."""
    first = (inspect.getdoc(inspect.getmodule(class_of(kind))) or "").partition("\n\n")[0].replace("\n", " ")
    said = re.sub(r"^`[^`]+`: ", "", first)
    return said[:1].upper() + said[1:]


def _identified(kind: Kind) -> Schema:
    made, one = class_of(kind), words(kind)["one"]
    name = "Number" if made.ids == "number" else "UUID"
    if made.has_short_ids:
        return {"schema": {"type": "string"}, "description": f"{name} or short id of {one}."}
    return {"schema": _id(made), "description": f"{name} of {one}."}


def _id(made: type[Resource]) -> Schema:
    return {"type": "integer"} if made.ids == "number" else {"type": "string", "format": "uuid"}


def _body(made: type[Resource]) -> dict[str, Schema]:
    return {**{field.name: of_field(field) for field in made.fields}, "deleted": {"type": "boolean"}}


def _answer(made: type[Resource]) -> Schema:
    short: dict[str, Schema] = (
        {"short_id": {"type": "string", "minLength": 8, "maxLength": 8}} if made.has_short_ids else {}
    )
    properties = {
        "id": _id(made),
        **short,
        **{name: _answered(schema) for name, schema in _body(made).items()},
        **{"created_at": _MOMENT, "created_by": _AUTHOR, "last_modified_at": _MOMENT, "last_modified_by": _AUTHOR},
        "user_access_level": {"$ref": f"{_REF}UserAccessLevel"},
    }
    return {"type": "object", "required": list(properties), "properties": properties}


def _answered(schema: Schema) -> Schema:
    """What nobody has set is the default, which need not be what may be set."""
    return {name: value for name, value in schema.items() if name not in ("default", "minLength")}


def of_field(field: Field) -> Schema:
    schema = of_check(field.check)
    if field.default not in (None, "", [], {}):
        schema["default"] = field.default
    return {**schema, "description": field.help} if field.help else schema


def of_check(check: Callable[..., Any]) -> Schema:
    """A schema of one's own, to be changed."""
    if not isinstance(check, partial):
        return dict(_CHECKS[check]) if check in _CHECKS else _of_annotation(check)
    if check.func is fields.unless_null:
        return _or_null(of_check(check.args[0]))
    if "known" in check.keywords:
        return {"enum": [*check.keywords["known"]]}
    schema = of_check(check.func)
    if "maximum" in check.keywords:
        schema[_LIMITS[schema["type"]]] = check.keywords["maximum"]
    if check.keywords.get("blank"):
        del schema["minLength"]
    return schema


def _of_annotation(check: Callable[..., Any]) -> Schema:
    returned = str(getattr(check, "__annotations__", {}).get("return", "")).partition("[")[0]
    return {"type": _RETURNED[returned]} if returned in _RETURNED else {}


def _or_null(schema: Schema) -> Schema:
    if "enum" in schema:
        return {**schema, "enum": [*schema["enum"], None]}
    return {**schema, "type": [schema["type"], "null"]} if "type" in schema else schema
