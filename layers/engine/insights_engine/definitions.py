"""Actions and cohorts, as queries need them, and the one read that fetches those that a query names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from insights_engine import keys
from insights_engine.filters import COHORT_TYPES, EVERYTHING, Filter, Group, leaves, parse_filters
from insights_engine.project import Project
from insights_engine.store import Item, Key, Store


@dataclass(frozen=True, slots=True)
class Step:
    """One way to match an action: all that is given must hold."""

    event: str | None = None
    properties: Group = EVERYTHING
    url: str | None = None
    url_matching: str = "contains"
    text: str | None = None
    text_matching: str = "exact"
    href: str | None = None
    href_matching: str = "exact"
    tag_name: str | None = None
    selector: str | None = None

    @classmethod
    def from_dict(cls, value: Mapping[str, Any], place: str = "steps") -> Step:
        def given(name: str) -> str | None:
            return str(value[name]) if value.get(name) else None

        return cls(
            event=given("event"),
            properties=parse_filters(value.get("properties"), field=f"{place}.properties"),
            url=given("url"),
            url_matching=given("url_matching") or "contains",
            text=given("text"),
            text_matching=given("text_matching") or "exact",
            href=given("href"),
            href_matching=given("href_matching") or "exact",
            tag_name=given("tag_name"),
            selector=given("selector"),
        )


@dataclass(frozen=True, slots=True)
class Action:
    """An event matches when any step does."""

    id: int
    name: str
    steps: tuple[Step, ...] = ()

    @classmethod
    def from_item(cls, item: Item) -> Action:
        steps = enumerate(item.get("steps") or ())
        return cls(item["id"], item.get("name") or "", tuple(Step.from_dict(s, f"steps[{i}]") for i, s in steps))


@dataclass(frozen=True, slots=True)
class Cohort:
    """Persons that match `filters` (computed when asked), or a stored list of them."""

    id: int
    name: str
    is_static: bool = False
    filters: Group = EVERYTHING

    @classmethod
    def from_item(cls, item: Item) -> Cohort:
        properties = (item.get("filters") or {}).get("properties")
        filters = parse_filters(properties, field="filters.properties")
        return cls(item["id"], item.get("name") or "", bool(item.get("is_static")), filters)


@dataclass(frozen=True, slots=True)
class Definitions:
    """What a query refers to by id. An id that is not here does not exist in the project.

    `types` are those of properties, by source (`event`, `person`, `group0` …) and name, where a query asks for them.
    """

    actions: Mapping[int, Action] = field(default_factory=dict)
    cohorts: Mapping[int, Cohort] = field(default_factory=dict)
    types: Mapping[tuple[str, str], str] = field(default_factory=dict)


def cohort_ids(trees: Iterable[Filter]) -> set[int | str]:
    """Ids, and names where an SQL expression has `IN COHORT 'name'`."""
    found: set[int | str] = set()
    for leaf in (leaf for tree in trees for leaf in leaves(tree)):
        if leaf.type in COHORT_TYPES:
            found.add(leaf.value)
        elif leaf.type == "hogql":
            found |= cohorts_in(leaf.key)
    return found


def cohorts_in(*expressions: str | None) -> set[int | str]:
    """Ids and names of the cohorts that SQL expressions name."""
    if not any(text and "cohort" in text.lower() for text in expressions):
        return set()
    from insights_engine.hogql import cohorts_named

    return {named for text in expressions if text for named in cohorts_named(text)}


def named_by(
    store: Store,
    project: Project,
    filters: Iterable[Filter],
    *,
    actions: Iterable[int] = (),
    cohorts: Iterable[int | str] = (),
    without_tests: bool = False,
) -> Definitions:
    """What a query names, in its filters and beside them; `without_tests`: the project's filters of tests count too."""
    trees = [*filters]
    if without_tests:
        trees.append(parse_filters(list(project.test_account_filters), field="test_account_filters"))
    wanted = {*cohorts, *cohort_ids(trees)}
    actions = set(actions)
    return load(store, project.id, actions, wanted) if actions or wanted else Definitions()


def load(store: Store, project_id: int, action_ids: Iterable[int], cohort_ids_: Iterable[int | str]) -> Definitions:
    """The named ones and, level by level, the cohorts that those name; deleted ones are left out."""
    actions: dict[int, Action] = {}
    cohorts: dict[int, Cohort] = {}
    wanted = action_keys = [keys.action(project_id, i) for i in set(action_ids)]
    cohort_keys = _cohort_keys(store, project_id, set(cohort_ids_))
    seen: set[Key] = set()
    while wanted or cohort_keys:
        batch = [*wanted, *(key for key in cohort_keys if key not in seen)]
        seen.update(batch)
        further: set[int | str] = set()
        for item in _live(store.get_many(batch)):
            if (item["pk"], item["sk"]) in action_keys:
                action = actions[item["id"]] = Action.from_item(item)
                further |= cohort_ids(step.properties for step in action.steps)
            else:
                cohort = cohorts[item["id"]] = Cohort.from_item(item)
                further |= cohort_ids([cohort.filters])
        wanted = []
        cohort_keys = [key for key in _cohort_keys(store, project_id, further) if key not in seen]
    return Definitions(actions, cohorts)


def all_cohorts(store: Store, project_id: int) -> set[int | str]:
    """The ids of the project's cohorts, for `load`."""
    partition, first = keys.cohort(project_id, 0)
    return {item["id"] for item in _live(store.query(partition, first.rstrip("0")))}


def _cohort_keys(store: Store, project_id: int, wanted: set[int | str]) -> list[Key]:
    """Names are looked for among all of the project's cohorts; several may have the same."""
    ids = {one for one in wanted if isinstance(one, int)}
    if len(ids) < len(wanted):
        partition, first = keys.cohort(project_id, 0)
        named = _live(store.query(partition, first.rstrip("0")))
        ids |= {item["id"] for item in named if item.get("name") in wanted}
    return [keys.cohort(project_id, i) for i in ids]


def _live(items: Iterable[Item | None]) -> list[Item]:
    return [item for item in items if item is not None and not item.get("deleted")]
