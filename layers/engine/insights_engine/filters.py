"""Property filters as data: a tree of groups and leaves, read from either form of the request and checked once.

Reading follows the API where it forgives: an incomplete leaf and an empty group match everything. What is wrong is an
error that names the field.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from insights_engine.errors import ValidationError, attr_of, unknown
from insights_engine.operators import OPERATORS
from insights_engine.project import MAX_GROUP_TYPES

# The property types that a filter may name, and what they are a property of. One row a type.
FILTER_TYPES = {
    "event": "the event",
    "person": "the person, as of now",
    "group": "the event's group of `group_type_index`, as of now",
    "session": "the event's session",
    "cohort": "membership of a cohort",
    "static-cohort": "the same as cohort",
    "precalculated-cohort": "the same as cohort",
    "element": "the clicked element",
    "event_metadata": "a column of the event",
    "hogql": "a boolean SQL expression",
}
COHORT_TYPES = frozenset({"cohort", "static-cohort", "precalculated-cohort"})
# More than any client sends; a deeper or larger tree is refused before ClickHouse has to.
MAX_DEPTH, MAX_LEAVES, MAX_VALUES, MAX_TEXT = 20, 500, 10_000, 10_000


@dataclass(frozen=True, slots=True)
class Leaf:
    key: str
    type: str
    operator: str
    value: Any
    group_type_index: int | None = None
    negated: bool = False
    # Where it stood in the request, for errors that only the compiler can find.
    field: str = "properties"


@dataclass(frozen=True, slots=True)
class Group:
    type: Literal["AND", "OR"]
    values: tuple[Group | Leaf, ...] = ()


Filter = Group | Leaf
EVERYTHING = Group("AND")


def parse_filters(value: Any, *, field: str = "properties") -> Group:
    """A list (all must hold), a group of groups or leaves, or the old `{"key__operator": value}` object."""
    count = [0]
    if value is None or value == "":
        return EVERYTHING
    if isinstance(value, list):
        return Group("AND", tuple(_members(value, field, 1, count)))
    if not isinstance(value, dict):
        raise ValidationError(f"{field} must be a list of filters or a group", attr=attr_of(field))
    if "values" in value or ("type" in value and "key" not in value):
        return _group(value, field, 1, count)
    if "key" in value:
        return Group("AND", tuple(_members([value], field, 1, count)))
    return Group("AND", tuple(_old_form(value, field, count)))


def leaves(tree: Filter) -> Iterator[Leaf]:
    if isinstance(tree, Leaf):
        yield tree
        return
    for member in tree.values:
        yield from leaves(member)


def written(tree: Filter) -> dict[str, Any]:
    """A filter as the API writes it."""
    if isinstance(tree, Group):
        return {"type": tree.type, "values": [written(member) for member in tree.values]}
    leaf: dict[str, Any] = {"key": tree.key, "type": tree.type, "operator": tree.operator, "value": tree.value}
    if tree.group_type_index is not None:
        leaf["group_type_index"] = tree.group_type_index
    return leaf | ({"negation": True} if tree.negated else {})


def applied(everywhere: Group, test_accounts: Sequence[Any] | None, own: Iterable[tuple[str, Group]]) -> dict[str, Any]:
    """What events had to pass, for those who ask why: all of them, those of test accounts, and each part's own."""
    found: dict[str, Any] = {"properties": written(everywhere)}
    if test_accounts is not None:
        found["test_account_filters"] = list(test_accounts)
    return found | {field: written(tree) for field, tree in own if tree.values}


def _group(value: dict[str, Any], field: str, depth: int, count: list[int]) -> Group:
    kind = value.get("type", "AND")
    if kind not in ("AND", "OR"):
        raise unknown(f"{field}.type", kind, ("AND", "OR"))
    members = value.get("values") or []
    if not isinstance(members, list):
        raise ValidationError(f"{field}.values must be a list", attr=attr_of(f"{field}.values"))
    return Group(kind, tuple(_members(members, f"{field}.values", depth + 1, count)))


