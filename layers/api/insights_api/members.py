"""`/api/organizations/{id}/members`: who belongs to an organization, and on which level."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl import accounts, fields
from insights_acl.access import Access, authorize
from insights_acl.members import checked_level
from insights_acl.models import Membership, User
from insights_engine.errors import NotFound, PermissionDenied
from insights_engine.http import JsonResponse

from insights_api.objects import body_of
from insights_api.organizations import admins_part, own_part, uuid_of
from insights_api.pagination import page

router = APIRouter()
_MEMBERS = "/api/organizations/{organization_id}/members"
_MEMBER = _MEMBERS + "/{user_uuid}"

# What `order` may name; with a `-` before it, the other way round.
_ORDERS: dict[str, Callable[[tuple[Membership, User]], Any]] = {
    "joined_at": lambda pair: (pair[0].joined_at, pair[1].id),
    "level": lambda pair: (pair[0].level, pair[1].id),
    "email": lambda pair: pair[1].email.lower(),
    "first_name": lambda pair: (pair[1].first_name.lower(), pair[1].id),
}


@router.get(_MEMBERS)
async def list_members(request: Request) -> Response:
    """Those who are active, who joined last first. `search` looks in names and addresses."""
    access = await authorize(request)
    organization, _ = own_part(access)
    query = request.query_params
    order = fields.choice(query.get("order", "-joined_at"), "order", [*_ORDERS, *(f"-{name}" for name in _ORDERS)])
    email, search = query.get("email", "").lower(), query.get("search", "").lower()
    found = [
        (membership, user)
        for membership, user in accounts.list_members(access.services.policies, organization)
        if user.is_active and email in ("", user.email.lower()) and search in f"{user.first_name}\n{user.email}".lower()
    ]
    found.sort(key=_ORDERS[order.lstrip("-")], reverse=order.startswith("-"))
    return JsonResponse(page(request, found, lambda pair: member(*pair)))


@router.get(_MEMBER)
async def get_member(request: Request) -> Response:
    """`@me` is the caller."""
    access = await authorize(request)
    own_part(access)
    return JsonResponse(member(*_of_path(access, request)))


@router.patch(_MEMBER)
async def change_member(request: Request) -> Response:
    """Levels, for admins and owners. Nobody gives more than they have, changes who is above them, or their own."""
    access = await authorize(request)
    _, own = admins_part(access)
    membership, user = _of_path(access, request)
    body = await body_of(request)
    if "level" not in body:
        return JsonResponse(member(membership, user))
    if membership.id == own.id:
        raise PermissionDenied("You can't change your own access level.")
    _must_not_be_above(membership, own)
    level = checked_level(body["level"])
    if level > own.level:
        raise PermissionDenied(f"Your level is {own.level.label}: you cannot make somebody {level.label}.")
    return JsonResponse(member(accounts.set_level(access.services.policies, membership, level, now=access.now), user))


@router.delete(_MEMBER)
async def remove_member(request: Request) -> Response:
    """Admins and owners remove members up to their own level; everybody may leave, but not the last owner."""
    access = await authorize(request)
    _, own = own_part(access)
    membership, _ = _of_path(access, request)
    if membership.id != own.id:
        admins_part(access)
        _must_not_be_above(membership, own)
    accounts.remove_member(access.services.policies, membership)
    return Response(status_code=204)


def member(membership: Membership, user: User) -> dict[str, Any]:
    """There are no logins here, so nothing is known of the last one or of its factors."""
    return {
        "id": membership.id,
        "user": basic_user(user),
        "level": int(membership.level),
        "joined_at": membership.joined_at,
        "updated_at": membership.updated_at or membership.joined_at,
        "is_2fa_enabled": False,
        "has_social_auth": False,
        "last_login": None,
    }


def basic_user(user: User) -> dict[str, Any]:
    return {**user.as_author(), "is_email_verified": True, "hedgehog_config": None, "role_at_organization": None}


def _of_path(access: Access, request: Request) -> tuple[Membership, User]:
    named = request.path_params["user_uuid"]
    user_id = access.user.uuid if named == "@me" else uuid_of(named)
    organization, _ = own_part(access)
    membership = accounts.find_membership(access.services.policies, organization.id, user_id)
    user = accounts.find_user(access.services.policies, user_id)
    if membership is None or user is None:
        raise NotFound
    return membership, user


def _must_not_be_above(membership: Membership, own: Membership) -> None:
    if membership.level > own.level:
        raise PermissionDenied(f"Your level is {own.level.label}: you cannot change somebody who is above it.")
