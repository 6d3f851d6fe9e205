"""`/api/organizations`: the ones the caller belongs to."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl import accounts
from insights_acl.access import authorize
from insights_acl.models import Membership, Organization
from insights_engine.errors import NotFound
from insights_engine.http import JsonResponse
from insights_engine.store import Store

from insights_api.pagination import page
from insights_api.projects import brief_project

router = APIRouter()


@router.get("/api/organizations")
async def list_organizations(request: Request) -> Response:
    """Those that the key is restricted to, where it is."""
    access = await authorize(request, "organization:read")
    store, allowed = access.services.policies, access.key.scoped_organizations
    found = [(o, m) for o, m in accounts.organizations_of(store, access.user) if not allowed or o.id in allowed]
    return JsonResponse(page(request, found, lambda pair: brief_organization(*pair)))


@router.get("/api/organizations/{organization_id}")
async def get_organization(request: Request) -> Response:
    access = await authorize(request, "organization:read", hides=True)
    if access.organization is None:
        raise NotFound("Organization not found.")
    return JsonResponse(full_organization(access.services.policies, access.organization, access.membership))


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
    """`teams` and `projects` are the same: upstream's environments are its projects here."""
    projects = [brief_project(project) for project in accounts.list_projects(store, organization.id)]
    return {
        **brief_organization(organization, membership),
        "created_at": organization.created_at,
        "updated_at": organization.created_at,
        "teams": projects,
        "projects": projects,
        "available_product_features": [],
        "is_member_join_email_enabled": False,
        "metadata": {},
    }
