"""`/api/organizations/{id}/roles`: named sets of members that access rules can name."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl import accounts, fields, role_members, roles
from insights_acl.access import Access, authorize
from insights_acl.models import Role
from insights_acl.role_members import Member
from insights_engine.errors import NotFound
from insights_engine.http import JsonResponse
from insights_engine.store import Store

from insights_api.members import basic_user, member
from insights_api.objects import body_of
from insights_api.organizations import admins_part, own_part, uuid_of
from insights_api.pagination import page

router = APIRouter()
_ROLES = "/api/organizations/{organization_id}/roles"
_ROLE = _ROLES + "/{role_id}"
_MEMBERSHIPS = _ROLE + "/role_memberships"


@router.get(_ROLES)
async def list_roles(request: Request) -> Response:
    """Oldest first, each with its members."""
    access = await authorize(request)
    store, organization_id = access.services.policies, own_part(access)[0].id
    members = role_members.members_of_each(store, organization_id)
    found = roles.list_roles(store, organization_id)
    return JsonResponse(page(request, found, lambda role: _shown(store, role, members.get(role.id, []))))


@router.post(_ROLES)
async def create_role(request: Request) -> Response:
    """For admins and owners."""
    access = await authorize(request)
    organization, _ = admins_part(access)
    name = fields.required(await body_of(request), "name")
    store = access.services.policies
    made = roles.create_role(store, organization.id, name, now=access.now, created_by=access.user.uuid)
    return JsonResponse(_shown(store, made, []), status_code=201)


@router.get(_ROLE)
async def get_role(request: Request) -> Response:
    access = await authorize(request)
    role = _of_path(access, request)
    return JsonResponse(_shown(access.services.policies, role, role_members.members_of(access.services.policies, role)))


@router.patch(_ROLE)
async def change_role(request: Request) -> Response:
    """Its name. For admins and owners."""
    access = await authorize(request)
    admins_part(access)
    role, body, store = _of_path(access, request), await body_of(request), access.services.policies
    if "name" in body:
        role = roles.rename_role(store, role, body["name"])
    return JsonResponse(_shown(store, role, role_members.members_of(store, role)))


@router.delete(_ROLE)
async def delete_role(request: Request) -> Response:
    """For admins and owners. Rules that name the role go with it, and its members stay in the organization."""
    access = await authorize(request)
    organization, _ = admins_part(access)
    roles.delete_role(access.services.policies, organization.id, uuid_of(request.path_params["role_id"]))
    return Response(status_code=204)


@router.get(_MEMBERSHIPS)
async def list_role_memberships(request: Request) -> Response:
    """Those who are active, who joined first first."""
    access = await authorize(request)
    found = role_members.members_of(access.services.policies, _of_path(access, request))
    return JsonResponse(page(request, found, _role_membership))


@router.post(_MEMBERSHIPS)
async def create_role_membership(request: Request) -> Response:
    """For admins and owners: `user_uuid` is one of the organization's members."""
    access = await authorize(request)
    organization, _ = admins_part(access)
    role, store = _of_path(access, request), access.services.policies
    user_id = fields.uuid(fields.required(await body_of(request), "user_uuid"), "user_uuid")
    entry = role_members.assign(store, role, user_id, now=access.now)
    membership = accounts.find_membership(store, organization.id, user_id)
    user = accounts.find_user(store, user_id)
    if membership is None or user is None:  # removed at this very moment
        raise NotFound
    return JsonResponse(_role_membership(Member(entry, membership, user)), status_code=201)


@router.delete(_MEMBERSHIPS + "/{role_membership_id}")
async def delete_role_membership(request: Request) -> Response:
    """For admins and owners."""
    access = await authorize(request)
    admins_part(access)
    entry_id = uuid_of(request.path_params["role_membership_id"])
    role_members.unassign(access.services.policies, _of_path(access, request), entry_id)
    return Response(status_code=204)


def _of_path(access: Access, request: Request) -> Role:
    organization, _ = own_part(access)
    role = roles.find_role(access.services.policies, organization.id, uuid_of(request.path_params["role_id"]))
    if role is None:
        raise NotFound
    return role


def _shown(store: Store, role: Role, members: list[Member]) -> dict[str, Any]:
    author = accounts.find_user(store, role.created_by) if role.created_by else None
    return {
        "id": role.id,
        "name": role.name,
        "created_at": role.created_at,
        "created_by": basic_user(author) if author else None,
        "members": [_role_membership(one) for one in members],
        "is_default": False,
    }


def _role_membership(one: Member) -> dict[str, Any]:
    return {
        "id": one.entry.id,
        "role_id": one.entry.role_id,
        "organization_member": member(one.membership, one.user),
        "user": basic_user(one.user),
        "joined_at": one.entry.joined_at,
        "updated_at": one.entry.joined_at,
    }
