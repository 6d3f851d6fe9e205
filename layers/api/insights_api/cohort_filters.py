"""What a cohort's `filters` may be, and the older `groups` in their form.

{"properties": {"type": "OR", "values": [{"type": "AND", "values": [leaf, ...]}]}}
"""

from __future__ import annotations

from typing import Any

from insights_acl import fields
from insights_engine.errors import ValidationError, unknown
from insights_engine.filters import parse_filters

_ATTR = "filters"
_GROUP_KEYS = frozenset({"type", "values"})
# What upstream's clients send back as they got it, and what is not stored.
_DERIVED_KEYS = frozenset({"bytecode", "bytecode_error", "conditionHash"})
_VALUELESS = ("is_set", "is_not_set")
# One row a kind of leaf: the keys it must have, and those it may have.
_LEAVES = {
    "person": (("key", "operator", "value"), ("negation",)),
    "cohort": (("key", "value"), ("operator", "negation", "cohort_name")),
}
_NO_PROPERTIES = "Must contain a 'properties' key with type and values"


def checked_filters(value: Any) -> dict[str, Any]:
    """Filters as they are stored. Raises ValidationError on `filters`."""
    whole = fields.mapping(fields.plain(value, _ATTR), _ATTR)
    properties = whole.get("properties")
    if not isinstance(properties, dict) or not properties.keys() >= _GROUP_KEYS:
        raise ValidationError(_NO_PROPERTIES, attr=_ATTR)
    _only(whole, frozenset({"properties"}), "filters")
    tree = _group(properties, "filters.properties")
    parse_filters(tree, field="filters.properties")
    return {"properties": tree}


def filters_of_groups(value: Any) -> dict[str, Any]:
    """`[{"properties": [...]}, ...]`: any of the groups, in each all of its properties."""
    groups = []
    for index, group in enumerate(fields.array(fields.plain(value, "groups"), "groups", maximum=100)):
        place = f"groups__{index}"
        if "properties" not in fields.mapping(group, place):
            if {"event_id", "action_id", "days"} & group.keys():
                raise _behavioral()
            raise ValidationError("This field is required.", attr=f"{place}__properties", code="required")
        properties = group["properties"]
        if isinstance(properties, dict) and "values" in properties:
            parse_filters(properties, field=f"groups[{index}].properties")
            groups.append(_group(properties, "filters.properties"))
            continue
        leaves = fields.array(_listed(properties), f"{place}__properties")
        parse_filters(leaves, field=f"groups[{index}].properties")
        groups.append({"type": "AND", "values": [_old_leaf(leaf, f"{place}__properties") for leaf in leaves]})
    return checked_filters({"properties": {"type": "OR", "values": groups}})


def _group(value: dict[str, Any], place: str) -> dict[str, Any]:
    if value.get("type") not in ("AND", "OR"):
        raise unknown(f"{place}.type", value.get("type"), ("AND", "OR"))
    if not isinstance(value["values"], list):
        raise ValidationError(f"{place}.values must be a list", attr=_ATTR)
    _only(value, _GROUP_KEYS, place)
    members = [_member(member, f"{place}.values[{index}]") for index, member in enumerate(value["values"])]
    return {"type": value["type"], "values": members}


def _member(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValidationError(f"{place} must be an object", attr=_ATTR)
    if "values" in value:
        if "type" not in value:
            raise ValidationError(f"{place}.type is required with values", attr=_ATTR)
        return _group(value, place)
    return _leaf({key: inner for key, inner in value.items() if key not in _DERIVED_KEYS}, place)


def _leaf(leaf: dict[str, Any], place: str) -> dict[str, Any]:
    kind = leaf.get("type")
    if kind == "behavioral":
        raise _behavioral()
    if not isinstance(kind, str) or kind not in _LEAVES:
        raise unknown(f"{place}.type", kind, _LEAVES)
    must, may = _LEAVES[kind]
    optional = ("value",) if leaf.get("operator") in _VALUELESS else ()
    missing = [name for name in must if leaf.get(name) is None and name not in optional]
    if missing:
        raise ValidationError(f"Missing required keys for {kind} filter: {', '.join(missing)}", attr=_ATTR)
    _only(leaf, frozenset({"type", *must, *may}), place)
    if not isinstance(leaf["key"], str):
        raise ValidationError(f"{place}.key must be a string", attr=_ATTR)
    if kind == "cohort" and leaf["key"] != "id":
        raise ValidationError(f'{place}.key must be "id" for a cohort', attr=_ATTR)
    return leaf


def _old_leaf(value: Any, attr: str) -> dict[str, Any]:
    leaf = fields.mapping(value, attr)
    known = {name: inner for name, inner in leaf.items() if name in ("key", "value", "operator", "negation", "type")}
    kind = known.get("type") or "person"
    if kind == "cohort":
        known.setdefault("key", "id")
    else:
        known["operator"] = known.get("operator") or "exact"
    return {**known, "type": "person" if kind == "event" else kind}


def _listed(properties: Any) -> Any:
    """The oldest form is an object, `{"key__operator": value}`."""
    if not isinstance(properties, dict):
        return properties
    pairs = ((name.partition("__"), value) for name, value in properties.items())
    return [{"key": key, "operator": operator or "exact", "value": value} for (key, _, operator), value in pairs]


def _only(value: dict[str, Any], known: frozenset[str], place: str) -> None:
    for name in value:
        if name not in known:
            error = unknown(f"{place}.{name[:100]}", name, sorted(known))
            raise ValidationError(error.detail, attr=_ATTR)


def _behavioral() -> ValidationError:
    return ValidationError("Filters on what people did (behavioral) are not supported yet.", attr=_ATTR)
