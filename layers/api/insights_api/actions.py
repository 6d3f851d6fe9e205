"""`/api/projects/{id}/actions`: events under one name; any of an action's steps may match."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl import fields
from insights_acl.access import Access, authorize
from insights_acl.models import moment
from insights_engine import elements, keys
from insights_engine.errors import ValidationError, attr_of
from insights_engine.filters import parse_filters
from insights_engine.http import JsonResponse
from insights_engine.regexes import check_re2
from insights_engine.store import ConflictError, Delete, Item, Put, Write

from insights_api import objects
from insights_api.tabular import csv_response, wants_csv

router = APIRouter()
_ALL = "/api/projects/{project_id}/actions"
_ONE = _ALL + "/{action_id}"
_MATCHING = ("contains", "regex", "exact")
# One row a text of a step: its most characters.
_STEP_TEXTS = {"event": 400, "selector": 65_535, "tag_name": 65_535, "text": 400, "href": 65_535, "url": 65_535}
_STEP_MATCHING = ("text_matching", "href_matching", "url_matching")


@router.get(_ALL)
async def list_actions(request: Request) -> Response:
    """All of them, without pages; those that were worked on last come first."""
    access = await authorize(request, "action:read")
    found = objects.listed(access.services.policies, keys.action, access.project.id)
    by_name = sorted(found, key=lambda item: str(item["name"]))
    rows = [shown(item) for item in sorted(by_name, key=lambda item: str(item["last_calculated_at"]), reverse=True)]
    if wants_csv(request):
        return csv_response(rows, ("id", "name"))
    return JsonResponse({"results": rows})


@router.post(_ALL)
async def create_action(request: Request) -> Response:
    access = await authorize(request, "action:write")
    body = await objects.body_of(request)
    fields.required(body, "name")
    values = _checked(body)
    action_id = objects.next_id(access.services.policies, "action")
    pk, sk = keys.action(access.project.id, action_id)
    item: Item = {
        "pk": pk,
        "sk": sk,
        "id": action_id,
        "description": "",
        "tags": [],
        "post_to_slack": False,
        "slack_message_format": "",
        "steps": [],
        "created_at": moment(access.now),
        "created_by": access.user.as_author(),
        "deleted": False,
        "last_calculated_at": moment(access.now),
        "pinned_at": None,
        "team_id": access.project.id,
        "version": 1,
        **values,
    }
    fields.plain({name: value for name, value in item.items() if name not in ("pk", "sk")}, "steps")
    try:
        access.services.policies.transact([Put(item, "absent"), _named(access, item)])
    except ConflictError as error:
        raise _taken(access, item["name"]) from error
    return JsonResponse(shown(item), status_code=201)


@router.get(_ONE)
async def get_action(request: Request, action_id: str) -> Response:
    access = await authorize(request, "action:read")
    return JsonResponse(shown(_find(access, action_id)))


@router.patch(_ONE)
@router.put(_ONE)
async def change_action(request: Request, action_id: str) -> Response:
    """Only what the body names changes. `deleted: false` brings a deleted one back."""
    access = await authorize(request, "action:write")
    body = await objects.body_of(request)
    item = _find(access, action_id, deleted=body.get("deleted") is False)
    values = _checked(body)
    if "deleted" in body:
        values["deleted"] = fields.boolean(body["deleted"], "deleted")
    if "steps" in values:
        values["last_calculated_at"] = moment(access.now)
    wanted = {**item, **values}
    try:
        changed = objects.change(access.services.policies, item, values, *_renaming(access, item, wanted))
    except ConflictError as error:
        raise _taken(access, wanted["name"]) from error
    return JsonResponse(shown(changed))


@router.delete(_ONE)
async def delete_action(request: Request) -> Response:
    """Actions are deleted by `PATCH {"deleted": true}`."""
    await authorize(request, "action:write")
    return Response(status_code=405)


def shown(item: Item) -> dict[str, Any]:
    stored = {name: value for name, value in item.items() if name not in ("pk", "sk", "version")}
    return {
        **stored,
        "is_calculating": False,
        "is_action": True,
        "bytecode_error": None,
        "creation_context": None,
        "user_access_level": "editor",
    }


def _checked(body: dict[str, Any]) -> dict[str, Any]:
    """The fields that a body may set, as they are stored; others are ignored."""
    values: dict[str, Any] = {}
    if "name" in body:
        values["name"] = fields.text(body["name"], "name")
    if "description" in body:
        values["description"] = fields.text(body["description"] or "", "description", maximum=10_000, blank=True)
    if "tags" in body:
        values["tags"] = [
            fields.text(tag, f"tags__{i}", maximum=255)
            for i, tag in enumerate(fields.array(body["tags"] or [], "tags", maximum=100))
        ]
    if "post_to_slack" in body:
        values["post_to_slack"] = fields.boolean(body["post_to_slack"], "post_to_slack")
    if "slack_message_format" in body:
        values["slack_message_format"] = fields.text(
            body["slack_message_format"] or "", "slack_message_format", maximum=1200, blank=True
        )
    if "steps" in body:
        steps = fields.array(fields.plain(body["steps"], "steps"), "steps", maximum=100)
        values["steps"] = [_step(step, f"steps[{index}]") for index, step in enumerate(steps)]
    return values


def _step(value: Any, place: str) -> dict[str, Any]:
    """A step with all of its keys; what is not asked is null."""
    attr = attr_of(place)
    given = fields.mapping(value, attr)
    step: dict[str, Any] = {}
    for name, maximum in _STEP_TEXTS.items():
        text = given.get(name)
        step[name] = None if text is None else fields.text(text, f"{attr}__{name}", maximum=maximum, blank=True)
    for name in _STEP_MATCHING:
        matching = given.get(name)
        step[name] = None if matching is None else fields.choice(matching, f"{attr}__{name}", _MATCHING)
        of = name.removesuffix("_matching")
        if matching == "regex" and step[of]:
            check_re2(step[of], f"{attr}__{of}")
    if step["selector"]:
        elements.selector(step["selector"], f"{attr}__selector")
    properties = given.get("properties")
    if properties is not None:
        for index, leaf in enumerate(fields.array(properties, f"{attr}__properties", maximum=100)):
            fields.mapping(leaf, f"{attr}__properties__{index}")
    parse_filters(properties, field=f"{place}.properties")
    return {**step, "properties": properties or []}


def _named(access: Access, item: Item) -> Put:
    """The entry that keeps a name for one action."""
    pk, sk = keys.action_name(access.project.id, item["name"])
    return Put({"pk": pk, "sk": sk, "action_id": item["id"]}, "absent")


def _renaming(access: Access, before: Item, after: Item) -> list[Write]:
    """Give up the earlier name and take the new one; a deleted action holds none."""
    had, has = not before["deleted"], not after["deleted"]
    if had == has and before["name"] == after["name"]:
        return []
    given_up: list[Write] = [Delete(*keys.action_name(access.project.id, before["name"]))] if had else []
    return [*given_up, _named(access, after)] if has else given_up


def _taken(access: Access, name: str) -> ValidationError:
    holder = access.services.policies.get(*keys.action_name(access.project.id, name)) or {}
    detail = f"This project already has an action with this name, ID {holder.get('action_id')}"
    return ValidationError(detail, attr="name", code="unique")


def _find(access: Access, action_id: str, *, deleted: bool = False) -> Item:
    key = keys.action(access.project.id, objects.object_id(action_id))
    return objects.find(access.services.policies, key, deleted=deleted)
