"""`/api/projects/{id}/cohorts`: people by their properties, worked out when asked, or a stored list of them."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl import fields
from insights_acl.access import Access, authorize
from insights_acl.forms import MULTIPART, form_fields, media_type
from insights_acl.models import moment
from insights_engine import keys
from insights_engine.errors import Overloaded, ValidationError
from insights_engine.http import JsonResponse
from insights_engine.results.cache import changing_definitions
from insights_engine.store import Item

from insights_api import cohort_members as members
from insights_api import objects
from insights_api.cohort_csv import read_members
from insights_api.cohort_filters import checked_filters, filters_of_groups
from insights_api.pagination import link, page, window
from insights_api.tabular import csv_response, wants_csv

router = APIRouter()
_ALL = "/api/projects/{project_id}/cohorts"
_ONE = _ALL + "/{cohort_id}"
# Each way to name the people of a static cohort, and what finds them.
_PEOPLE = {
    "_create_static_person_ids": members.of_person_ids,
    "person_ids": members.of_person_ids,
    "distinct_ids": members.of_distinct_ids,
}


@router.get(_ALL)
async def list_cohorts(request: Request) -> Response:
    access = await authorize(request)
    query = request.query_params
    search, kind, author = query.get("search", "").lower(), query.get("type"), query.get("created_by_id")
    found = [
        item
        for item in objects.listed(access.services.policies, keys.cohort, access.project.id)
        if search in (item.get("name") or "").lower()
        and (kind not in ("static", "dynamic") or item["is_static"] == (kind == "static"))
        and (not author or str((item.get("created_by") or {}).get("id")) == author)
    ]
    return JsonResponse(page(request, found, shown))


@router.post(_ALL)
async def create_cohort(request: Request) -> Response:
    access = await authorize(request)
    body = await _body(request)
    is_static = fields.boolean(body.get("is_static", False), "is_static")
    values = _checked(body, is_static=is_static)
    if not is_static and "filters" not in values:
        raise ValidationError("Must contain a 'properties' key with type and values", attr="filters", code="required")
    cohort_id = objects.next_id(access.services.policies, "cohort")
    pk, sk = keys.cohort(access.project.id, cohort_id)
    item: Item = {
        "pk": pk,
        "sk": sk,
        "id": cohort_id,
        "name": None,
        "description": "",
        "groups": [],
        "filters": None,
        "is_static": is_static,
        "deleted": False,
        "created_by": access.user.as_author(),
        "created_at": moment(access.now),
        "count": None,
        "last_calculation": None,
        "version": 1,
        **values,
    }
    _check_askable(access, item)
    if is_static:
        item.update(_enrol(access, item, body))
    with changing_definitions(access.services, access.project.id):
        access.services.policies.put(item, "absent")
    return JsonResponse({**shown(item), "is_calculating": not is_static}, status_code=201)


@router.get(_ONE)
async def get_cohort(request: Request, cohort_id: str) -> Response:
    """With the people counted anew, where ClickHouse answers in time."""
    access = await authorize(request)
    item = _find(access, cohort_id)
    try:
        item = _counted(access, item)
    except Overloaded:
        return JsonResponse({**shown(item), "errors_calculating": 1})
    return JsonResponse(shown(item))


@router.patch(_ONE)
@router.put(_ONE)
async def change_cohort(request: Request, cohort_id: str) -> Response:
    """Only what the body names changes. `deleted: false` brings a deleted one back."""
    access = await authorize(request)
    body = await _body(request)
    item = _find(access, cohort_id, deleted=body.get("deleted") is False)
    is_static = item["is_static"]
    if fields.boolean(body.get("is_static", is_static), "is_static") != is_static:
        raise ValidationError("A cohort cannot change between static and dynamic.", attr="is_static")
    values = _checked(body, is_static=is_static)
    if "deleted" in body:
        values["deleted"] = fields.boolean(body["deleted"], "deleted")
    _check_askable(access, {**item, **values})
    if is_static:
        values.update(_enrol(access, item, body))
    changed = _changed(access, item, values)
    return JsonResponse({**shown(changed), "is_calculating": not is_static and "filters" in values})


@router.delete(_ONE)
async def delete_cohort(request: Request) -> Response:
    """Cohorts are deleted by `PATCH {"deleted": true}`."""
    await authorize(request)
    return Response(status_code=405)


@router.get(_ONE + "/persons")
async def cohort_persons(request: Request, cohort_id: str) -> Response:
    access = await authorize(request)
    item = _find(access, cohort_id)
    limit, offset = window(request)
    limit = min(limit, 1000)
    found = members.page_of_persons(access, item, limit, offset)
    if wants_csv(request):
        return csv_response(found[:limit], ("id", "email", "name", "created_at"), last=("distinct_ids",))
    return JsonResponse(
        {
            "results": found[:limit],
            "next": link(request, limit, offset + limit) if len(found) > limit else None,
            "previous": link(request, limit, max(offset - limit, 0)) if offset else None,
        }
    )


@router.patch(_ONE + "/add_persons_to_static_cohort")
async def add_persons(request: Request, cohort_id: str) -> Response:
    access = await authorize(request)
    item, body = _find_static(access, cohort_id), await objects.body_of(request)
    values = _enrol(access, item, {"person_ids": fields.required(body, "person_ids")})
    return JsonResponse(shown(_changed(access, item, values)))


@router.patch(_ONE + "/remove_person_from_static_cohort")
async def remove_person(request: Request, cohort_id: str) -> Response:
    access = await authorize(request)
    item, body = _find_static(access, cohort_id), await objects.body_of(request)
    person_id = fields.uuid(fields.required(body, "person_id"), "person_id")
    persons = members.of_person_ids(access, [person_id], "person_id")
    members.write(access, item["id"], persons, deleted=True)
    values = {"count": members.count(access, item), "last_calculation": moment(access.now)}
    return JsonResponse(shown(_changed(access, item, values)))


def shown(item: Item) -> dict[str, Any]:
    filters = item.get("filters")
    return {
        "id": item["id"],
        "name": item["name"],
        "description": item["description"],
        "groups": item["groups"],
        "deleted": item["deleted"],
        "filters": filters or {"properties": {}},
        "query": None,
        "version": item["version"],
        "is_calculating": False,
        "created_by": item["created_by"],
        "created_at": item["created_at"],
        "last_calculation": item["last_calculation"],
        "errors_calculating": 0,
        "count": item["count"],
        "is_static": item["is_static"],
        "cohort_type": "static" if item["is_static"] else "person_property",
        "experiment_set": [],
        "user_access_level": "editor",
    }


async def _body(request: Request) -> dict[str, Any]:
    """JSON, or a form whose `csv` is a file."""
    if media_type(request) != MULTIPART:
        return await objects.body_of(request)
    form = await form_fields(request)
    body: dict[str, Any] = {n: v.decode("utf-8", "replace") for n, v in form.items() if n in ("name", "description")}
    body["is_static"] = objects.is_true(form.get("is_static", b"true").decode("utf-8", "replace"))
    return {**body, "csv": form["csv"]} if "csv" in form else body


def _checked(body: dict[str, Any], *, is_static: bool) -> dict[str, Any]:
    """The fields that a body may set, as they are stored."""
    values: dict[str, Any] = {}
    if body.get("name") is not None:
        values["name"] = fields.text(body["name"], "name", blank=True)
    if body.get("description") is not None:
        values["description"] = fields.text(body["description"], "description", maximum=1000, blank=True)
    _refuse_queries(body, is_static)
    if is_static:
        return values
    if body.get("filters") is not None:
        values.update(filters=checked_filters(body["filters"]), groups=[])
    elif body.get("groups"):
        values.update(filters=filters_of_groups(body["groups"]), groups=body["groups"])
    return values


def _refuse_queries(body: dict[str, Any], is_static: bool) -> None:
    if not body.get("query"):
        return
    if body.get("filters"):
        raise ValidationError("Cannot set both query and filters at the same time.")
    if not is_static:
        raise ValidationError("Cannot create a dynamic cohort with a query. Set is_static to true.")
    raise ValidationError("Cohorts from a query are not supported yet; give _create_static_person_ids.", attr="query")


def _check_askable(access: Access, item: Item) -> None:
    """What a query would refuse later is refused now."""
    members.check_references(access, item)
    members.members_sql(access, item)


def _enrol(access: Access, item: Item, body: dict[str, Any]) -> dict[str, Any]:
    """Write the people that the body names, if any, and give back what changes in the cohort by that."""
    persons: list[int] = []
    for name, find in _PEOPLE.items():
        if body.get(name) is not None:
            persons += find(access, body[name], name)
    if "csv" in body:
        persons += _from_csv(access, body["csv"])
    if body.get("from_cohort_id") is not None:
        source = fields.integer(body["from_cohort_id"], "from_cohort_id")
        persons += members.numbers(access, _find(access, str(source)))
    members.write(access, item["id"], persons)
    return {"count": members.count(access, item), "last_calculation": moment(access.now)}


def _from_csv(access: Access, content: Any) -> list[int]:
    if not isinstance(content, bytes):
        raise ValidationError("The submitted data was not a file. Check the encoding type on the form.", attr="csv")
    kind, values = read_members(content)
    if kind == "email":
        return members.of_emails(access, values)
    return (members.of_person_ids if kind == "person_id" else members.of_distinct_ids)(access, values, "csv")


def _counted(access: Access, item: Item) -> Item:
    """The stored count is what lists show; it is brought up to date when it is found to be wrong."""
    count = members.count(access, item)
    if count == item["count"]:
        return item
    return objects.note(access.services.policies, item, {"count": count, "last_calculation": moment(access.now)})


def _changed(access: Access, item: Item, values: dict[str, Any]) -> Item:
    """Results of questions about it, or about another cohort that names it, are of no use any more."""
    with changing_definitions(access.services, access.project.id):
        return objects.change(access.services.policies, item, values)


def _find(access: Access, cohort_id: str, *, deleted: bool = False) -> Item:
    key = keys.cohort(access.project.id, objects.object_id(cohort_id))
    return objects.find(access.services.policies, key, deleted=deleted)


def _find_static(access: Access, cohort_id: str) -> Item:
    item = _find(access, cohort_id)
    if not item["is_static"]:
        raise ValidationError("Can only add or remove persons of a static cohort.")
    return item
