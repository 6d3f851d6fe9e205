"""Filters, entities and cohorts as conditions on a scan of events. Pure.

A property of the event is tested in place. A property of its person, group or session is a set of those (`IN` a
SELECT), made from the positive form of the operator, so that a negative one also matches who has no such row.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from insights_engine import elements
from insights_engine.definitions import Action, Cohort, Step
from insights_engine.entities import ActionEntity, AnyOf, Entity
from insights_engine.errors import ValidationError, attr_of, unknown
from insights_engine.filters import COHORT_TYPES, MAX_DEPTH, Filter, Leaf, parse_filters
from insights_engine.operators import OPERATORS, Asked, positive
from insights_engine.project import Project
from insights_engine.scan import Scan, json_text, person_text, require_group_index, session_text
from insights_engine.sql import FALSE, TRUE, Sql, both, either, negate

# What a filter by cohort may ask.
_MEMBERSHIP = ("in", "not_in", "exact", "is_not")

# A sample is of persons, by the hash of their number: the same ones at every question.
_SAMPLES = 1_000_000


def matches(scan: Scan, tree: Filter, depth: int = 0) -> Sql:
    """The condition of a filter tree; an empty group matches everything."""
    if isinstance(tree, Leaf):
        return _leaf(scan, tree, depth)
    if not tree.values:
        return TRUE
    join = both if tree.type == "AND" else either
    return join(*(matches(scan, member, depth) for member in tree.values))


def counts(scan: Scan, entity: Entity) -> Sql:
    """The events that an entity stands for; FALSE for an action that does not exist."""
    if isinstance(entity, AnyOf):
        return either(*(both(counts(scan, member), matches(scan, own)) for member, own in entity.members))
    if isinstance(entity, ActionEntity):
        action = scan.definitions.actions.get(entity.action_id)
        return _action(scan, action) if action else FALSE
    return TRUE if entity.event is None else _event(entity.event)


def keeps_test_accounts_out(scan: Scan) -> Sql:
    """The project's `test_account_filters` say what to keep."""
    return matches(scan, parse_filters(list(scan.project.test_account_filters), field="test_account_filters"))


def audience(scan: Scan, *, without_test_accounts: bool, sampling: float | None) -> tuple[Sql, Sql]:
    """Whose events count: the condition of the project's test accounts, and that of a sample of persons."""
    tests = keeps_test_accounts_out(scan) if without_test_accounts else TRUE
    if sampling is None or sampling >= 1:
        return tests, TRUE
    share = round(sampling * _SAMPLES)
    return tests, Sql("cityHash64({p}) % {n:UInt32} < {s:UInt32}", p=scan.person, n=_SAMPLES, s=share)


def people(scan: Scan, cohort: Cohort, depth: int = 0) -> Sql:
    """A SELECT of the person numbers of a cohort: the stored list, or who matches its filters now."""
    if depth > MAX_DEPTH:
        raise ValidationError(f"Cohort {cohort.id} refers to cohorts more than {MAX_DEPTH} levels deep")
    if cohort.is_static:
        return Sql(
            "SELECT person FROM cohort_people FINAL WHERE {mine} AND cohort = {id:UInt32} AND is_deleted = 0",
            mine=scan.is_mine,
            id=cohort.id,
        )
    holds = person_matches(scan, cohort.filters, depth)
    return Sql("SELECT person {source} AND ({holds})", source=scan.persons_source(), holds=holds)


def clean_path(project: Project, path: Sql) -> Sql:
    """The project's path cleaning rules, one after another."""
    rules = ((rule.get("regex"), rule.get("alias")) for rule in project.path_cleaning_filters)
    return replaced(((str(regex), str(alias or "")) for regex, alias in rules if regex), path)


def replaced(rules: Iterable[tuple[str, str]], path: Sql) -> Sql:
    """Every match of each regex by its alias, where `\\1` is the first group; a rule sees what the one before left."""
    for regex, alias in rules:
        template = "replaceRegexpAll({p}, {regex:String}, {alias:String})"
        path = Sql(template, p=path, regex=regex, alias=alias)
    return path


