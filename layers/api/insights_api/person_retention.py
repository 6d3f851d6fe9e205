"""`/api/person/retention`: the people behind a row or a cell of the older form of retention."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl.access import authorize
from insights_engine.errors import ValidationError
from insights_engine.flat import json_value, whole
from insights_engine.http import JsonResponse

from insights_api.asked import asked_of_people, choose_project, next_page
from insights_api.older_people import slice_of
from insights_api.tabular import csv_response, wants_csv

if TYPE_CHECKING:
    from insights_engine.retention.answer import Chosen
    from insights_engine.retention.model import RetentionQuery

router = APIRouter()
# The first columns of the CSV, of persons and of groups.
_OF_PERSONS, _OF_GROUPS = ("id", "name", "distinct_ids", "created_at"), ("id", "group_key", "created_at")


@router.api_route("/api/person/retention", methods=["GET", "POST"])
@router.api_route("/api/projects/{project_id}/persons/retention", methods=["GET", "POST"])
async def person_retention(request: Request) -> Response:
    """The parameters of retention, and `selected_interval`. Without a project in the path, `project_id` names it.

    Needs `person:read` as well, or of groups `group:read`."""
    from insights_engine.retention.legacy import parse_legacy

    from insights_api.retention_actors import page

    await choose_project(request)
    access = await authorize(request)
    is_csv = wants_csv(request)
    values = await asked_of_people(request, "retention")
    query = parse_legacy(values)
    limit, offset = slice_of(values)
    found = page(access, query, _chosen(values, query), limit, offset)
    came = [
        (actor, [int(k in columns) for k in range(found.actors.width)])
        for actor, columns in ((actor, set(columns)) for actor, columns in found.found)
    ]
    if is_csv:
        first = _OF_PERSONS if query.group_index is None else _OF_GROUPS
        return csv_response([{**actor, "appearances": columns} for actor, columns in came], first, ("appearances",))
    return JsonResponse(
        {
            "result": [{"person": actor, "appearances": columns} for actor, columns in came],
            "next": next_page(request, access, values, limit, offset + limit) if found.actors.has_more else None,
            "missing_persons": found.missing,
        }
    )


def _chosen(values: Mapping[str, Any], query: RetentionQuery) -> Chosen:
    """`selected_interval` is the row; with `breakdown_values` those are the row, and it is the column of a cell."""
    from insights_engine.retention.answer import Chosen
    from insights_engine.retention.model import MAX_INTERVALS

    selected = whole(values, "selected_interval", 0, MAX_INTERVALS - 1)
    row = json_value(values, "breakdown_values")
    if row in (None, "", []):
        if query.breakdown:
            raise ValidationError("breakdown_values is required: the rows are those of values", attr="breakdown_values")
        return Chosen(row=selected or 0)
    if not isinstance(row, list) or any(isinstance(v, bool | dict | list) for v in row):
        raise ValidationError("breakdown_values must be a list of values", attr="breakdown_values")
    if query.breakdown:
        return Chosen(value="::".join("" if v is None else str(v) for v in row), column=selected)
    if len(row) > 1:
        raise ValidationError(
            "breakdown_values must be one row's number: the query has no breakdown", attr="breakdown_values"
        )
    number = whole({"breakdown_values": row[0]}, "breakdown_values", 0, MAX_INTERVALS - 1)
    return Chosen(row=number or 0, column=selected)
