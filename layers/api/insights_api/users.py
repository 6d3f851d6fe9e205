"""`/api/users/@me`: the first thing that most clients ask for."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl import accounts
from insights_acl.access import Access, authenticate
from insights_acl.lookup import current_project
from insights_acl.models import Membership, Organization, User
from insights_acl.policy import Caller
from insights_acl.project_levels import opened
from insights_engine.errors import NotFound
from insights_engine.http import JsonResponse
from insights_engine.store import Store

from insights_api.organizations import brief_organization, full_organization
from insights_api.projects import brief_project

router = APIRouter()


@router.get("/api/users/@me")
async def me(request: Request) -> Response:
    return JsonResponse(_me(await authenticate(request)))


@router.get("/api/users/{user_id}")
async def user(request: Request) -> Response:
    """Only oneself can be read."""
    access = await authenticate(request)
    if request.path_params["user_id"] != access.user.uuid:
        raise NotFound
    return JsonResponse(_me(access))


def _me(access: Access) -> dict[str, Any]:
    store, user = access.services.policies, access.user
    organizations = accounts.organizations_of(store, user)
    return {
        "id": user.id,
        "uuid": user.uuid,
        "distinct_id": user.uuid,
        "date_joined": user.created_at,
        "first_name": user.first_name,
        "last_name": "",
        "email": user.email,
        "is_email_verified": True,
        "is_staff": False,
        "organization": full_organization(store, access.organization, access.membership)
        if access.organization
        else None,
        "organizations": [brief_organization(o, m) for o, m in organizations],
        "team": _team(store, user, organizations),
    }


def _team(store: Store, user: User, organizations: list[tuple[Organization, Membership]]) -> dict[str, Any] | None:
    """The current project, if rules leave it open to the user."""
    project = current_project(store, user)
    owner = project.project.organization_id if project else None
    for organization, membership in organizations:
        if project and organization.id == owner:
            for found in opened(store, [project], Caller.of(user.uuid, membership, organization)):
                return brief_project(found)
    return None
