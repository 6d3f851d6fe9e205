"""`/api/signup/{token}`: how an invited person gets in. The token is the credential; nobody needs a key to look."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl import fields, restrictions
from insights_acl.accounts import checked_first_name
from insights_acl.credentials import find_key
from insights_acl.invites import open_invite
from insights_acl.joining import Joined, accept
from insights_acl.lookup import Target, look_up
from insights_acl.models import User
from insights_engine.errors import NotAuthenticated, PermissionDenied
from insights_engine.http import JsonResponse
from insights_engine.services import Services, current

from insights_api.members import basic_user
from insights_api.objects import body_of
from insights_api.organizations import brief_organization

router = APIRouter()
_SIGNUP = "/api/signup/{token}"


@router.get(_SIGNUP)
async def invitation(request: Request, token: str) -> Response:
    """Who invites whom. The address is masked: whoever has the token by mistake learns little."""
    services = current()
    opened = open_invite(services.policies, token, now=services.now())
    shown = {
        "id": opened.invite.id,
        "organization_name": opened.organization.name,
        "target_email": _masked(opened.invite.target_email),
        "first_name": opened.invite.first_name,
        "expires_at": opened.invite.ends_at,
    }
    return JsonResponse(shown)


@router.post(_SIGNUP)
async def sign_up(request: Request, token: str) -> Response:
    """A new address gets an account, and a personal key of all scopes, which is shown this once.

    An address that has an account needs a key of that account with the request (scope `user:write`), and joins.
    """
    services = current()
    open_invite(services.policies, token, now=services.now())
    caller = await _caller(request, services)
    body = await body_of(request)
    name = checked_first_name(body["first_name"]) if "first_name" in body else None
    label = fields.text(body.get("label", "first key"), "label", maximum=40)
    joined = accept(services.policies, token, caller, name, label, now=services.now())
    return JsonResponse(_shown(joined), status_code=201)


async def _caller(request: Request, services: Services) -> User | None:
    """Whose key came with the request. A key that is held to projects or organizations opens no further one."""
    try:
        candidate = await find_key(request)
    except NotAuthenticated:
        return None
    found = look_up(services.policies, candidate.value, Target())
    if found is None or not found.user.is_active:
        raise candidate.refused()
    if found.key.scoped_teams or found.key.scoped_organizations:
        raise PermissionDenied("A key that is restricted to projects or organizations cannot accept an invite.")
    restrictions.check_scopes(found.key, ("user:write",))
    return found.user


def _shown(joined: Joined) -> dict[str, Any]:
    return {
        "user": basic_user(joined.user),
        "organization": brief_organization(joined.organization, joined.membership),
        "personal_api_key": joined.key_value,
    }


def _masked(email: str) -> str:
    """`a****@example.com`."""
    name, _, domain = email.rpartition("@")
    return f"{name[:1]}****@{domain}"
