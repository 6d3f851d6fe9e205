"""`/api/projects/{id}/groups`: the companies, projects and the like that events are of, as they are now."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl.access import Access, authorize
from insights_engine.definitions import Definitions
from insights_engine.errors import NotFound
from insights_engine.filters import group_index
from insights_engine.http import JsonResponse
from insights_engine.scan import Scan, json_text
from insights_engine.sql import TRUE, Sql, either

from insights_api import people
from insights_api.cursors import Order, Walk
from insights_api.person_filters import contains, required_text, short_text

router = APIRouter()
_PROJECT = "/api/projects/{project_id}"


@router.get(_PROJECT + "/groups")
async def list_groups(request: Request) -> Response:
    """Those of one type, the newest first. `next` leads on from where the page ends."""
    access = await authorize(request)
    index = _index(request)
    walk = Walk.asked(request, access.project.id, Order(f"groups{index}", "key", "String"))
    part = short_text(request.query_params, "search")
    sql = Sql(
        "SELECT key, toUnixTimestamp64Micro(created_at) AS at {source} AND ({holds}) AND {beyond} {order} {range}",
        source=Scan(access.project, Definitions(), access.now).groups_source(index),
        holds=either(contains(Sql("key"), part), contains(json_text("name"), part)) if part else TRUE,
        beyond=walk.condition,
        order=walk.nearest_first,
        range=walk.range,
    )
    page = walk.page(list(access.services.clickhouse.read(sql, project_id=access.project.id).dicts()))
    return JsonResponse(
        {
            "next": page.next,
            "previous": page.previous,
            "results": _shown(access, index, [row["key"] for row in page.rows]),
        }
    )


@router.get(_PROJECT + "/groups/find")
async def find_group(request: Request) -> Response:
    """The one that has `group_key`."""
    access = await authorize(request)
    index, key = _index(request), required_text(request.query_params, "group_key")
    found = _shown(access, index, [key])[0]
    if found["created_at"] is None:
        raise NotFound
    return JsonResponse(found)


@router.get(_PROJECT + "/groups_types")
async def group_types(request: Request) -> Response:
    """The types that events have named, in the order of first use, which gives them their indexes."""
    access = await authorize(request)
    return JsonResponse(
        [
            {"group_type": name, "group_type_index": index, "name_singular": None, "name_plural": None}
            for index, name in enumerate(access.project.group_types)
        ]
    )


def _index(request: Request) -> int:
    required_text(request.query_params, "group_type_index")
    index = group_index(request.query_params["group_type_index"], "group_type_index")
    assert index is not None
    return index


def _shown(access: Access, index: int, keys: list[str]) -> list[dict[str, Any]]:
    found = people.groups(access, index, keys)
    return [{**found[key], "group_properties": found[key]["properties"]} for key in keys]
