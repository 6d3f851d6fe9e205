"""`/api/personal_api_keys`: a key can say what it is, and nothing else; keys are made by `insights keys`."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl.access import authenticate, authorize
from insights_acl.models import PersonalKey, User
from insights_engine.http import JsonResponse

router = APIRouter()


@router.get("/api/personal_api_keys/@current")
async def current_key(request: Request) -> Response:
    """The key in use. It needs no scope: clients ask it which scopes they have."""
    access = await authenticate(request)
    return JsonResponse(_shown(access.key, access.user))


@router.api_route("/api/personal_api_keys", methods=["GET", "POST"])
@router.api_route("/api/personal_api_keys/{key_id}", methods=["GET", "PUT", "PATCH", "DELETE"])
async def refuse(request: Request) -> Response:
    """A key cannot see, make or change keys."""
    await authorize(request)
    raise AssertionError("unreachable: without scopes nobody is let through")


def _shown(key: PersonalKey, user: User) -> dict[str, Any]:
    return {
        "id": key.id,
        "label": key.label,
        "mask_value": key.mask_value,
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
        "last_rolled_at": None,
        "user_id": user.id,
        "scopes": list(key.scopes),
        "scoped_teams": list(key.scoped_teams),
        "scoped_organizations": list(key.scoped_organizations),
    }
