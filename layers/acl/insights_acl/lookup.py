"""What a request names, read from the policies store in as few round trips as its path allows."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from insights_engine import keys as engine_keys
from insights_engine.store import Item, Key, Store

from insights_acl import keys
from insights_acl.models import Membership, Organization, PersonalKey, StoredProject, User
from insights_acl.tokens import hash_of

CURRENT = "@current"
_NUMBER = re.compile(r"[0-9]{1,10}")
_NOWHERE: Key = ("NONE", "NONE")


@dataclass(frozen=True, slots=True)
class Target:
    """The project or organization that a path names; null where it names none."""

    project: str | None = None
    organization: str | None = None
    token: str | None = None

    @classmethod
    def of(cls, path: Mapping[str, Any], token: str | None) -> Target:
        """A project says which organization; one that the path names as well is the route's to compare."""
        project = path.get("project_id")
        return cls(None, path.get("organization_id")) if project is None else cls(project, None, token)

    @property
    def has_project(self) -> bool:
        return self.project is not None

    @property
    def has_organization(self) -> bool:
        return self.organization is not None

    @property
    def is_current(self) -> bool:
        return CURRENT in (self.project, self.organization) and self.token is None

    def project_key(self) -> Key:
        """Of the token's entry, or of the project itself; of nothing where neither is known yet."""
        if self.token is not None:
            return engine_keys.project_token(self.token)
        return engine_keys.project(int(self.project)) if self.project and _NUMBER.fullmatch(self.project) else _NOWHERE

    def policy_key(self) -> Key:
        """Of the project's rules, where its number is known; a token's is not yet."""
        known = self.token is None and self.project is not None and _NUMBER.fullmatch(self.project)
        return keys.policy(int(self.project or 0)) if known else _NOWHERE

    def organization_key(self) -> str | None:
        if self.organization is None or self.organization == CURRENT:
            return None
        try:
            return str(UUID(self.organization))
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Found:
    key: PersonalKey
    user: User
    membership: Membership | None
    organization: Organization | None
    project: StoredProject | None
    # The item of rules on the project and its kinds, where there is one.
    policy: Item | None = None


def look_up(store: Store, key_value: str, target: Target) -> Found | None:
    """None when there is no such key. What the path names and does not exist is null in the answer."""
    key_hash = hash_of(key_value)
    key_item, first, policy = store.get_many([keys.personal_key(key_hash), target.project_key(), target.policy_key()])
    if key_item is None or not hmac.compare_digest(key_item["hash"], key_hash):
        return None
    key = PersonalKey.from_item(key_item)
    if target.token is not None:
        first, policy = _project_and_policy(store, int(first["project_id"])) if first else (None, None)
    project = StoredProject.from_item(first) if first else None
    if target.is_current or not (target.has_project or target.has_organization):
        return _from_current(store, key, target)
    organization_id = project.project.organization_id if project else target.organization_key()
    return _from_path(store, key, organization_id, project, policy)


def _project_and_policy(store: Store, project_id: int) -> tuple[Item | None, Item | None]:
    project, policy = store.get_many([engine_keys.project(project_id), keys.policy(project_id)])
    return project, policy


def _from_path(
    store: Store, key: PersonalKey, organization_id: str | None, project: StoredProject | None, policy: Item | None
) -> Found | None:
    wanted = [keys.user(key.user_id)]
    if organization_id is not None:
        wanted += [keys.membership(key.user_id, organization_id), keys.organization(organization_id)]
    user, membership, organization, *_ = (*store.get_many(wanted), None, None)
    if user is None:
        return None
    return Found(
        key,
        User.from_item(user),
        Membership.from_item(membership) if membership else None,
        Organization.from_item(organization) if organization else None,
        project,
        policy,
    )


def _from_current(store: Store, key: PersonalKey, target: Target) -> Found | None:
    """One query gives the user with all memberships; then the current project, if it is one of theirs."""
    items = store.query(keys.user(key.user_id)[0])
    user = next((User.from_item(item) for item in items if item["sk"] == "USER"), None)
    if user is None:
        return None
    memberships = _memberships(items)
    project, policy, organization = None, None, None
    organization_id = _current_organization(user, memberships)
    if target.project == CURRENT:
        project = _current_project(store, user, memberships)
        organization_id = project.project.organization_id if project else None
    if organization_id:
        policy_key = keys.policy(project.project.id) if project else _NOWHERE
        organization, policy = store.get_many([keys.organization(organization_id), policy_key])
    return Found(
        key,
        user,
        memberships.get(organization_id or ""),
        Organization.from_item(organization) if organization else None,
        project,
        policy,
    )


def _current_organization(user: User, memberships: Mapping[str, Membership]) -> str | None:
    if user.current_organization_id in memberships:
        return user.current_organization_id
    oldest = sorted(memberships.values(), key=lambda m: (m.joined_at, m.organization_id))
    return oldest[0].organization_id if oldest else None


def current_project(store: Store, user: User) -> StoredProject | None:
    """What `@current` stands for."""
    return _current_project(store, user, _memberships(store.query(*keys.membership(user.uuid, ""))))


def _current_project(store: Store, user: User, memberships: Mapping[str, Membership]) -> StoredProject | None:
    """The chosen one while the user has a part in it, else the first of the current organization."""
    if user.current_project_id is not None:
        item = store.get(*engine_keys.project(user.current_project_id))
        if item and item["organization_id"] in memberships:
            return StoredProject.from_item(item)
    organization_id = _current_organization(user, memberships)
    if organization_id is None:
        return None
    pk, sk = keys.organization_project(organization_id, 0)
    first = store.query(pk, sk.rstrip("0"), limit=1)
    item = store.get(*engine_keys.project(first[0]["id"])) if first else None
    return StoredProject.from_item(item) if item else None


def _memberships(items: list[Item]) -> dict[str, Membership]:
    """By organization, of the items of a user."""
    found = [Membership.from_item(item) for item in items if item["sk"].startswith("MEMBERSHIP#")]
    return {membership.organization_id: membership for membership in found}
