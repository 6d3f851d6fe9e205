"""Property filters as they come: every form that is read, and what is refused with the name of its field."""

from __future__ import annotations

from typing import Any

import pytest
from insights_engine.errors import ValidationError
from insights_engine.filters import EVERYTHING, FILTER_TYPES, Group, Leaf, leaves, parse_filters

A = {"key": "a", "value": "1"}
B = {"key": "b", "value": "2", "operator": "is_not", "type": "person"}


def shape(tree: Group | Leaf) -> Any:
    """`AND(a exact, OR(b is_not))`"""
    if isinstance(tree, Leaf):
        return f"{tree.key} {tree.operator}"
    return f"{tree.type}({', '.join(shape(member) for member in tree.values)})"


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (None, "AND()"),
        ("", "AND()"),
        ([], "AND()"),
        ({}, "AND()"),
        ([A, B], "AND(a exact, b is_not)"),
        (A, "AND(a exact)"),
        ({"type": "OR", "values": [A, B]}, "OR(a exact, b is_not)"),
        ({"type": "OR", "values": []}, "OR()"),
        ({"type": "OR"}, "OR()"),
        ({"values": [A]}, "AND(a exact)"),
        ([{"type": "OR", "values": [A, B]}, B], "AND(OR(a exact, b is_not), b is_not)"),
        (
            {"type": "AND", "values": [{"type": "OR", "values": [A, {"type": "AND", "values": [B]}]}]},
            "AND(OR(a exact, AND(b is_not)))",
        ),
        # the old form
        ({"a": "1", "b__is_not": "2"}, "AND(a exact, b is_not)"),
        ({"a__icontains": ["x", "y"]}, "AND(a icontains)"),
        # without a key or a value it matches everything, an OR that it is part of included
        ([{}], "AND(AND())"),
        ([{"value": "1"}], "AND(AND())"),
        ([{"key": "", "value": "1"}], "AND(AND())"),
        ([{"key": None, "value": "1"}], "AND(AND())"),
        ([{"key": "a"}], "AND(AND())"),
        ([{"key": "a", "value": None}], "AND(AND())"),
        ({"type": "OR", "values": [A, {"key": "a", "value": []}]}, "OR(a exact, AND())"),
        ([{"key": "a", "operator": "is_set"}], "AND(a is_set)"),
        ([{"key": 5, "value": 1}], "AND(5 exact)"),
        ([{"key": "a", "value": 1, "operator": None, "type": None}], "AND(a exact)"),
    ],
)
def test_a_form_is_read(value: Any, read: str) -> None:
    assert shape(parse_filters(value)) == read


def test_nothing_is_everything() -> None:
    assert parse_filters(None) == EVERYTHING


@pytest.mark.parametrize("kind", ["cohort", "static-cohort", "precalculated-cohort"])
@pytest.mark.parametrize("value", [7, "7", [7], ["7"]])
def test_a_cohort_is_named_by_its_id(kind: str, value: Any) -> None:
    (leaf,) = leaves(parse_filters([{"type": kind, "value": value}]))
    assert (leaf.key, leaf.operator, leaf.value) == ("id", "in", 7)


def test_leaves_know_where_they_stood() -> None:
    tree = parse_filters([A, {"type": "OR", "values": [A, B]}], field="events[1].properties")
    assert [leaf.field for leaf in leaves(tree)] == [
        "events[1].properties[0]",
        "events[1].properties[1].values[0]",
        "events[1].properties[1].values[1]",
    ]


def nested(depth: int) -> Any:
    tree: dict[str, Any] = A
    for _ in range(depth):
        tree = {"type": "AND", "values": [tree]}
    return tree


@pytest.mark.parametrize(
    ("value", "attr", "why"),
    [
        (5, "properties", "must be a list of filters or a group"),
        ("x", "properties", "must be a list of filters or a group"),
        ([5], "properties__0", "must be an object"),
        ([[A]], "properties__0", "must be an object"),
        ({"type": "XOR", "values": []}, "properties__type", '"XOR" is not known; did you mean "OR"'),
        ({"type": None, "values": [A]}, "properties__type", "is not known"),
        ({"type": "AND", "values": 5}, "properties__values", "must be a list"),
        ([{"key": "a", "value": 1, "operator": "exakt"}], "properties__0__operator", 'did you mean "exact"'),
        ([{"key": "a", "value": 1, "operator": ["exact"]}], "properties__0__operator", "is not known"),
        ([{"key": "a", "value": 1, "type": "persons"}], "properties__0__type", 'did you mean "person"'),
        ([{"key": "a", "value": 1, "type": {}}], None, None),
        ([{"key": "a", "value": 1, "type": {"a": 1}}], "properties__0__type", "is not known"),
        ({"a__contains": 1}, "properties__a__contains__operator", 'did you mean "icontains"'),
        ([{"key": "x" * 10_001, "value": 1}], "properties__0__key", "too long"),
        ([{"type": "cohort", "value": "all"}], "properties__0__value", "must be the id of a cohort"),
        ([{"type": "cohort", "value": -1}], "properties__0__value", "must be the id of a cohort"),
        ([{"type": "cohort", "value": 2**31}], "properties__0__value", "must be the id of a cohort"),
        ([{"type": "cohort", "value": True}], "properties__0__value", "must be the id of a cohort"),
        ([{"type": "cohort", "value": [1, 2]}], "properties__0__value", "must be the id of a cohort"),
        ([{**A, "type": "group", "group_type_index": 5}], "properties__0__group_type_index", "from 0 to 4"),
        ([{**A, "type": "group", "group_type_index": "x"}], "properties__0__group_type_index", "from 0 to 4"),
        ([{**A, "negation": "yes"}], "properties__0__negation", "must be true or false"),
        ([A] * 501, "properties__500", "More than 500 filters"),
        (nested(50), None, "nested more than 20 levels deep"),
    ],
)
def test_what_cannot_be_meant_names_its_field(value: Any, attr: str | None, why: str | None) -> None:
    if why is None:
        parse_filters(value)
        return
    with pytest.raises(ValidationError, match=why) as caught:
        parse_filters(value)
    assert attr is None or caught.value.attr == attr


def test_twenty_levels_are_read() -> None:
    assert shape(parse_filters(nested(19))).endswith("a exact" + ")" * 19)


def test_every_type_is_read() -> None:
    for kind in FILTER_TYPES:
        assert len(list(leaves(parse_filters([{"key": "id", "value": "1", "type": kind}])))) == 1
