"""`/api/organizations/{id}/invites`: nothing is sent; whoever invites hands the token of the answer over."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl import accounts, invites
from insights_acl import fields as checks
from insights_acl.access import Access, authorize
from insights_acl.invites import Wanted
from insights_acl.models import Invite
from insights_engine.errors import NotFound, PermissionDenied
from insights_engine.http import JsonResponse, json_body

from insights_api.members import basic_user
from insights_api.objects import body_of
from insights_api.organizations import admins_part, uuid_of
from insights_api.pagination import page

router = APIRouter()
_INVITES = "/api/organizations/{organization_id}/invites"


@router.get(_INVITES)
async def list_invites(request: Request) -> Response:
    """For admins and owners: those that nobody has accepted, the newest first. Tokens are not in it."""
    access = await authorize(request)
    organization, _ = admins_part(access)
    found = invites.list_invites(access.services.policies, organization.id)
    return JsonResponse(page(request, found, lambda invite: _shown(access, invite)))


@router.post(_INVITES)
async def create_invite(request: Request) -> Response:
    """For admins and owners, up to their own level. `token` is in this answer only: it works once, and for three days.

    An earlier invite of the same address ends.
    """
    access = await authorize(request)
    admins_part(access)
    return JsonResponse(_made(access, [Wanted.of(await body_of(request))], "")[0], status_code=201)


@router.post(_INVITES + "/bulk")
async def create_invites(request: Request) -> Response:
    """The same for a list of up to 20: all of them or none."""
    access = await authorize(request)
    admins_part(access)
    listed = checks.array(await json_body(request), "invites", maximum=invites.MAX_AT_ONCE)
    checks.shallow(listed, "invites")
    wanted = [Wanted.of(checks.mapping(body, f"{index}"), f"{index}__") for index, body in enumerate(listed)]
    return JsonResponse(_made(access, wanted, "{}__"), status_code=201)


@router.delete(_INVITES + "/{invite_id}")
async def delete_invite(request: Request) -> Response:
    """For admins and owners. Its token is unknown from then on."""
    access = await authorize(request)
    organization, _ = admins_part(access)
    store = access.services.policies
    invite = invites.find_invite(store, organization.id, uuid_of(request.path_params["invite_id"]))
    if invite is None:
        raise NotFound
    invites.revoke_invite(store, invite)
    return Response(status_code=204)


def _made(access: Access, wanted: list[Wanted], prefix: str) -> list[dict[str, Any]]:
    organization, own = admins_part(access)
    for one in wanted:
        if one.level > own.level:
            raise PermissionDenied(f"Your level is {own.level.label}: you cannot invite somebody as {one.level.label}.")
    store = access.services.policies
    invites.check_addresses(store, organization.id, wanted, prefix)
    made = invites.create_invites(store, organization, wanted, access.user, now=access.now)
    return [{**_shown(access, invite), "token": token} for invite, token in made]


def _shown(access: Access, invite: Invite) -> dict[str, Any]:
    author = accounts.find_user(access.services.policies, invite.created_by)
    return {
        "id": invite.id,
        "target_email": invite.target_email,
        "first_name": invite.first_name,
        "level": int(invite.level),
        "message": invite.message,
        "emailing_attempt_made": False,
        "is_expired": invites.has_ended(invite, access.now),
        "expires_at": invite.ends_at,
        "created_by": basic_user(author) if author else None,
        "created_at": invite.created_at,
        "updated_at": invite.created_at,
    }
