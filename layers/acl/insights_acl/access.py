"""The gate that every endpoint passes first: who asks, with which key, for which project, and whether that is allowed.

    access = await authorize(request, "insight:read")

In this order, each step with the API's status and words: the key (401), the project or organization of the path, the
key's scopes and restrictions (403), whether what the path names exists (404), the user's part in it (403, in
`_policy_gate`). Everything the request needs is read in two round trips to the policies store; `?token=` takes a
third, `@current` up to five.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from insights_engine.errors import AuthenticationFailed, NotFound, PermissionDenied
from insights_engine.project import Project
from insights_engine.services import Services, current

from insights_acl import restrictions
from insights_acl.credentials import body_fields, find_key
from insights_acl.lookup import Found, Target, look_up
from insights_acl.models import Membership, Organization, PersonalKey, StoredProject, User
from insights_acl.personal_keys import note_use


@dataclass(frozen=True, slots=True)
class Access:
    """What a request may use. `organization` and `membership` are those of the path, else the user's current ones."""

    user: User
    key: PersonalKey
    membership: Membership | None
    organization: Organization | None
    stored_project: StoredProject | None
    services: Services
    now: datetime

    @property
    def project(self) -> Project:
        """The project of the path. Raises NotFound on a route that has none."""
        if self.stored_project is None:
            raise NotFound("Project not found.")
        return self.stored_project.project


async def authorize(request: Request, *scopes: str, hides: bool = False, body_token: bool = False) -> Access:
    """Every scope of `scopes` is needed; with none the endpoint cannot be used by a personal key at all.

    `hides`: the route is the project or organization itself, so one that the caller has no part in is a 404, not a 403.
    `body_token`: a legacy route, where `api_key` in the body names the project as `?token=` does everywhere.
    """
    services = current()
    now = services.now()
    candidate = await find_key(request)
    target = Target.of(request.path_params, await _token(request, body_token))
    found = look_up(services.policies, candidate.value, target)
    if found is None or not found.user.is_active:
        raise candidate.refused()
    key = note_use(services.policies, found.key, now)
    if target.token is not None and found.project is None:
        raise AuthenticationFailed("Project token found in request is invalid.")
    restrictions.check(found, target, scopes, hides=hides)
    _must_exist(found, target)
    access = Access(found.user, key, found.membership, found.organization, found.project, services, now)
    _policy_gate(access, target, scopes, hides=hides)
    return access


async def authenticate(request: Request, *scopes: str) -> Access:
    """Only who asks: for routes that describe the caller, which no restriction to projects or organizations closes."""
    services = current()
    now = services.now()
    candidate = await find_key(request)
    found = look_up(services.policies, candidate.value, Target())
    if found is None or not found.user.is_active:
        raise candidate.refused()
    restrictions.check_scopes(found.key, scopes)
    key = note_use(services.policies, found.key, now)
    return Access(found.user, key, found.membership, found.organization, None, services, now)


def _policy_gate(access: Access, target: Target, scopes: tuple[str, ...], *, hides: bool) -> None:
    """The one place where a caller's rights on a project are decided.

    A project's level is at least `member` for every member of its organization; access policies will lower or raise
    it here, and `scopes` says what they are to be asked about.
    """
    if access.membership is not None or not (target.has_project or target.has_organization):
        return
    if hides and not target.is_current:
        raise NotFound("Not found." if target.has_project else "Organization not found.")
    raise PermissionDenied(f"You don't have access to the {'project' if target.has_project else 'organization'}.")


def _must_exist(found: Found, target: Target) -> None:
    if target.has_project and found.project is None:
        raise NotFound("Project not found.")
    if (target.has_project or target.has_organization) and found.organization is None:
        raise NotFound("Organization not found.")


async def _token(request: Request, body_token: bool) -> str | None:
    if "token" in request.query_params:
        return request.query_params["token"]
    if body_token:
        value = (await body_fields(request)).get("api_key")
        return value if isinstance(value, str) and value else None
    return None
