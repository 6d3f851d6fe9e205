"""`/api/projects/{id}/property_definitions`: the properties that a project has, learned as they come in."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl.access import Access, authorize
from insights_engine.errors import ValidationError, unknown
from insights_engine.filters import group_index
from insights_engine.flat import flag
from insights_engine.http import JsonResponse
from insights_engine.property_types import GROUPS, NUMERIC, TYPES

from insights_api import definition_reads as reads
from insights_api.definition_lists import MAX_LIMIT, DefinitionKind, Entry, at, chosen, entries, in_order, names
from insights_api.definition_reads import Learned
from insights_api.objects import body_of
from insights_api.pagination import page

router = APIRouter()
_KIND = "property_definition"
_ALL = "/api/projects/{project_id}/property_definitions"
_ONE = _ALL + "/{property_definition_id}"
# What `type` may be.
KINDS = ("event", "person", "group", "session")


@router.get(_ALL)
async def list_property_definitions(request: Request) -> Response:
    """Of one `type`. Those that came with `event_names` are first, then in order of their names."""
    access = await authorize(request)
    wanted = _asked(request, reads.properties(access, _source(request)))
    of_events = _of_events(access, request)
    if of_events is not None:
        wanted.sort(key=lambda one: one.name not in of_events)  # in order of names, each
        if flag(request.query_params, "filter_by_event_names"):
            wanted = [one for one in wanted if one.name in of_events]
    found = in_order(request, chosen(request, entries(access, _KIND, wanted)))
    return JsonResponse(page(request, found, lambda entry: _property(access, entry, of_events), most=MAX_LIMIT))


@router.get(_ONE)
async def get_property_definition(request: Request, property_definition_id: str) -> Response:
    return JsonResponse(_DEFINITION.one(await authorize(request), property_definition_id))


@router.patch(_ONE)
@router.put(_ONE)
async def change_property_definition(request: Request, property_definition_id: str) -> Response:
    """What people say of it; only what the body names changes. Its type follows from what came in and stays."""
    access = await authorize(request)
    body = await body_of(request)

    def check(found: Learned) -> None:
        if body.get("property_type", found.type) != found.type:
            raise ValidationError("The type follows from the values that came in.", attr="property_type")

    return JsonResponse(_DEFINITION.changed(access, property_definition_id, body, check))


def _source(request: Request) -> str:
    values = request.query_params
    kind = values.get("type") or "event"
    if kind not in KINDS:
        raise unknown("type", kind, KINDS)
    if kind != "group":
        return kind
    index = group_index(values.get("group_type_index"), "group_type_index")
    if index is None:
        raise ValidationError("group_type_index is required for properties of groups", attr="group_type_index")
    return GROUPS[index]


def _asked(request: Request, found: list[Learned]) -> list[Learned]:
    values = request.query_params
    only, without = names(values, "properties"), names(values, "excluded_properties")
    is_numerical = flag(values, "is_numerical")
    no_core = flag(values, "exclude_core_properties")
    is_flag = flag(values, "is_feature_flag") if "is_feature_flag" in values else None
    return [
        one
        for one in found
        if (not only or one.name in only)
        and one.name not in without
        and not (is_numerical and one.type != TYPES[NUMERIC])
        and is_flag in (None, one.name.startswith("$feature/"))
        and not (no_core and one.name.startswith("$") and not one.name.startswith("$feature/"))
    ]


def _of_events(access: Access, request: Request) -> set[str] | None:
    """The properties of the events that were named; None where none was."""
    events = names(request.query_params, "event_names")
    return reads.came_with(access, events) if events else None


def _property(access: Access, entry: Entry, of_events: set[str] | None) -> dict[str, Any]:
    learned = entry.learned
    return {
        "id": learned.id_in(access.project.id),
        "name": learned.name,
        "property_type": learned.type,
        "is_numerical": learned.type == TYPES[NUMERIC],
        "is_seen_on_filtered_events": None if of_events is None else learned.name in of_events,
        "created_at": at(learned.first_seen),
        "last_seen_at": at(learned.last_seen),
        **entry.said,
    }


def _shown(access: Access, found: list[Entry]) -> list[dict[str, Any]]:
    return [_property(access, entry, None) for entry in found]


_DEFINITION = DefinitionKind(_KIND, reads.properties, _shown)
