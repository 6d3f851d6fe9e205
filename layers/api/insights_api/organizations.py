"""`/api/organizations`: the ones the caller belongs to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl import accounts, fields
from insights_acl.access import Access, authorize
from insights_acl.models import Membership, Organization
from insights_acl.policy import Caller
from insights_acl.project_levels import open_projects
from insights_engine.errors import Conflict, NotFound, PermissionDenied, ValidationError
from insights_engine.http import JsonResponse
from insights_engine.store import ConflictError, Store

from insights_api.objects import body_of
from insights_api.pagination import page
from insights_api.projects import brief_project

router = APIRouter()
_KEYS = "members_can_use_personal_api_keys"
_MOST = 50  # organizations that a user may belong to and still make another


@router.get("/api/organizations")
async def list_organizations(request: Request) -> Response:
    """Those that the key is restricted to, where it is."""
    access = await authorize(request)
    store, allowed = access.services.policies, access.key.scoped_organizations
    found = [(o, m) for o, m in accounts.organizations_of(store, access.user) if not allowed or o.id in allowed]
    return JsonResponse(page(request, found, lambda pair: brief_organization(*pair)))


@router.post("/api/organizations")
async def create_organization(request: Request) -> Response:
    """The caller is its owner. `@current` stays what it was."""
    access = await authorize(request)
    store = access.services.policies
    if access.key.scoped_organizations:
        raise PermissionDenied("A key that is restricted to organizations cannot make another one.")
    name = fields.required(await body_of(request), "name")
    if len(accounts.memberships_of(store, access.user)) >= _MOST:
        raise ValidationError(f"You can belong to {_MOST} organizations. Leave one first.")
    made = accounts.create_organization(store, name, now=access.now, owner=access.user)
    membership = accounts.find_membership(store, made.id, access.user.uuid)
    return JsonResponse(full_organization(store, made, membership), status_code=201)


@router.get("/api/organizations/{organization_id}")
async def get_organization(request: Request) -> Response:
    access = await authorize(request)
    organization, membership = own_part(access)
    return JsonResponse(full_organization(access.services.policies, organization, membership))


@router.patch("/api/organizations/{organization_id}")
async def change_organization(request: Request) -> Response:
    """For admins and owners. Only what the body names changes."""
    access = await authorize(request)
    organization, membership = admins_part(access)
    body = await body_of(request)
    changed = organization
    if "name" in body:
        changed = replace(changed, name=accounts.organization_name(body["name"]))
    if _KEYS in body:
        changed = replace(changed, members_can_use_personal_api_keys=fields.boolean(body[_KEYS], _KEYS))
    if changed != organization:
        try:
            changed = accounts.update_organization(access.services.policies, changed)
        except ConflictError as error:
            raise Conflict from error
    return JsonResponse(full_organization(access.services.policies, changed, membership))


def own_part(access: Access) -> tuple[Organization, Membership]:
    """The organization of the path, and what the caller is in it."""
    if access.organization is None or access.membership is None:
        raise NotFound("Organization not found.")
    return access.organization, access.membership


def admins_part(access: Access) -> tuple[Organization, Membership]:
    """The same, for admins and owners. Raises PermissionDenied."""
    organization, membership = own_part(access)
    if not membership.is_admin:
        raise PermissionDenied("Your organization access level is insufficient.")
    return organization, membership


def uuid_of(text: str) -> str:
    """Raises NotFound for what is no uuid: it names nothing."""
    try:
        return str(UUID(text))
    except ValueError as error:
        raise NotFound from error


def brief_organization(organization: Organization, membership: Membership | None) -> dict[str, Any]:
    return {
        "id": organization.id,
        "name": organization.name,
        "slug": organization.id,
        "logo_media_id": None,
        "membership_level": int(membership.level) if membership else None,
        "members_can_use_personal_api_keys": organization.members_can_use_personal_api_keys,
    }


def full_organization(store: Store, organization: Organization, membership: Membership | None) -> dict[str, Any]:
    """`teams` and `projects` are the same, those that the member may open: upstream calls them environments."""
    caller = Caller.of(membership.user_id if membership else "", membership, organization)
    projects = [brief_project(project) for project in open_projects(store, organization.id, caller)]
    return {
        **brief_organization(organization, membership),
        "created_at": organization.created_at,
        "updated_at": organization.created_at,
        "teams": projects,
        "projects": projects,
        "available_product_features": [{"key": name, "name": name} for name in organization.features],
        "is_member_join_email_enabled": False,
        "metadata": {},
    }