def _event(name: str) -> Sql:
    return Sql("event = {event:String}", event=name)


def _leaf(scan: Scan, leaf: Leaf, depth: int) -> Sql:
    match leaf.type:
        case kind if kind in COHORT_TYPES:
            return _cohort(scan, leaf, depth)
        case "person":
            return _by_set(leaf, scan.person, _person_set(scan, leaf))
        case "group":
            index = require_group_index(leaf.group_type_index, f"{leaf.field}.group_type_index")
            source = scan.groups_source(index)
            holds = _chooses(scan, leaf, json_text(leaf.key))
            return _by_set(leaf, scan.group_key(index), Sql("SELECT key {s} AND ({c})", s=source, c=holds))
        case "session":
            holds = _chooses(scan, leaf, session_text(leaf.key, leaf.field))
            chosen = Sql("SELECT session {s} HAVING {c}", s=scan.sessions_source(), c=holds)
            return _by_set(leaf, Sql("session"), chosen)
        case "element":
            return _element(leaf)
        case "hogql":
            return _expression(scan, leaf)
        case kind:
            return _in_place(scan, leaf, scan.text(kind, leaf.key, leaf.group_type_index, leaf.field))


def _expression(scan: Scan, leaf: Leaf) -> Sql:
    from insights_engine.hogql import condition

    return condition(scan, leaf.key, leaf.field)


def _asked(scan: Scan, leaf: Leaf) -> Asked:
    return Asked(leaf.value, leaf.field, scan.now, scan.project.zone, partial(clean_path, scan.project))


def _positive(scan: Scan, leaf: Leaf, value: Sql) -> Sql:
    return positive(OPERATORS[leaf.operator], value, _asked(scan, leaf))


def _in_place(scan: Scan, leaf: Leaf, value: Sql) -> Sql:
    operator = OPERATORS[leaf.operator]
    holds = _positive(scan, leaf, value)
    if operator.opposite_of is None:
        return holds
    differs = Sql("NOT ifNull({c}, false)", c=holds)
    if _needs_present(leaf):
        return both(Sql("isNotNull({v})", v=value), differs)
    return differs


def _by_set(leaf: Leaf, member: Sql, chosen: Sql) -> Sql:
    """Membership of a set that was selected by `_chooses`."""
    inside = "NOT IN" if _is_opposite(leaf) else "IN"
    return Sql("{m} " + inside + " ({s})", m=member, s=chosen)


def _chooses(scan: Scan, leaf: Leaf, value: Sql) -> Sql:
    """What the set's rows pass: the positive form, or the operator itself where a row must have the property."""
    return _positive(scan, leaf, value) if _is_opposite(leaf) else _in_place(scan, leaf, value)


def _is_opposite(leaf: Leaf) -> bool:
    return OPERATORS[leaf.operator].opposite_of is not None and not _needs_present(leaf)


def _needs_present(leaf: Leaf) -> bool:
    """A distinct id is never missing; of a person's all are looked at."""
    values = leaf.value if isinstance(leaf.value, list) and leaf.key != "distinct_id" else []
    return OPERATORS[leaf.operator].list_needs_present and sum(v is not None for v in values) > 1


def _person_set(scan: Scan, leaf: Leaf) -> Sql:
    if leaf.key == "distinct_id":
        holds = _chooses(scan, leaf, Sql("distinct_id"))
        return Sql("SELECT person FROM person_distinct_ids FINAL WHERE {mine} AND ({c})", mine=scan.is_mine, c=holds)
    holds = _chooses(scan, leaf, person_text(leaf.key))
    return Sql("SELECT person {s} AND ({c})", s=scan.persons_source(), c=holds)


