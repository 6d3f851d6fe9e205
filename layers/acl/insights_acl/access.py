"""The gate that every endpoint passes first: who asks, with which key, for which project, and whether that is allowed.

    access = await authorize(request)

In this order, each step with the API's status and words: the key (401), the project or organization of the path, the
key's scopes and restrictions (403), whether what the path names exists (404), the user's part in it, the project's
rules, the rules on the kind of object (403), the key's rates (429). What a route needs stands in the table of
permissions. Everything but the rates is read in two round trips to the policies store; `?token=` takes a third,
`@current` up to five.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from fastapi import Request
from insights_engine import keys as engine_keys
from insights_engine.errors import AuthenticationFailed, NotFound, PermissionDenied
from insights_engine.project import Project
from insights_engine.rate_classes import RateClass
from insights_engine.services import Services, current

from insights_acl import keys, rate_limits, restrictions, shares
from insights_acl.credentials import Candidate, body_fields, find_key
from insights_acl.gates import project_gate, route_gate
from insights_acl.levels import PROJECT
from insights_acl.lookup import Found, Target, look_up
from insights_acl.models import Membership, Organization, PersonalKey, StoredProject, User
from insights_acl.permissions import Permission, permission_of
from insights_acl.personal_keys import note_use
from insights_acl.policy import Caller
from insights_acl.refusals import no_project, not_a_member, refused
from insights_acl.rule_store import RuleBook


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
    permission: Permission
    book: RuleBook | None = None
    # A sharing link instead of a user: no rule gives nobody anything, so what does not ask for it stays closed.
    share: shares.Share | None = None
    # The classes of requests that this one counts in, and what each has left.
    counted: dict[RateClass, int] = field(default_factory=dict, compare=False)
    # A dashboard's tiles are threads of one request, which counts once.
    counting: Lock = field(default_factory=Lock, compare=False, repr=False)

    @property
    def caller(self) -> Caller:
        """Who asks, as rules see it."""
        return Caller.of(self.user.uuid, self.membership, self.organization)

    @property
    def rules(self) -> RuleBook:
        """The access rules of the project of the path."""
        if self.book is None:
            raise NotFound("Project not found.")
        return self.book

    @property
    def project(self) -> Project:
        """The project of the path. Raises NotFound on a route that has none."""
        if self.stored_project is None:
            raise NotFound("Project not found.")
        return self.stored_project.project


async def authorize(request: Request) -> Access:
    """Raises NotAuthenticated, AuthenticationFailed, PermissionDenied, NotFound, Throttled."""
    services = current()
    now = services.now()
    permission = permission_of(request.method, request.scope["route"].path)
    if shares.PARAMETER in request.query_params:
        token, password = request.query_params[shares.PARAMETER], request.headers.get(shares.HEADER)
        named = str(request.path_params.get("project_id"))
        store = services.policies
        share = shares.open_for_api(store, token, password, permission.path, request.method, named, now)
        access = of_share(share, services, now, permission)
        rate_limits.take_on_entry(access)
        return access
    candidate = await find_key(request)
    target = Target.of(request.path_params, await _token(request, permission.body_token))
    found = _who(candidate, target, services)
    key = note_use(services.policies, found.key, now)
    if target.token is not None and found.project is None:
        raise AuthenticationFailed("Project token found in request is invalid.")
    restrictions.check(found, target, permission.required_scopes, hides=permission.hides)
    _must_exist(found, target)
    book = RuleBook.of(services.policies, found.project.project.id, found.policy) if found.project else None
    who = (found.user, key, found.membership, found.organization)
    access = Access(*who, found.project, services, now, permission, book)
    _policy_gate(access, target)
    rate_limits.take_on_entry(access)
    return access


def of_share(share: shares.Share, services: Services, now: datetime, permission: Permission) -> Access:
    """Nobody, in the project of a sharing link. Raises NotFound."""
    project_id, store = share.project_id, services.policies
    project, policy = store.get_many([engine_keys.project(project_id), keys.policy(project_id)])
    if project is None:
        raise NotFound
    nobody = User("", 0, "", is_active=False)
    key = PersonalKey("", "", "", "", "", ())
    book = RuleBook.of(store, project_id, policy)
    return Access(nobody, key, None, None, StoredProject.from_item(project), services, now, permission, book, share)


def of_user(user_id: str, project_id: int, services: Services, now: datetime) -> Access:
    """What somebody may read now, without a request: for what is done in their name later, such as a report.

    As `authorize`, but for the key. Raises NotFound, PermissionDenied.
    """
    permission = permission_of("GET", "/api/projects/{project_id}/insights/{insight_id}")
    store = services.policies
    user, project, policy = store.get_many(
        [keys.user(user_id), engine_keys.project(project_id), keys.policy(project_id)]
    )
    if project is None:
        raise NotFound("Project not found.")
    stored = StoredProject.from_item(project)
    organization_id = stored.project.organization_id
    membership, organization = store.get_many(
        [keys.membership(user_id, organization_id), keys.organization(organization_id)]
    )
    if user is None or not user["is_active"] or membership is None or organization is None:
        raise PermissionDenied("You don't have access to the project.")
    access = Access(
        User.from_item(user),
        PersonalKey("", "", user_id, "", "", ("*",)),
        Membership.from_item(membership),
        Organization.from_item(organization),
        stored,
        services,
        now,
        permission,
        RuleBook.of(store, project_id, policy),
    )
    _policy_gate(access, Target(project=str(project_id)))
    return access


async def authenticate(request: Request) -> Access:
    """Only who asks: for routes that describe the caller, which no restriction to projects or organizations closes."""
    services = current()
    now = services.now()
    permission = permission_of(request.method, request.scope["route"].path)
    candidate = await find_key(request)
    found = _who(candidate, Target(), services)
    restrictions.check_scopes(found.key, permission.required_scopes)
    key = note_use(services.policies, found.key, now)
    access = Access(found.user, key, found.membership, found.organization, None, services, now, permission)
    rate_limits.take_on_entry(access)
    return access


def _who(candidate: Candidate, target: Target, services: Services) -> Found:
    found = look_up(services.policies, candidate.value, target)
    if found is None or not found.user.is_active:
        raise candidate.refused()
    return found


def _policy_gate(access: Access, target: Target) -> None:
    """The one place where a caller's rights on a project and on a kind of its objects are decided."""
    hides = access.permission.hides and not target.is_current
    if access.membership is None and (target.has_project or target.has_organization):
        if hides:
            raise NotFound("Not found." if target.has_project else "Organization not found.")
        raise not_a_member("project" if target.has_project else "organization")
    if access.book is None:
        return
    gate = project_gate(access.book.project_wide, access.caller, str(access.project.id))
    if not gate.is_open and hides:
        raise NotFound
    if not gate.is_open:
        raise refused(gate, "You don't have access to the project.")
    _route_gate(access, access.book)


def _route_gate(access: Access, book: RuleBook) -> None:
    """What names the caller on single objects is read only where the level on the kind does not do."""
    permission = access.permission
    if permission.resource == PROJECT:
        return
    needs = {"writes": permission.writes, "creates": permission.creates}
    gate = route_gate(book.project_wide, access.caller, permission.resource, **needs)
    if not gate.is_open and not permission.creates:
        gate = route_gate(book.on_kind(permission.resource), access.caller, permission.resource, **needs)
    if not gate.is_open:
        raise refused(gate)


def _must_exist(found: Found, target: Target) -> None:
    if target.has_project and found.project is None:
        raise no_project(target.project or "")
    if (target.has_project or target.has_organization) and found.organization is None:
        raise NotFound("Organization not found.")


async def _token(request: Request, body_token: bool) -> str | None:
    if "token" in request.query_params:
        return request.query_params["token"]
    if body_token:
        value = (await body_fields(request)).get("api_key")
        return value if isinstance(value, str) and value else None
    return None
