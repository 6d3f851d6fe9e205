"""`/api/projects/{id}/integrations`: what a project may post as. So far Slack, by the token of a bot.

Whoever may see the project may see that there is one, and choose it for a subscription; who makes or removes one needs
the level of project settings. A token goes in and never out again: not in an answer, not in the activity log, not in
a line of a log. It stands in the policies store as it is, whose table is encrypted at rest; whoever can read that table
can post as the bot.
"""

from __future__ import annotations

import re
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl import activity, fields
from insights_acl.access import Access, authorize
from insights_acl.gates import object_gate
from insights_acl.levels import PROJECT
from insights_acl.models import moment
from insights_acl.policy import Thing
from insights_acl.refusals import refused
from insights_engine import keys
from insights_engine.errors import Conflict, NotFound, ValidationError
from insights_engine.http import JsonResponse
from insights_engine.outbound import Unreachable
from insights_engine.store import ConflictError, Delete, Item, Put, Store

from insights_api import slack
from insights_api.objects import body_of, next_id, object_id
from insights_api.pagination import page

router = APIRouter()
KIND = "integration"
KINDS = ("slack",)
MAX_INTEGRATIONS = 50
_INTEGRATIONS = "/api/projects/{project_id}/integrations"
_TOKEN = re.compile(r"xox[a-z][.-][A-Za-z0-9.-]{10,}")
# What Slack says of a token, and what is shown of it.
_TEAM = (("team_id", "id"), ("team", "name"), ("url", "url"), ("bot_id", "bot_id"))


def find_integration(store: Store, project_id: int, integration_id: int) -> Item | None:
    """With its token, under `sensitive_config`: for those who post, not for answers."""
    return store.get(*keys.resource(project_id, KIND, str(integration_id)))


@router.get(_INTEGRATIONS)
async def list_integrations(request: Request) -> Response:
    """The newest first. `kind` chooses."""
    access = await authorize(request)
    kind = request.query_params.get("kind")
    found = [item for item in _stored(access) if kind in (None, item["kind"])]
    return JsonResponse(page(request, found, _shown))


@router.post(_INTEGRATIONS)
async def create_integration(request: Request) -> Response:
    """`{"kind": "slack", "config": {"bot_token": "xoxb-…"}}`, for admins of the project. The token is not shown again.

    Slack is asked whose token it is: one that it refuses is a 400; where it does not answer, the team is left unknown.
    The token of a team that is there already takes the place of the earlier one, under the same id.
    """
    access = await authorize(request)
    _check_admin(access)
    body = await body_of(request)
    kind = fields.choice(fields.required(body, "kind"), "kind", KINDS)
    token = _checked_token(fields.mapping(fields.required(body, "config"), "config"))
    team = _team_of(token, access)
    stored = _stored(access)
    same = next((item for item in stored if team.get("id") and item["config"].get("id") == team["id"]), None)
    if same is None and len(stored) >= MAX_INTEGRATIONS:
        raise ValidationError(f"Cannot have more than {MAX_INTEGRATIONS} integrations.", attr="kind")
    item = _made(access, kind, team, token, same)
    noted = activity.Entry(KIND, str(item["id"]), "updated" if same else "created", (), _name(item))
    entry = activity.entry(access.project.id, access.user, access.now, noted)
    try:
        access.services.policies.transact([Put(item, same["version"] if same else "absent"), entry])
    except ConflictError as error:
        raise Conflict from error
    return JsonResponse(_shown(item), status_code=201)


@router.get(_INTEGRATIONS + "/{integration_id}")
async def get_integration(request: Request) -> Response:
    access = await authorize(request)
    return JsonResponse(_shown(_of_path(access, request)))


@router.delete(_INTEGRATIONS + "/{integration_id}")
async def delete_integration(request: Request) -> Response:
    """For admins of the project. The token is gone; subscriptions that post by it say so at their next delivery."""
    access = await authorize(request)
    _check_admin(access)
    item = _of_path(access, request)
    noted = activity.Entry(KIND, str(item["id"]), "deleted", (), _name(item))
    entry = activity.entry(access.project.id, access.user, access.now, noted)
    try:
        access.services.policies.transact([Delete(item["pk"], item["sk"], "present"), entry])
    except ConflictError as error:
        raise NotFound from error
    return Response(status_code=204)


def _made(access: Access, kind: str, team: dict[str, Any], token: str, same: Item | None) -> Item:
    if same is not None:
        return {**same, "config": team, "sensitive_config": {"bot_token": token}, "version": same["version"] + 1}
    number = next_id(access.services.policies, KIND)
    pk, sk = keys.resource(access.project.id, KIND, str(number))
    return {
        "pk": pk,
        "sk": sk,
        "id": number,
        "kind": kind,
        "config": team,
        "sensitive_config": {"bot_token": token},
        "created_at": moment(access.now),
        "created_by": access.user.as_author(),
        "version": 1,
    }


def _checked_token(config: dict[str, Any]) -> str:
    if "bot_token" not in config:
        raise ValidationError("This field is required.", attr="config__bot_token", code="required")
    token = fields.text(config["bot_token"], "config__bot_token", maximum=500)
    if not _TOKEN.fullmatch(token):
        raise ValidationError(
            "This is not a token of Slack's: the one of a bot begins with xoxb-.", attr="config__bot_token"
        )
    return token


def _team_of(token: str, access: Access) -> dict[str, Any]:
    """Raises ValidationError where Slack does not take the token."""
    try:
        said = slack.call("auth.test", token, {}, access.services.settings)
    except Unreachable:
        return {}
    except slack.Refused as error:
        if error.code in slack.PASSING:
            return {}
        raise ValidationError(f"Slack does not take this token: {error.code}.", attr="config__bot_token") from None
    return {name: str(said[theirs])[:200] for theirs, name in _TEAM if said.get(theirs)}


def _shown(item: Item) -> dict[str, Any]:
    return {
        "id": item["id"],
        "kind": item["kind"],
        "display_name": _name(item),
        "config": item["config"],
        "created_at": item["created_at"],
        "created_by": item["created_by"],
        "errors": "",
    }


def _name(item: Item) -> str:
    return str(item["config"].get("name") or item["config"].get("id") or "Slack")


def _stored(access: Access) -> list[Item]:
    pk, _ = keys.resource(access.project.id, KIND, "")
    return access.services.policies.query(pk, descending=True)


def _of_path(access: Access, request: Request) -> Item:
    number = object_id(request.path_params["integration_id"])
    item = find_integration(access.services.policies, access.project.id, number)
    if item is None:
        raise NotFound
    return item


def _check_admin(access: Access) -> None:
    """The level that project settings ask for, which an open project gives everybody. Raises PermissionDenied."""
    thing = Thing(PROJECT, str(access.project.id))
    gate = object_gate(access.rules.project_wide, access.caller, thing, writes=True)
    if not gate.is_open:
        raise refused(gate)
