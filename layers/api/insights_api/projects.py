"""`/api/projects`, also as `/api/organizations/{id}/projects`: list, make, read and change projects."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl import accounts, fields
from insights_acl.access import Access, authorize
from insights_acl.gates import object_gate
from insights_acl.levels import PROJECT
from insights_acl.models import StoredProject
from insights_acl.policy import Thing
from insights_acl.project_levels import OpenProject, is_private, level_on, open_projects
from insights_acl.project_settings import checked_settings, further_defaults
from insights_acl.refusals import refused
from insights_acl.restrictions import check_members_keys
from insights_acl.rule_store import RuleBook
from insights_engine.errors import NotFound, PermissionDenied
from insights_engine.http import JsonResponse

from insights_api.objects import body_of
from insights_api.pagination import page

router = APIRouter()
_ORGANIZATION = "/api/organizations/{organization_id}/projects"


@router.get("/api/projects")
@router.get(_ORGANIZATION)
async def list_projects(request: Request) -> Response:
    """Of the organization, those that the caller may open; empty for a key that is restricted to others."""
    access = await authorize(request)
    organization, allowed = access.organization, access.key.scoped_organizations
    if organization is not None:
        check_members_keys(organization, access.membership)
    visible = organization is not None and (not allowed or organization.id in allowed)
    found = open_projects(access.services.policies, organization.id, access.caller) if organization and visible else []
    search = request.query_params.get("search", "").lower()
    return JsonResponse(page(request, [p for p in found if search in p.stored.project.name.lower()], brief_project))


@router.post("/api/projects")
@router.post(_ORGANIZATION)
async def create_project(request: Request) -> Response:
    """For admins of the organization."""
    access = await authorize(request)
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
    access = await authorize(request)
    return JsonResponse(_full_project(_of_path(access, request), access))


@router.patch("/api/projects/{project_id}")
@router.put("/api/projects/{project_id}")
@router.patch(_ORGANIZATION + "/{project_id}")
async def change_project(request: Request) -> Response:
    """Only what the body names changes, by either method, for admins of the project. A new name is for admins of the
    organization.
    """
    access = await authorize(request)
    present = _of_path(access, request).project
    _check_admin(access)
    body = await body_of(request)
    renames = checked_settings(body)[0].get("name", present.name) != present.name
    if renames and (access.membership is None or not access.membership.is_admin):
        raise PermissionDenied("Your organization access level is insufficient.")
    changed = accounts.update_project(access.services.policies, present.id, body)
    return JsonResponse(_full_project(changed, access))


@router.patch("/api/projects/{project_id}/reset_token")
async def reset_token(request: Request) -> Response:
    access = await authorize(request)
    if access.membership is None or not access.membership.is_admin:
        raise PermissionDenied("Your organization access level is insufficient.")
    return JsonResponse(_full_project(accounts.reset_token(access.services.policies, access.project.id), access))


def brief_project(opened: OpenProject) -> dict[str, Any]:
    stored = opened.stored
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
        "access_control": opened.is_private,
        "user_access_level": opened.level,
    }


def _full_project(stored: StoredProject, access: Access) -> dict[str, Any]:
    project = stored.project
    book = access.book or RuleBook(access.services.policies, project.id)
    return {
        **brief_project(OpenProject(stored, level_on(book, access.caller) or "", is_private(book))),
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
    }


def _check_admin(access: Access) -> None:
    """The project's level, which an open project makes admin. Raises PermissionDenied."""
    thing = Thing(PROJECT, str(access.project.id))
    gate = object_gate(access.rules.project_wide, access.caller, thing, writes=True)
    if not gate.is_open:
        raise refused(gate)


def _of_path(access: Access, request: Request) -> StoredProject:
    """Raises NotFound when the path also names an organization, and the project is of another."""
    if access.stored_project is None:
        raise NotFound("Project not found.")
    organization_id = request.path_params.get("organization_id")
    if organization_id not in (None, "@current", access.project.organization_id):
        raise NotFound("Project not found.")
    return access.stored_project