def _members(values: list[Any], field: str, depth: int, count: list[int]) -> Iterator[Filter]:
    if depth > MAX_DEPTH:
        raise ValidationError(f"{field} is nested more than {MAX_DEPTH} levels deep", attr=attr_of(field))
    for index, member in enumerate(values):
        place = f"{field}[{index}]"
        if not isinstance(member, dict):
            raise ValidationError(f"{place} must be an object", attr=attr_of(place))
        if "values" in member and "key" not in member:
            yield _group(member, place, depth, count)
        else:
            yield _leaf(member, place, count)


def _old_form(value: dict[str, Any], field: str, count: list[int]) -> Iterator[Filter]:
    for name, wanted in value.items():
        key, _, operator = name.partition("__")
        yield _leaf({"key": key, "value": wanted, "operator": operator or "exact"}, f"{field}.{name}", count)


def _leaf(value: dict[str, Any], field: str, count: list[int]) -> Filter:
    """Without a key or a value it matches everything, and so does an OR that it is part of."""
    count[0] += 1
    if count[0] > MAX_LEAVES:
        raise ValidationError(f"More than {MAX_LEAVES} filters", attr=attr_of(field))
    kind = value.get("type") or "event"
    if not isinstance(kind, str) or kind not in FILTER_TYPES:
        raise unknown(f"{field}.type", kind, FILTER_TYPES)
    operator = value.get("operator") or ("in" if kind in COHORT_TYPES else "exact")
    if not isinstance(operator, str) or operator not in OPERATORS:
        raise unknown(f"{field}.operator", operator, OPERATORS)
    key, wanted = value.get("key"), value.get("value")
    if kind in COHORT_TYPES:
        key = key or "id"
    if not isinstance(key, str | int) or isinstance(key, bool) or key == "":
        return EVERYTHING
    if kind == "hogql":
        # An expression takes long to read, so it counts for several filters.
        count[0] += len(str(key)) // 10
    if len(str(key)) > MAX_TEXT:
        raise ValidationError(f"{field}.key is too long", attr=attr_of(f"{field}.key"))
    if kind != "hogql" and OPERATORS[operator].takes_value and not _is_asked(wanted, field):
        return EVERYTHING
    return Leaf(
        key=str(key),
        type=kind,
        operator=operator,
        value=_cohort_id(wanted, field) if kind in COHORT_TYPES else wanted,
        group_type_index=group_index(value.get("group_type_index"), f"{field}.group_type_index"),
        negated=_boolean(value.get("negation"), f"{field}.negation"),
        field=field,
    )


def _is_asked(value: Any, field: str) -> bool:
    """False for no value and for an empty list: such a filter matches everything. Refuses what nothing can equal."""
    values = value if isinstance(value, list) else [value]
    if len(values) > MAX_VALUES:
        raise ValidationError(f"{field}.value has more than {MAX_VALUES} entries", attr=attr_of(f"{field}.value"))
    for one in values:
        if isinstance(one, dict):
            raise ValidationError(f"{field}.value must not be an object", attr=attr_of(f"{field}.value"))
        if isinstance(one, str) and len(one) > MAX_TEXT:
            raise ValidationError(f"{field}.value is longer than {MAX_TEXT} characters", attr=attr_of(f"{field}.value"))
    return any(one is not None for one in values)


def _cohort_id(value: Any, field: str) -> int:
    one = value[0] if isinstance(value, list) and len(value) == 1 else value
    try:
        number = int(one) if not isinstance(one, bool) else 0
    except (TypeError, ValueError, OverflowError):
        number = 0
    if not 0 < number < 2**31:
        raise ValidationError(f"{field}.value must be the id of a cohort", attr=attr_of(f"{field}.value"))
    return number


def group_index(value: Any, field: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, str) and value.isdecimal():
        value = int(value[:4])
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < MAX_GROUP_TYPES:
        raise ValidationError(f"{field} must be a whole number from 0 to {MAX_GROUP_TYPES - 1}", attr=attr_of(field))
    return int(value)


def _boolean(value: Any, field: str) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    raise ValidationError(f"{field} must be true or false", attr=attr_of(field))
