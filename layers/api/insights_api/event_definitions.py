"""`/api/projects/{id}/event_definitions`: the events that a project has, learned as they come in."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl.access import Access, authorize
from insights_engine.errors import unknown
from insights_engine.http import JsonResponse

from insights_api import definition_reads as reads
from insights_api.definition_lists import MAX_LIMIT, DefinitionKind, Entry, at, chosen, entries, in_order
from insights_api.objects import body_of
from insights_api.pagination import page

router = APIRouter()
_KIND = "event_definition"
_ALL = "/api/projects/{project_id}/event_definitions"
_ONE = _ALL + "/{event_definition_id}"
# What `event_type` may be: all, those whose name a customer chose, those that SDKs send by themselves.
EVENT_TYPES = {"all": (True, False), "event": (True, False), "event_custom": (False,), "event_posthog": (True,)}


@router.get(_ALL)
async def list_event_definitions(request: Request) -> Response:
    """In order of their names, where `ordering` does not say another."""
    access = await authorize(request)
    kind = request.query_params.get("event_type") or "all"
    if kind not in EVENT_TYPES:
        raise unknown("event_type", kind, EVENT_TYPES)
    found = [one for one in reads.events(access) if one.name.startswith("$") in EVENT_TYPES[kind]]
    wanted = in_order(request, chosen(request, entries(access, _KIND, found)))
    listed = page(request, wanted, lambda entry: entry, most=MAX_LIMIT)
    return JsonResponse({**listed, "results": _shown(access, listed["results"])})


@router.get(_ONE)
async def get_event_definition(request: Request, event_definition_id: str) -> Response:
    return JsonResponse(_DEFINITION.one(await authorize(request), event_definition_id))


@router.patch(_ONE)
@router.put(_ONE)
async def change_event_definition(request: Request, event_definition_id: str) -> Response:
    """What people say of it; only what the body names changes. What was learned stays as it is."""
    access = await authorize(request)
    return JsonResponse(_DEFINITION.changed(access, event_definition_id, await body_of(request)))


def _shown(access: Access, found: list[Entry]) -> list[dict[str, Any]]:
    volumes = reads.volumes(access, [entry.learned.name for entry in found])
    return [_event(access, entry, volumes.get(entry.learned.name, 0)) for entry in found]


def _event(access: Access, entry: Entry, volume: int) -> dict[str, Any]:
    """How often queries name it is not counted: that is null."""
    learned = entry.learned
    return {
        "id": learned.id_in(access.project.id),
        "name": learned.name,
        "created_at": at(learned.first_seen),
        "last_seen_at": at(learned.last_seen),
        "volume_30_day": volume,
        "query_usage_30_day": None,
        "is_action": False,
        "owner": None,
        **entry.said,
        "last_updated_at": entry.said["updated_at"],
        "is_calculating": False,
        "last_calculated_at": None,
        "created_by": None,
        "post_to_slack": False,
        "default_columns": [],
    }


_DEFINITION = DefinitionKind(_KIND, reads.events, _shown)
