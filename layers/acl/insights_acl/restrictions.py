"""What a personal key is not good for, whatever its user may do: scopes, scoped projects, scoped organizations."""

from __future__ import annotations

from insights_engine.errors import NotFound, PermissionDenied

from insights_acl.lookup import Found, Target
from insights_acl.models import Membership, Organization, PersonalKey
from insights_acl.refusals import no_project
from insights_acl.scopes import allows


def check(found: Found, target: Target, scopes: tuple[str, ...], *, hides: bool) -> None:
    """In this order: the endpoint has scopes at all, the key's projects and organizations, the key's scopes."""
    if not scopes:
        raise PermissionDenied("This action does not support personal API key access")
    if not found.key.scopes:
        raise _missing(scopes[0])
    _check_projects(found, target)
    _check_organizations(found, target, hides=hides)
    check_scopes(found.key, scopes)


def check_scopes(key: PersonalKey, scopes: tuple[str, ...]) -> None:
    """`a|b`: either will do. Raises PermissionDenied."""
    for scope in scopes:
        if not any(allows(key.scopes, one) for one in scope.split("|")):
            raise _missing(scope)


def _check_projects(found: Found, target: Target) -> None:
    allowed = found.key.scoped_teams
    if not allowed:
        return
    if not target.has_project:
        detail = "API keys with scoped projects are only supported on project-based endpoints."
        raise PermissionDenied(detail)
    if found.project is None:
        raise no_project(target.project or "")
    if found.project.project.id not in allowed:
        detail = f"API key does not have access to the requested project: ID {found.project.project.id}."
        raise PermissionDenied(detail)


def _check_organizations(found: Found, target: Target, *, hides: bool) -> None:
    organization, allowed = found.organization, found.key.scoped_organizations
    if organization is None or not (target.has_project or target.has_organization):
        return
    if allowed and organization.id not in allowed:
        if hides or target.is_current:
            raise NotFound
        detail = f"API key does not have access to the requested organization: ID {organization.id}."
        raise PermissionDenied(detail)
    check_members_keys(organization, found.membership)


def check_members_keys(organization: Organization, membership: Membership | None) -> None:
    """Some organizations let admins alone use keys. Raises PermissionDenied."""
    if not organization.members_can_use_personal_api_keys and membership and not membership.is_admin:
        raise PermissionDenied(
            f"Organization '{organization.name}' does not allow using personal API keys. "
            "Contact an admin to enable personal API keys for this organization."
        )


def _missing(scope: str) -> PermissionDenied:
    return PermissionDenied(f"API key missing required scope '{scope.partition('|')[0]}'")
