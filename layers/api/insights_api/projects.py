"""`/api/projects`, also as `/api/organizations/{id}/projects`: list, make, read and change projects."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl import accounts, fields
from insights_acl.access import Access, authorize
from insights_acl.models import StoredProject
from insights_acl.project_settings import checked_settings, further_defaults
from insights_engine.errors import NotFound, PermissionDenied
from insights_engine.http import JsonResponse

from insights_api.objects import body_of
from insights_api.pagination import page

router = APIRouter()
_ORGANIZATION = "/api/organizations/{organization_id}/projects"


@router.get("/api/projects")
@router.get(_ORGANIZATION)
async def list_projects(request: Request) -> Response:
    """Of the organization; empty for a key that is restricted to others."""
    access = await authorize(request, "project:read")
    organization, allowed = access.organization, access.key.scoped_organizations
    visible = organization is not None and (not allowed or organization.id in allowed)
    found = accounts.list_projects(access.services.policies, organization.id) if organization and visible else []
    search = request.query_params.get("search", "").lower()
    return JsonResponse(page(request, [p for p in found if search in p.project.name.lower()], brief_project))


@router.post("/api/projects")
@router.post(_ORGANIZATION)
async def create_project(request: Request) -> Response:
    """For admins of the organization."""
    access = await authorize(request, "project:write")
    organization, allowed = access.organization, access.key.scoped_organizations
    if organization is None or (allowed and organization.id not in allowed):
        raise NotFound("Organization not found.")
    if access.membership is None or not access.membership.is_admin:
        raise PermissionDenied("Your organization access level is insufficient.")
    body = await body_of(request)
    name = fields.required(body, "name")
    made = accounts.create_project(access.services.policies, organization, name, body, now=access.now)
    return JsonResponse(_full_project(made, access), status_code=201)


@router.get("/api/projects/{project_id}")
@router.get(_ORGANIZATION + "/{project_id}")
async def get_project(request: Request) -> Response:
    access = await authorize(request, "project:read", hides=True)
    return JsonResponse(_full_project(_of_path(access, request), access))


@router.patch("/api/projects/{project_id}")
@router.put("/api/projects/{project_id}")
@router.patch(_ORGANIZATION + "/{project_id}")
async def change_project(request: Request) -> Response:
    """Only what the body names changes, by either method. A new name is for admins of the organization."""
    access = await authorize(request, "project:write", hides=True)
    present = _of_path(access, request).project
    body = await body_of(request)
    renames = checked_settings(body)[0].get("name", present.name) != present.name
    if renames and (access.membership is None or not access.membership.is_admin):
        raise PermissionDenied("Your organization access level is insufficient.")
    changed = accounts.update_project(access.services.policies, present.id, body)
    return JsonResponse(_full_project(changed, access))


@router.patch("/api/projects/{project_id}/reset_token")
async def reset_token(request: Request) -> Response:
    access = await authorize(request, "project:write")
    if access.membership is None or not access.membership.is_admin:
        raise PermissionDenied("Your organization access level is insufficient.")
    return JsonResponse(_full_project(accounts.reset_token(access.services.policies, access.project.id), access))


def brief_project(stored: StoredProject) -> dict[str, Any]:
    project, settings = stored.project, {**further_defaults(), **stored.settings}
    return {
        "id": project.id,
        "uuid": project.uuid,
        "organization": project.organization_id,
        "project_id": project.id,
        "api_token": project.api_token,
        "name": project.name,
        "completed_snippet_onboarding": settings["completed_snippet_onboarding"],
        "has_completed_onboarding_for": settings["has_completed_onboarding_for"],
        "ingested_event": bool(settings.get("ingested_event")),
        "is_demo": bool(settings.get("is_demo")),
        "timezone": project.timezone,
        "access_control": False,
    }


def _full_project(stored: StoredProject, access: Access) -> dict[str, Any]:
    project = stored.project
    return {
        **brief_project(stored),
        "created_at": stored.created_at,
        "updated_at": stored.created_at,
        "week_start_day": project.week_start_day,
        "test_account_filters": list(project.test_account_filters),
        "path_cleaning_filters": list(project.path_cleaning_filters),
        "group_types": [
            {"group_type": name, "group_type_index": index} for index, name in enumerate(project.group_types)
        ],
        **further_defaults(),
        **stored.settings,
        "effective_membership_level": int(access.membership.level) if access.membership else None,
        "user_access_level": "admin",
    }


def _of_path(access: Access, request: Request) -> StoredProject:
    """Raises NotFound when the path also names an organization, and the project is of another."""
    if access.stored_project is None:
        raise NotFound("Project not found.")
    organization_id = request.path_params.get("organization_id")
    if organization_id not in (None, "@current", access.project.organization_id):
        raise NotFound("Project not found.")
    return access.stored_project
