"""`/api/projects/{id}/annotations`: what happened when, to be read beside a chart.

One may be about an insight, a dashboard, or both. Their names are told only to those who may see them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from insights_acl import fields
from insights_acl.access import Access
from insights_acl.mixin import AccessControlMixin
from insights_engine.errors import ValidationError
from insights_engine.http import JsonResponse
from insights_engine.store import Item

from insights_api import tiles
from insights_api.annotation_filters import chosen
from insights_api.insight_names import derived_name
from insights_api.pagination import page, window
from insights_api.resource import Field, Resource

SCOPES = ("dashboard_item", "dashboard", "project")
CREATION_TYPES = ("USR", "GIT")
MAX_CONTENT = 8192
# Clients read all annotations at once.
_PAGE = 1000
# Scopes of upstream that nothing here can have, and what to do instead.
_REFUSED = {
    "organization": 'An annotation is seen in its own project alone; give it the scope "project" in each.',
    "recording": "Recording scope is deprecated",
}
# The fields that name what an annotation is about, and the kinds of it.
_ABOUT = (("dashboard_item", tiles.INSIGHT), ("dashboard_id", tiles.DASHBOARD))


def _scope(value: Any, attr: str, known: Collection[str]) -> str:
    if isinstance(value, str) and value in _REFUSED:
        raise ValidationError(_REFUSED[value], attr=attr, code="invalid_choice")
    return fields.choice(value, attr, known)


class Annotations(AccessControlMixin, Resource):
    kind, has_short_ids = "annotation", False
    fields = (
        Field("content", None, fields.or_null(fields.text, maximum=MAX_CONTENT, blank=True)),
        Field(
            "date_marker",
            None,
            fields.or_null(fields.stored_moment),
            help="What it marks, between 1970 and 9000. Without a zone it is UTC.",
        ),
        Field(
            "creation_type",
            "USR",
            partial(fields.choice, known=CREATION_TYPES),
            help="Written by somebody, or by a program.",
        ),
        Field(
            "dashboard_item",
            None,
            fields.or_null(fields.integer),
            help="Number of the insight that it is about, which the caller has to see.",
        ),
        Field(
            "dashboard_id",
            None,
            fields.or_null(fields.integer),
            help="Number of the dashboard that it is about, likewise.",
        ),
        Field(
            "scope",
            "dashboard_item",
            partial(_scope, known=SCOPES),
            help="Where it is to be shown. There is no `organization` here.",
        ),
    )

    def __init__(self, request: Request, access: Access) -> None:
        super().__init__(request, access)
        # What annotations are about, each read once; null for what the caller may not see.
        self.about: dict[tuple[str, int], Item | None] = {}

    async def list_all(self) -> Response:
        """Those that are not deleted and that the caller may see, the latest `date_marker` first."""
        filters = chosen(self.request.query_params)
        found = self.in_order(i for i in self.listed(self.stored()) if all(holds(i) for holds in filters))
        limit, offset = window(self.request, _PAGE)
        self._load(found[offset : offset + limit])
        return JsonResponse(page(self.request, found, self.shown, _PAGE))

    def in_order(self, items: Iterable[Item]) -> Sequence[Item]:
        """Those without a date come last."""
        return sorted(items, key=lambda item: (item["date_marker"] or "", item["id"]), reverse=True)

    def checked(self, body: Mapping[str, Any], item: Item | None) -> dict[str, Any]:
        """What it is newly about has to be in the project, and visible to the caller."""
        values = super().checked(body, item)
        for name, kind in _ABOUT:
            number = values.get(name)
            if number is not None and (item is None or number != item[name]):
                self._require(name, kind, number)
        return values

    def logged_name(self, item: Item) -> str | None:
        return str(item["content"] or "")[:100] or None

    def shown(self, item: Item) -> dict[str, Any]:
        self._load([item])
        insight, dashboard = (self.about.get((kind, item[name])) for name, kind in _ABOUT)
        said = super().shown(item)
        said["updated_at"] = said.pop("last_modified_at")
        del said["last_modified_by"]
        return {
            **said,
            "insight_short_id": insight and insight["short_id"],
            "insight_name": insight and insight["name"],
            "insight_derived_name": insight and (insight["derived_name"] or derived_name(insight)),
            "dashboard_name": dashboard and dashboard["name"],
        }

    def _load(self, items: Iterable[Item]) -> None:
        """What they are about: one read a kind, and one of its rules."""
        wanted = [*items]
        for name, kind in _ABOUT:
            numbers = {item[name] for item in wanted if item[name] is not None and (kind, item[name]) not in self.about}
            if len(numbers) > 1:
                self.access.rules.on_kind(kind)
            found = tiles.read(self.access, kind, numbers) if numbers else {}
            self.about |= {(kind, number): self._visible(kind, found.get(number)) for number in numbers}

    def _visible(self, kind: str, found: Item | None) -> Item | None:
        """A deleted one is nobody's to see."""
        is_seen = found is not None and not found["deleted"] and tiles.may(self.access, kind, found, writes=False)
        return found if is_seen else None

    def _require(self, name: str, kind: str, number: int) -> None:
        found = tiles.read(self.access, kind, [number]).get(number)
        if found is None or found["deleted"]:
            raise tiles.no_such(number, name)
        tiles.require(self.access, kind, found, f"You don't have access to this {kind}.", writes=False)


router = Annotations.router()