def _cohort(scan: Scan, leaf: Leaf, depth: int) -> Sql:
    cohort = scan.definitions.cohorts.get(leaf.value)
    if cohort is None:
        raise ValidationError(f"Cohort {leaf.value} does not exist in this project", attr=attr_of(leaf.field))
    if leaf.operator not in _MEMBERSHIP:
        raise unknown(f"{leaf.field}.operator", leaf.operator, _MEMBERSHIP)
    outside = leaf.negated or leaf.operator in ("not_in", "is_not")
    return Sql("{p} " + ("NOT IN" if outside else "IN") + " ({s})", p=scan.person, s=people(scan, cohort, depth + 1))


def person_matches(scan: Scan, tree: Filter, depth: int = 0) -> Sql:
    """Filters of people, such as a cohort's, as a condition on the persons table."""
    if not isinstance(tree, Leaf):
        join = both if tree.type == "AND" else either
        return join(*(person_matches(scan, member, depth) for member in tree.values)) if tree.values else TRUE
    if tree.type in COHORT_TYPES:
        plain = Scan(scan.project, scan.definitions, scan.now)
        plain.person = Sql("person")  # the persons table has surviving numbers only
        return _cohort(plain, tree, depth)
    if tree.type not in ("person", "event"):
        raise unknown(f"{tree.field}.type", tree.type, ("person", "cohort"))
    if tree.key == "distinct_id":
        holds = _by_set(tree, Sql("person"), _person_set(scan, tree))
    else:
        holds = _in_place(scan, tree, person_text(tree.key))
    return negate(Sql("ifNull({c}, false)", c=holds)) if tree.negated else holds


def _action(scan: Scan, action: Action) -> Sql:
    """Any step. When every step names an event, those names also choose what is read."""
    steps = either(*(_step(scan, step) for step in action.steps))
    events = [step.event for step in action.steps]
    if len(events) > 1 and all(events):
        return both(Sql("event IN {events:Array(String)}", events=sorted({e for e in events if e})), steps)
    return steps


def _step(scan: Scan, step: Step) -> Sql:
    conditions = [_event(step.event)] if step.event else []
    if step.url:
        conditions.append(_url(step.url, step.url_matching))
    if step.text:
        conditions.append(elements.attribute("text", step.text, step.text_matching))
    if step.href:
        conditions.append(elements.attribute("href", step.href, step.href_matching))
    if step.tag_name:
        conditions.append(elements.tag_name(step.tag_name))
    if step.selector:
        conditions.append(elements.selector(step.selector, "selector"))
    return both(*conditions, matches(scan, step.properties))


def _url(value: str, matching: str) -> Sql:
    url = Sql("properties.`$current_url`")
    if matching == "exact":
        return Sql("{u} = {v:String}", u=url, v=value)
    if matching == "regex":
        return Sql("match({u}, {v:String})", u=url, v=value)
    return Sql("{u} LIKE {v:String}", u=url, v="%" + value.replace("\\", "\\\\") + "%")


def _element(leaf: Leaf) -> Sql:
    """`selector` and `tag_name` take exact and is_not only."""
    operator = OPERATORS[leaf.operator]
    wanted = [str(v) for v in (leaf.value if isinstance(leaf.value, list) else [leaf.value]) if v is not None]
    base = {"in": "exact"}.get(operator.opposite_of or operator.name, operator.opposite_of or operator.name)
    match leaf.key:
        case "selector" if base == "exact":
            holds = either(*(elements.selector(v, attr_of(leaf.field)) for v in wanted))
        case "tag_name" if base == "exact":
            holds = either(*(elements.tag_name(v) for v in wanted))
        case "text" | "href" if base == "is_set":
            holds = elements.has(leaf.key)
        case "text" | "href" if base in ("exact", "icontains", "regex"):
            matching = "contains" if base == "icontains" else base
            holds = either(*(elements.attribute(leaf.key, v, matching) for v in wanted))
        case "selector" | "tag_name" | "text" | "href":
            raise unknown(f"{leaf.field}.operator", leaf.operator, ("exact", "is_not"))
        case _:
            raise unknown(f"{leaf.field}.key", leaf.key, ("selector", "tag_name", "href", "text"))
    return negate(holds) if operator.opposite_of else holds
