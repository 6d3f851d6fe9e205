"""`/api/projects/{id}/actions`: events under one name; any of an action's steps may match."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from fastapi.responses import Response
from insights_acl import fields
from insights_acl.mixin import AccessControlMixin
from insights_acl.models import moment
from insights_engine import elements, keys
from insights_engine.errors import ValidationError, attr_of
from insights_engine.filters import parse_filters
from insights_engine.http import JsonResponse
from insights_engine.regexes import check_re2
from insights_engine.results.cache import changing_definitions
from insights_engine.store import Delete, Item, Put, Write

from insights_api.resource import Field, Resource
from insights_api.tabular import csv_response, wants_csv

_MATCHING = ("contains", "regex", "exact")
# One row a text of a step: its most characters.
_STEP_TEXTS = {"event": 400, "selector": 65_535, "tag_name": 65_535, "text": 400, "href": 65_535, "url": 65_535}
_STEP_MATCHING = ("text_matching", "href_matching", "url_matching")


def _text_or_empty(maximum: int) -> Any:
    return lambda value, attr: fields.text(value or "", attr, maximum=maximum, blank=True)


def _tags(value: Any, attr: str) -> list[str]:
    listed = fields.array(value or [], attr, maximum=100)
    return [fields.text(tag, f"{attr}__{i}", maximum=255) for i, tag in enumerate(listed)]


def _steps(value: Any, attr: str) -> list[dict[str, Any]]:
    steps = fields.array(fields.plain(value, attr), attr, maximum=100)
    return [_step(step, f"{attr}[{index}]") for index, step in enumerate(steps)]


class Actions(AccessControlMixin, Resource):
    """A name belongs to one action of a project that is not deleted."""

    kind, has_short_ids = "action", False
    fields = (
        Field("name", "", fields.text),
        Field("description", "", _text_or_empty(10_000)),
        Field("tags", [], _tags),
        Field("post_to_slack", False, fields.boolean),
        Field("slack_message_format", "", _text_or_empty(1200)),
        Field("steps", [], _steps),
        Field("pinned_at", None, lambda value, attr: None),
    )

    async def list_all(self) -> Response:
        """All of them, without pages; those that were worked on last come first."""
        rows = [self.shown(item) for item in self.in_order(self.listed(self.stored()))]
        if wants_csv(self.request):
            return csv_response(rows, ("id", "name"))
        return JsonResponse({"results": rows})

    def in_order(self, items: Iterable[Item]) -> Sequence[Item]:
        by_name = sorted(items, key=lambda item: str(item["name"]))
        return sorted(by_name, key=lambda item: str(item["last_calculated_at"]), reverse=True)

    def checked(self, body: Mapping[str, Any], item: Item | None) -> dict[str, Any]:
        if item is None:
            fields.required(dict(body), "name")
        values = super().checked(body, item)
        if item is None or "steps" in values:
            values["last_calculated_at"] = moment(self.access.now)
        return values

    def further_writes(self, before: Item | None, after: Item) -> list[Write]:
        """Give up the earlier name and take the new one; a deleted action holds none."""
        had, has = before is not None and not before["deleted"], not after["deleted"]
        if before is not None and had == has and before["name"] == after["name"]:
            return []
        given_up: list[Write] = [self._name(before, Delete)] if before is not None and had else []
        return [*given_up, self._name(after, Put)] if has else given_up

    def writing(self) -> AbstractContextManager[None]:
        """Results of questions that name it are of no use any more."""
        return changing_definitions(self.access.services, self.project_id)

    def taken(self, wanted: Item) -> ValidationError:
        holder = self.store.get(*keys.action_name(self.project_id, wanted["name"])) or {}
        detail = f"This project already has an action with this name, ID {holder.get('action_id')}"
        return ValidationError(detail, attr="name", code="unique")

    def shown(self, item: Item) -> dict[str, Any]:
        return {
            **super().shown(item),
            "team_id": self.project_id,
            "is_calculating": False,
            "is_action": True,
            "bytecode_error": None,
            "creation_context": None,
        }

    def _name(self, item: Item, write: type[Put] | type[Delete]) -> Write:
        """The entry that keeps a name for one action."""
        pk, sk = keys.action_name(self.project_id, item["name"])
        if write is Delete:
            return Delete(pk, sk)
        return Put({"pk": pk, "sk": sk, "action_id": item["id"]}, "absent")


router = Actions.router()


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
