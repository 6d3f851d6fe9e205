"""Where rules are kept: those on a project and on whole kinds in one item a project, those on objects one item each.

The project's item is read with the project itself, so the gates of a request cost no read of their own; the rules of
one object, or of all objects of a kind, are one query. Reads are consistent: a rule holds from the next request on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime

from insights_engine.errors import Conflict, ValidationError
from insights_engine.store import ConflictError, Delete, Expect, Item, Put, Store, Write

from insights_acl import keys
from insights_acl.levels import ANSWERED, PROJECT
from insights_acl.models import moment
from insights_acl.policy import Rule

# The store's limit of an item is 400 KB; this is under half of it.
MAX_PROJECT_RULES = 1500
MAX_OBJECTS = 1000  # of a kind, with rules
_ATTEMPTS = 8


@dataclass(slots=True)
class RuleBook:
    """The rules of one project, read as far as a request needs them and each once."""

    store: Store
    project_id: int
    project_wide: tuple[Rule, ...] = ()
    version: int = 0
    _objects: dict[tuple[str, str], tuple[Rule, ...]] = field(default_factory=dict)
    _kinds: dict[str, dict[str, tuple[Rule, ...]]] = field(default_factory=dict)

    @classmethod
    def of(cls, store: Store, project_id: int, item: Item | None) -> RuleBook:
        if item is None:
            return cls(store, project_id)
        return cls(store, project_id, tuple(map(_rule, item["rules"])), int(item["version"]))

    def on_kind(self, resource: str) -> tuple[Rule, ...]:
        """Of the project and of whole kinds, and of every object of this one."""
        if resource not in self._kinds:
            pk, _ = keys.object_rule(self.project_id, resource, "", "")
            of_objects: dict[str, tuple[Rule, ...]] = {}
            for rule in map(_rule, self.store.query(pk)):
                of_objects[rule.resource_id or ""] = (*of_objects.get(rule.resource_id or "", ()), rule)
            self._kinds[resource] = of_objects
        return self.project_wide + tuple(rule for rules in self._kinds[resource].values() for rule in rules)

    def on_object(self, resource: str, object_id: str) -> tuple[Rule, ...]:
        """Of the project and of whole kinds, and of this object."""
        return self.project_wide + self.own_of(resource, object_id)

    def own_of(self, resource: str, object_id: str) -> tuple[Rule, ...]:
        """Of one object alone, whomever they name; of a project, its own."""
        if resource == PROJECT:
            return tuple(rule for rule in self.project_wide if rule.resource == PROJECT)
        if resource in self._kinds:
            return self._kinds[resource].get(object_id, ())
        if (resource, object_id) not in self._objects:
            pk, sk = keys.object_rule(self.project_id, resource, object_id, "")
            self._objects[resource, object_id] = tuple(map(_rule, self.store.query(pk, sk)))
        return self._objects[resource, object_id]


@dataclass(frozen=True, slots=True)
class Change:
    """What a write did: `after` is null for a rule that was removed, `before` for a new one."""

    before: Rule | None
    after: Rule | None


def read(store: Store, project_id: int) -> RuleBook:
    return RuleBook.of(store, project_id, store.get(*keys.policy(project_id)))


def set_rule(store: Store, project_id: int, wanted: Rule, now: datetime, *further: Callable[[Change], Write]) -> Change:
    """Makes the rule, or gives the one of its subject another level. `further` is written with it or not at all."""
    return _write(store, project_id, wanted, wanted.level, now, further)


def remove_rule(
    store: Store, project_id: int, wanted: Rule, now: datetime, *further: Callable[[Change], Write]
) -> Change:
    """Removes the rule of this subject, if there is one."""
    return _write(store, project_id, wanted, None, now, further)


def forget(store: Store, organization_id: str, *, member: str | None = None, role: str | None = None) -> None:
    """Removes every rule that names a member who left, or a role that is gone, from all projects."""
    pk, sk = keys.organization_project(organization_id, 0)
    for entry in store.query(pk, sk.rstrip("0")):
        project_id = int(entry["id"])
        for rule in _all_rules(store, project_id):
            if (member is not None and rule.member == member) or (role is not None and rule.role == role):
                _write(store, project_id, rule, None, None, ())


def _write(
    store: Store,
    project_id: int,
    wanted: Rule,
    level: str | None,
    now: datetime | None,
    further: Sequence[Callable[[Change], Write]],
) -> Change:
    """Again from the start when somebody else wrote meanwhile."""
    write = _in_project_item if _is_project_wide(wanted) else _in_own_item
    for _ in range(_ATTEMPTS):
        change, writes = write(store, project_id, wanted, level, moment(now) if now else "")
        if change.before == change.after:
            return change
        try:
            store.transact([*writes, *(made(change) for made in further)])
        except ConflictError:
            continue
        return change
    raise Conflict


def _in_project_item(
    store: Store, project_id: int, wanted: Rule, level: str | None, at: str
) -> tuple[Change, list[Write]]:
    book = read(store, project_id)
    before = next((rule for rule in book.project_wide if _place(rule) == _place(wanted)), None)
    after = _changed(before, wanted, level, at)
    others = [rule for rule in book.project_wide if rule is not before]
    rules = others + ([after] if after else [])
    if before is None and len(rules) > MAX_PROJECT_RULES:
        raise ValidationError(
            f"Reached the limit of {MAX_PROJECT_RULES} rules on a project and its kinds; give them to roles instead."
        )
    pk, sk = keys.policy(project_id)
    item = {"pk": pk, "sk": sk, "rules": [_fields(rule) for rule in rules], "version": book.version + 1}
    return Change(before, after), [Put(item, book.version or "absent")]


def _in_own_item(store: Store, project_id: int, wanted: Rule, level: str | None, at: str) -> tuple[Change, list[Write]]:
    assert wanted.resource_id is not None
    key = keys.object_rule(project_id, wanted.resource, wanted.resource_id, _subject(wanted))
    item = store.get(*key)
    before = _rule(item) if item else None
    after = _changed(before, wanted, level, at)
    version = int(item["version"]) if item else 0
    expect: Expect = version or "absent"
    if after is None:
        return Change(before, after), [Delete(*key, expect)]
    if before is None:
        _check_room(store, project_id, wanted.resource, wanted.resource_id)
    put = Put({"pk": key[0], "sk": key[1], **_fields(after), "version": version + 1}, expect)
    return Change(before, after), [put]


def _check_room(store: Store, project_id: int, resource: str, resource_id: str) -> None:
    """An object that has a rule already may have another."""
    pk, _ = keys.object_rule(project_id, resource, "", "")
    objects = {item["resource_id"] for item in store.query(pk)}
    if resource_id not in objects and len(objects) >= MAX_OBJECTS:
        raise ValidationError(f"Reached the limit of {MAX_OBJECTS} {resource}s with access control overrides.")


def _all_rules(store: Store, project_id: int) -> list[Rule]:
    book = read(store, project_id)
    of_objects = (rule for kind in ANSWERED for rule in book.on_kind(kind.name) if not _is_project_wide(rule))
    return [*book.project_wide, *of_objects]


def _is_project_wide(rule: Rule) -> bool:
    return rule.resource_id is None or rule.resource == PROJECT


def _changed(before: Rule | None, wanted: Rule, level: str | None, at: str) -> Rule | None:
    if level is None:
        return None
    if before is None:
        return replace(wanted, level=level, created_at=at, updated_at=at)
    return before if before.level == level else replace(before, level=level, updated_at=at)


def _place(rule: Rule) -> tuple[str, str | None, str]:
    return rule.resource, rule.resource_id, _subject(rule)


def _subject(rule: Rule) -> str:
    return f"M#{rule.member}" if rule.member else f"R#{rule.role}" if rule.role else "*"


def _rule(item: Item) -> Rule:
    return Rule(**{name: item[name] for name in Rule.__slots__ if name in item})


def _fields(rule: Rule) -> Item:
    return {name: value for name, value in asdict(rule).items() if value is not None}
