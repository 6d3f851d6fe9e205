"""`…/insights/{id}/sharing` and `…/dashboards/{id}/sharing`: the link by which anybody may see one of them.

Off until somebody who may edit the object switches it on. The token is written down twice: with the object, where those
who may edit it read it, and by its hash, where a request finds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from insights_acl import activity, fields, keys, share_passwords, shares
from insights_acl.access import Access, authorize
from insights_acl.gates import route_gate
from insights_acl.models import moment
from insights_acl.refusals import refused
from insights_acl.tokens import hash_of
from insights_engine.errors import Conflict, NotFound, PermissionDenied, ValidationError, nearest
from insights_engine.http import JsonResponse
from insights_engine.store import Check, ConflictError, Delete, Item, Put, Write

from insights_api import dashboard_tiles, objects, tiles
from insights_api.dashboards import Dashboards
from insights_api.insights import Insights

router = APIRouter()
_INSIGHT = "/api/projects/{project_id}/insights/{insight_id}/sharing"
_DASHBOARD = "/api/projects/{project_id}/dashboards/{dashboard_id}/sharing"
_KIND = "sharing_configuration"
# The first two have an effect here: no created_by and dates; a page without a heading. Others are kept for clients.
SETTINGS = ("hideExtraDetails", "noHeader", "whitelabel", "showInspector", "legend", "detailed")
_MIN_PASSWORD = 8


@dataclass(frozen=True, slots=True)
class _Sharing:
    """One object, and how it is shared."""

    access: Access
    kind: str
    item: Item
    config: Item

    def shown(self, config: Item) -> dict[str, Any]:
        listed = [{name: one[name] for name in ("id", "note", "created_at")} for one in config["share_passwords"]]
        names = ("created_at", "enabled", "settings", "password_required")
        return {
            **{name: config[name] for name in names},
            "access_token": config["access_token"] if self._may_hand_out() else None,
            "share_passwords": listed,
        }

    def unseen(self) -> list[int]:
        """The insights that the link would show and the caller may not see."""
        return dashboard_tiles.unseen(self.access, self.item) if self.kind == tiles.DASHBOARD else []

    def _may_hand_out(self) -> bool:
        return tiles.may(self.access, self.kind, self.item, writes=True) and not self.unseen()

    def change(self, values: Mapping[str, Any], said: str) -> Item:
        """The configuration with `values`, stored with all that follows from it. Raises Conflict."""
        had = self.config
        now = {**had, "created_at": had["created_at"] or moment(self.access.now), **values}
        now["version"] = had["version"] + 1
        writes = [Put(now, had["version"] or "absent"), *self._entry(now), self._object(now), self._log(now, said)]
        try:
            self.access.services.policies.transact(writes)
        except ConflictError as error:
            raise Conflict from error
        return now

    def _entry(self, now: Item) -> list[Write]:
        """A token's entry lives as long as the token does; whether the link is on is asked of the object."""
        old, new = self.config["access_token"], now["access_token"]
        if old == new:
            return []
        writes: list[Write] = []
        if old:
            writes.append(Delete(*keys.share(hash_of(old))))
        pk, sk = keys.share(hash_of(new))
        found = {"project_id": self.access.project.id, "kind": self.kind, "object_id": self.item["id"]}
        return [*writes, Put({"pk": pk, "sk": sk, **found}, "absent")]

    def _object(self, now: Item) -> Write:
        """A dashboard knows whether it is shared. What was deleted meanwhile is not shared any more."""
        if self.kind == tiles.DASHBOARD and self.item["is_shared"] != now["enabled"]:
            return tiles.put({**self.item, "is_shared": now["enabled"]})
        return Check(self.item["pk"], self.item["sk"], self.item["version"])

    def _log(self, now: Item, said: str) -> Write:
        changes = [
            activity.change(name, self.config[name], now[name], "SharingConfiguration")
            for name in ("enabled", "settings", "password_required")
            if self.config[name] != now[name]
        ]
        name = self.item.get("name")
        entry = activity.Entry(self.kind, str(self.item["id"]), said, changes, name)
        return activity.entry(self.access.project.id, self.access.user, self.access.now, entry)


@router.get(_INSIGHT)
@router.get(_DASHBOARD)
async def read_sharing(request: Request) -> Response:
    """Whether the object is shared and how. The token is for those who may edit it and see all of it."""
    sharing = await _opened(request, writes=False)
    return JsonResponse(sharing.shown(sharing.config))


