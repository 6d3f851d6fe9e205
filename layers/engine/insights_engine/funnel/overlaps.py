"""Which steps one event could be. What cannot be told is taken to be possible."""

from __future__ import annotations

from collections.abc import Iterator

from insights_engine.definitions import Definitions
from insights_engine.entities import ActionEntity, AnyOf, Entity, EventEntity
from insights_engine.filters import Filter, Leaf
from insights_engine.funnel.rules import is_same
from insights_engine.trend.model import Series


def event_names(entity: Entity, definitions: Definitions) -> frozenset[str] | None:
    """The names of the events that an entity can be; None for any."""
    match entity:
        case EventEntity(event=None):
            return None
        case EventEntity(event=str(name)):
            return frozenset({name})
        case AnyOf(members=members):
            found = [event_names(member, definitions) for member, _ in members]
        case ActionEntity(action_id=number):
            action = definitions.actions.get(number)
            found = [frozenset({step.event}) if step.event else None for step in action.steps] if action else []
    names: set[str] = set()
    for one in found:
        if one is None:
            return None
        names |= one
    return frozenset(names)


def is_equal(one: Series, other: Series) -> bool:
    """Whether two steps are of the same events."""
    return is_same(one.entity, other.entity) and one.filter == other.filter and one.math == other.math


def components(steps: tuple[Series, ...], definitions: Definitions) -> list[tuple[int, ...]]:
    """The steps in groups, by number from 0: no event can be steps of two groups."""
    groups: list[list[int]] = []
    for index, step in enumerate(steps):
        near = [group for group in groups if any(_may_meet(steps[i], step, definitions) for i in group)]
        groups = [group for group in groups if group not in near] + [sorted([i for g in near for i in g] + [index])]
    return sorted(tuple(group) for group in groups)


def _may_meet(one: Series, other: Series, definitions: Definitions) -> bool:
    names, others = event_names(one.entity, definitions), event_names(other.entity, definitions)
    if names is not None and others is not None and not names & others:
        return False
    return not any(_contradict(a, b) for a in _required(one.filter) for b in _required(other.filter))


def _required(tree: Filter) -> Iterator[Leaf]:
    """The leaves that every event must pass."""
    if isinstance(tree, Leaf):
        yield tree
    elif tree.type == "AND" or len(tree.values) == 1:
        for member in tree.values:
            yield from _required(member)


def _contradict(one: Leaf, other: Leaf) -> bool:
    """One property of the event cannot be two texts; what may be a number is written in several ways."""
    same = (one.type, one.key, one.operator) == (other.type, other.key, other.operator)
    if not same or one.type != "event" or one.operator != "exact":
        return False
    values, others = _texts(one), _texts(other)
    return values is not None and others is not None and not values & others


def _texts(leaf: Leaf) -> set[str] | None:
    values = leaf.value if isinstance(leaf.value, list) else [leaf.value]
    texts = {value.lower() for value in values if isinstance(value, str) and not value[:1].isdigit()}
    return texts if len(texts) == len(values) else None
