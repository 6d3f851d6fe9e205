"""Which projects of an organization a caller may know of, and the level on each."""

from __future__ import annotations

from typing import NamedTuple

from insights_engine.store import Store

from insights_acl import keys
from insights_acl.gates import project_gate
from insights_acl.levels import PROJECT
from insights_acl.models import StoredProject
from insights_acl.policy import Caller, Thing, decide
from insights_acl.projects import list_projects
from insights_acl.rule_store import RuleBook


class OpenProject(NamedTuple):
    """`is_private`: a rule says what everybody may do with it."""

    stored: StoredProject
    level: str
    is_private: bool


def level_on(book: RuleBook, caller: Caller) -> str | None:
    """The level on the project whose rules these are."""
    return decide(book.project_wide, caller, Thing(PROJECT, str(book.project_id))).level


def is_private(book: RuleBook) -> bool:
    return any(rule.resource == PROJECT and rule.subject == "default" for rule in book.project_wide)


def open_projects(store: Store, organization_id: str, caller: Caller) -> list[OpenProject]:
    """Those on which the caller is at least a member. One read for the rules of all."""
    return opened(store, list_projects(store, organization_id), caller)


def opened(store: Store, projects: list[StoredProject], caller: Caller) -> list[OpenProject]:
    items = store.get_many([keys.policy(stored.project.id) for stored in projects])
    found = []
    for stored, item in zip(projects, items, strict=True):
        book = RuleBook.of(store, stored.project.id, item)
        gate = project_gate(book.project_wide, caller, str(stored.project.id))
        if gate.is_open:
            found.append(OpenProject(stored, gate.decision.level or "", is_private(book)))
    return found