@router.patch(_INSIGHT)
@router.patch(_DASHBOARD)
async def change_sharing(request: Request) -> Response:
    """Switches the link on or off, says what it shows and whether it asks for a password. Holds at once.

    Whoever switches on the link of a dashboard has to see each of its insights.
    """
    sharing = await _opened(request, writes=True)
    body = await objects.body_of(request)
    values = {name: check(body[name], name) for name, check in _FIELDS.items() if name in body}
    enabled = values.get("enabled", sharing.config["enabled"])
    if enabled and (not sharing.config["enabled"] or values.get("password_required") is False):
        _require_all_seen(sharing)
    if enabled and not sharing.config["access_token"]:
        values["access_token"] = shares.new_token()
    return JsonResponse(sharing.shown(sharing.change(values, "sharing_changed")))


@router.post(f"{_INSIGHT}/refresh")
@router.post(f"{_DASHBOARD}/refresh")
async def rotate_token(request: Request) -> Response:
    """A new token; the link with the old one is dead at once."""
    sharing = await _opened(request, writes=True)
    _require_all_seen(sharing)
    changed = sharing.change({"access_token": shares.new_token()}, "sharing_token_refreshed")
    return JsonResponse(sharing.shown(changed))


@router.post(f"{_INSIGHT}/passwords")
@router.post(f"{_DASHBOARD}/passwords")
async def add_password(request: Request) -> Response:
    """One more password: `raw_password`, or one that is made up. It is in this answer and nowhere else."""
    sharing = await _opened(request, writes=True)
    _require_all_seen(sharing)
    body = await objects.body_of(request)
    value = _password(body.get("raw_password"))
    note = fields.text(body["note"] if body.get("note") is not None else "", "note", maximum=100, blank=True)
    had = sharing.config["share_passwords"]
    if len(had) >= share_passwords.MAX_PASSWORDS:
        raise ValidationError(f"A link has at most {share_passwords.MAX_PASSWORDS} passwords.", attr="raw_password")
    one = share_passwords.hashed(value, note, sharing.access.user, sharing.access.now)
    sharing.change({"share_passwords": [*had, one]}, "sharing_password_added")
    shown = {name: one[name] for name in ("id", "note", "created_at")}
    return JsonResponse({**shown, "password": value}, status_code=201)


@router.delete(f"{_INSIGHT}/passwords/{{password_id}}")
@router.delete(f"{_DASHBOARD}/passwords/{{password_id}}")
async def remove_password(request: Request) -> Response:
    """Nobody gets in by it any more. A link that asks for a password and has none lets nobody in."""
    sharing = await _opened(request, writes=True)
    had = sharing.config["share_passwords"]
    left = [one for one in had if one["id"] != request.path_params["password_id"]]
    if len(left) == len(had):
        raise NotFound
    sharing.change({"share_passwords": left}, "sharing_password_removed")
    return Response(status_code=204)


async def _opened(request: Request, *, writes: bool) -> _Sharing:
    """By who sees the object, or edits it; rules on sharing as a whole count as well."""
    access = await authorize(request)
    kind = tiles.INSIGHT if "insight_id" in request.path_params else tiles.DASHBOARD
    view = Insights(request, access) if kind == tiles.INSIGHT else Dashboards(request, access)
    item = view.find()
    view.check(item, writes=False)
    if writes:
        tiles.require(access, kind, item, f"You don't have edit permissions for this {kind}.", writes=True)
    gate = route_gate(access.rules.project_wide, access.caller, _KIND, writes=writes)
    if not gate.is_open:
        raise refused(gate)
    config = shares.config_of(access.services.policies, access.project.id, kind, item["id"])
    return _Sharing(access, kind, item, config)


def _require_all_seen(sharing: _Sharing) -> None:
    """Otherwise a link would show its maker what the rules keep from them."""
    unseen = sharing.unseen()
    if unseen:
        named = ", ".join(map(str, sorted(unseen)[:10]))
        raise PermissionDenied(f"You can't share a dashboard with insights that you may not see: {named}")


def _settings(value: Any, attr: str) -> dict[str, bool]:
    given = fields.mapping(value if value is not None else {}, attr)
    for name in given:
        if name not in SETTINGS:
            hint = nearest(name, SETTINGS) or f"; known are: {', '.join(SETTINGS)}"
            raise ValidationError(f"{attr}.{name[:100]} is not known{hint}", attr=attr)
    return {name: fields.boolean(inner, f"{attr}__{name}") for name, inner in given.items()}


def _password(value: Any) -> str:
    """As it came: spaces at its ends count."""
    if value is None:
        return share_passwords.new_value()
    fields.text(value, "raw_password", maximum=share_passwords.MOST_CHARACTERS)
    if len(value) < _MIN_PASSWORD:
        detail = f"Ensure this field has at least {_MIN_PASSWORD} characters."
        raise ValidationError(detail, attr="raw_password", code="min_length")
    return str(value)


_FIELDS = {"enabled": fields.boolean, "settings": _settings, "password_required": fields.boolean}
