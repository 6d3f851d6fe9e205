"""Access to a project, and to whole kinds of its objects: rules, defaults, and what roles and members have.

`/api/projects/{id}/access_controls`, `/resource_access_controls` (also as `/global_access_controls`), and what a
settings page shows: `/access_control_defaults`, `/access_control_roles`, `/access_control_members`.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl import accounts, activity_pages, roles, rule_answers, rule_bodies
from insights_acl.access import Access, authorize
from insights_acl.access_settings import defaults, of_members, of_roles
from insights_acl.levels import PROJECT
from insights_acl.mixin import AccessControlMixin
from insights_acl.models import Organization
from insights_acl.policy import Thing, may_edit_rules
from insights_engine.errors import NotFound, PermissionDenied
from insights_engine.http import JsonResponse, json_object
from insights_engine.store import Item

router = APIRouter()
_PROJECT = "/api/projects/{project_id}"


class ProjectAccess(AccessControlMixin):
    """The project itself as the object of rules."""

    kind = PROJECT

    def __init__(self, request: Request, access: Access) -> None:
        self.request, self.access = request, access

    def find(self, *, deleted: bool = False) -> Item:
        return {"id": self.access.project.id}


@router.get(f"{_PROJECT}/access_controls")
async def access_controls(request: Request) -> Response:
    """Every rule on the project, and the level of the caller."""
    return await ProjectAccess(request, await authorize(request)).access_controls()


@router.put(f"{_PROJECT}/access_controls")
async def set_access_control(request: Request) -> Response:
    """Makes, changes or (`access_level: null`, a 204) removes the rule of one subject on the project."""
    return await ProjectAccess(request, await authorize(request)).set_access_control()


@router.get(f"{_PROJECT}/access_controls/explain")
async def explain(request: Request) -> Response:
    """Why somebody (`user`; by default oneself) may do what with the project."""
    return await ProjectAccess(request, await authorize(request)).explain()


@router.get(f"{_PROJECT}/users_with_access")
async def users_with_access(request: Request) -> Response:
    """Every active member who can open the project."""
    return await ProjectAccess(request, await authorize(request)).users_with_access()


@router.get(f"{_PROJECT}/resource_access_controls")
@router.get(f"{_PROJECT}/global_access_controls")
async def resource_access_controls(request: Request) -> Response:
    """Every rule on whole kinds of the project's objects; the level shown is the one on the project."""
    access = await authorize(request)
    rules = access.rules.project_wide
    return JsonResponse(rule_answers.rules_of_kinds(rules, access.caller, str(access.project.id)))


@router.put(f"{_PROJECT}/resource_access_controls")
@router.put(f"{_PROJECT}/global_access_controls")
async def set_resource_access_control(request: Request) -> Response:
    """Makes, changes or (`access_level: null`, a 204) removes the rule of one subject on a whole kind (`resource`)."""
    access = await authorize(request)
    view = ProjectAccess(request, access)
    body = await json_object(request)
    wanted = rule_bodies.on_kind(body, access.services.policies, _organization(access))
    if not _may_edit(access):
        raise PermissionDenied("Must be an Organization admin to modify project-wide permissions.")
    return view.write(wanted)


@router.get(f"{_PROJECT}/access_control_defaults")
async def access_control_defaults(request: Request) -> Response:
    """What everybody has on the project and on each kind; null where no rule says."""
    access = await authorize(request)
    rules = access.rules.project_wide
    return JsonResponse(_bounds(access) | defaults(rules, str(access.project.id)))


@router.get(f"{_PROJECT}/access_control_roles")
async def access_control_roles(request: Request) -> Response:
    """What each role has on the project and on each kind, and what it has by the defaults."""
    access = await authorize(request)
    organization = _organization(access)
    listed = roles.list_roles(access.services.policies, organization.id)
    rules, project_id = access.rules.project_wide, str(access.project.id)
    return JsonResponse(_bounds(access) | {"results": of_roles(rules, listed, organization, project_id)})


@router.get(f"{_PROJECT}/access_control_members")
async def access_control_members(request: Request) -> Response:
    """What each member has on the project and on each kind, and what by roles, defaults and the organization."""
    access = await authorize(request)
    organization = _organization(access)
    people = accounts.list_members(access.services.policies, organization)
    rules, project_id = access.rules.project_wide, str(access.project.id)
    return JsonResponse(_bounds(access) | {"results": of_members(rules, people, organization, project_id)})


@router.get(f"{_PROJECT}/activity_log")
async def activity_log(request: Request) -> Response:
    """What was changed in the project and in objects that the caller may read, the newest first.

    `scope` and `item_id` choose, `cursor` goes on.
    """
    access = await authorize(request)
    query = request.query_params
    return JsonResponse(activity_pages.page(request, access, scope=query.get("scope"), item_id=query.get("item_id")))


def _organization(access: Access) -> Organization:
    if access.organization is None:
        raise NotFound("Organization not found.")
    return access.organization


def _may_edit(access: Access) -> bool:
    project_id = str(access.project.id)
    return may_edit_rules(access.rules.project_wide, access.caller, Thing(PROJECT, project_id), project_id)


def _bounds(access: Access) -> dict[str, Any]:
    return {**rule_answers.available_levels(), "can_edit": _may_edit(access)}
