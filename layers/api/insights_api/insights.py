"""`/api/projects/{id}/insights`: questions that are kept, with a name, and asked again whenever they are read.

Lists compute nothing. A read of one insight always has its result, whatever `refresh` says; a write has it where
`refresh` asks for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, NoReturn

from fastapi import Request
from fastapi.responses import Response
from insights_acl import fields
from insights_acl.access import Access
from insights_acl.mixin import AccessControlMixin
from insights_acl.models import moment
from insights_acl.restrictions import check_scopes
from insights_engine.errors import ApiError, ValidationError
from insights_engine.http import JsonResponse
from insights_engine.kinds import STATEMENTS
from insights_engine.results.modes import Then
from insights_engine.store import Item, Key, Write

from insights_api import insight_views, objects, tiles
from insights_api.asked import require_json
from insights_api.insight_fields import EVERYONE_MAY_EDIT, FIELDS, MAY_EDIT, MAY_VIEW, NOT_COMPUTED
from insights_api.insight_filters import Listing, Predicate, chosen, ordered
from insights_api.insight_names import derived_name
from insights_api.insight_overrides import reading_of
from insights_api.insight_query import source_of
from insights_api.insight_results import computed, csv_of, is_to_come
from insights_api.insight_search import search
from insights_api.refresh import asked_refresh
from insights_api.resource import Resource
from insights_api.saved_questions import SavedQuestion
from insights_api.tabular import layout_of

MOST_VIEWED, MOST_TRENDING = 2500, 100


class Insights(AccessControlMixin, Resource):
    """What a list has of an insight is its `metadata`; `shown` has the fields of a result as well, without one."""

    kind = "insight"
    fields = FIELDS
    routes: ClassVar[tuple[tuple[str, str, str], ...]] = (
        ("trending", "GET", "/trending"),
        ("viewed", "POST", "/viewed"),
        ("my_last_viewed", "GET", "/my_last_viewed"),
        *Resource.routes,
    )

    def __init__(self, request: Request, access: Access) -> None:
        super().__init__(request, access)
        self.predicates: Sequence[Predicate] = ()
        self.match_types: dict[int, str] = {}
        self.is_list = False
        # Whether the caller may see a dashboard; null for one that is gone.
        self.sees: dict[int, bool | None] = {}

    async def list_all(self) -> Response:
        """Those that are not deleted and that the caller may see, without results; `basic=true`: metadata alone."""
        self.predicates = chosen(self.request, self.listing)
        return await super().list_all()

    async def create(self) -> Response:
        """The insight as it was stored, 201. Its query is checked; its result is there where `refresh` asks for it."""
        require_json(self.request)
        body = await objects.body_of(self.request)
        item = self.made(body)
        return JsonResponse(self._written(item, body), status_code=201)

    async def update(self) -> Response:
        """Only what the body names changes. `deleted: false` brings a deleted one back."""
        require_json(self.request)
        body = await objects.body_of(self.request)
        item = self.find(deleted=body.get("deleted") is False)
        self.check(item, writes=True)
        return JsonResponse(self._written(self.changed(item, body), body))

    async def retrieve(self) -> Response:
        """With its result, computed where none is kept; a question that cannot be answered is a 400."""
        item = self.find()
        self.check(item, writes=False)
        layout = layout_of(self.request, ("tidy",))
        reading = reading_of(self.request, self.access, item)
        asked = SavedQuestion(item, reading.overrides)
        if layout is not None:
            return csv_of(self.request, self.access, asked)
        if self.is_basic:
            return JsonResponse(self.metadata(asked))
        shown = self.shown(item, asked)
        beside = {name: reading.tile[name] for name in ("color", "layouts")} if reading.tile else {}
        result = computed(self.access, asked, reading.refresh, explain=reading.explain)
        return JsonResponse({**shown, **result, **beside}, status_code=202 if is_to_come(result) else 200)

    async def trending(self) -> Response:
        """The insights that most people viewed in the last `days` (7), at most `limit` (10), with who did last."""
        days, limit = self._number("days", 7, 3650), self._number("limit", 10, 1_000_000)
        views = insight_views.since(self.access, days)
        seen = [item for item in self.listed(self.stored()) if item["id"] in views]
        seen.sort(key=lambda item: str(item["last_modified_at"]), reverse=True)
        seen.sort(key=lambda item: -views[item["id"]].count)
        results = [self._trend(item, views[item["id"]]) for item in seen[: min(limit, MOST_TRENDING)]]
        return JsonResponse({"count": len(results), "next": None, "previous": None, "results": results})

    async def viewed(self) -> Response:
        """`{"insight_ids": [...]}`: the caller has looked at these; those that are not to be seen are left out. 201."""
        require_json(self.request)
        body = await objects.body_of(self.request)
        asked = fields.array(fields.required(body, "insight_ids"), "insight_ids", maximum=MOST_VIEWED)
        if not asked:
            raise ValidationError("This list may not be empty.", attr="insight_ids", code="empty")
        numbers = [fields.integer(one, f"insight_ids__{index}") for index, one in enumerate(asked)]
        found = tiles.read(self.access, self.kind, numbers)
        self.access.rules.on_kind(self.kind)
        insight_views.note(
            self.access,
            [
                item
                for item in found.values()
                if not item["deleted"] and tiles.may(self.access, self.kind, item, writes=False)
            ],
        )
        return Response(status_code=201)

    async def my_last_viewed(self) -> NoReturn:
        """For those who are logged in; a key is refused."""
        raise AssertionError("unreachable: without scopes nobody is let through")

    # What the resource asks of a kind.

    def made(self, body: Mapping[str, Any]) -> Item:
        return self._told(super().made(body))

    def changed(self, item: Item, body: Mapping[str, Any]) -> Item:
        return self._told(super().changed(item, body))

    def _told(self, item: Item) -> Item:
        """`insight.saved` on the event bus, where reports that wait for it hear it."""
        detail = {"project_id": self.project_id, "insight_id": item["id"], "short_id": item["short_id"]}
        self.access.services.bus.tell("insight.saved", detail)
        return item

    def checked(self, body: Mapping[str, Any], item: Item | None) -> dict[str, Any]:
        """A change saves an insight that was not, and a sample is none any more. A new question has no old name.

        Whoever may read an insight reads its result, so a statement is saved by a key that may ask it.
        """
        values = {**super().checked(body, item), "updated_at": moment(self.access.now), "is_sample": False}
        query = values.get("query")
        if query is not None and query != (item or {}).get("query") and source_of(query)["kind"] in STATEMENTS:
            check_scopes(self.access.key, ("query:read",))
        if item is None:
            return {"dashboard_tiles": [], **values}
        if "derived_name" not in values and any(
            name in values and values[name] != item[name] for name in ("query", "filters")
        ):
            values["derived_name"] = None
        if "dashboards" in values:
            self._look_at_dashboards([item])
            values["dashboards"] += [number for number in item["dashboards"] if self.sees[number] is False]
        return {"saved": True, **values}

    def keys_beside(self, object_id: str) -> list[Key]:
        return [insight_views.key_of(self.access, int(object_id))] if object_id.isdigit() else []

    def further_writes(self, before: Item | None, after: Item) -> list[Write]:
        """The tiles on dashboards."""
        if before is not None and after["deleted"] and not before["deleted"]:
            return tiles.taken_off(self.access, after)
        if after["dashboards"] == (before["dashboards"] if before else []):
            return []
        return tiles.placing(self.access, after, after["dashboards"])

    def matches(self, item: Item) -> bool:
        return all(holds(item) for holds in self.predicates)

    def in_order(self, items: Iterable[Item]) -> Sequence[Item]:
        """By `order`; else what was searched for by how well it fits."""
        found, text = [*items], self.request.query_params.get("search", "")
        if text.strip():
            fitting = search(found, text, lambda item: item["derived_name"] or derived_name(item))
            self.match_types = {item["id"]: how for item, how in fitting}
            found = [item for item, _ in fitting]
            if not self.request.query_params.get("order"):
                return found
        return ordered(self.request, found, self.listing)

    def shown(self, item: Item, asked: SavedQuestion | None = None) -> dict[str, Any]:
        """Nothing is computed. The query is the one that is `asked`."""
        asked = asked or SavedQuestion(item)
        shown, key = self.metadata(asked), asked.key(self.access)
        return {
            **shown,
            **NOT_COMPUTED,
            "query": asked.node,
            "timezone": self.access.project.timezone,
            "filters_hash": key,
            "cache_key": key,
            "alerts": [],
        }

    def brief(self, item: Item) -> dict[str, Any]:
        shown = self.metadata(SavedQuestion(item)) if self.is_basic else self.shown(item)
        return {**shown, "search_match_type": self.match_types.get(item["id"])}

    def metadata(self, asked: SavedQuestion) -> dict[str, Any]:
        """Older filters are shown as the query that they stand for, where there is one."""
        item, query = asked.item, asked.own
        shown = super().shown(item)
        level, on_dashboards = shown["user_access_level"], self.dashboards_of(item)
        may_edit = level is not None and self.thing(item).kind.at_least(level, "editor")
        return {
            **shown,
            "query": query,
            "filters": item["filters"] if query is None else {},
            "derived_name": item["derived_name"] or derived_name(item),
            "dashboards": on_dashboards,
            "dashboard_tiles": [link for link in item["dashboard_tiles"] if link["dashboard_id"] in on_dashboards],
            "effective_restriction_level": EVERYONE_MAY_EDIT,
            "effective_privilege_level": MAY_EDIT if may_edit else MAY_VIEW,
            "last_viewed_at": self._viewed_at(item),
            "search_match_type": None,
        }

    # What they are made of.

    @property
    def is_basic(self) -> bool:
        return objects.is_true(self.request.query_params.get("basic"))

    @cached_property
    def listing(self) -> Listing:
        return Listing(self.access, lambda: self._own_views, self.dashboards_of)

    def dashboards_of(self, item: Item) -> list[int]:
        """Those that it is on and that the caller may see: of others nothing is said."""
        self._look_at_dashboards([item])
        return [number for number in item["dashboards"] if self.sees[number]]

    def stored(self) -> Sequence[Item]:
        """What a list is made from, and in one read the dashboards that its insights are on."""
        found, self.is_list = super().stored(), True
        self._look_at_dashboards(found)
        return found

    def _look_at_dashboards(self, items: Iterable[Item]) -> None:
        numbers = {number for item in items for number in item["dashboards"]} - self.sees.keys()
        if not numbers:
            return
        found = tiles.read(self.access, tiles.DASHBOARD, numbers)
        if len(numbers) > 1:
            self.access.rules.on_kind(tiles.DASHBOARD)
        for number in numbers:
            dashboard, self.sees[number] = found.get(number), None
            if dashboard is not None and not dashboard["deleted"]:
                self.sees[number] = tiles.may(self.access, tiles.DASHBOARD, dashboard, writes=False)

    def _written(self, item: Item, body: dict[str, Any]) -> dict[str, Any]:
        """What cannot be answered is no error of the write, which has been done."""
        asked = SavedQuestion(item)
        shown, refresh = self.shown(item, asked), asked_refresh(self.request, body)
        if refresh.miss is Then.NOTHING or item["deleted"]:
            return shown
        try:
            return {**shown, **computed(self.access, asked, refresh)}
        except ApiError as error:
            return {**shown, "query_status": {"complete": True, "error": True, "error_message": error.detail}}

    def _trend(self, item: Item, views: insight_views.Views) -> dict[str, Any]:
        return {
            **self.metadata(SavedQuestion(item)),
            "last_viewed_at": views.last_viewed_at,
            "view_count": views.count,
            "viewers": views.viewers,
        }

    def _number(self, name: str, default: int, most: int) -> int:
        text = self.request.query_params.get(name)
        number = default if text is None else fields.integer(text, name)
        if not 1 <= number <= most:
            raise ValidationError(f"{name} must be a whole number from 1 to {most}", attr=name)
        return number

    @cached_property
    def _own_views(self) -> dict[int, str]:
        return insight_views.own(self.access)

    def _viewed_at(self, item: Item) -> str | None:
        if self.access.share is not None:
            return None
        if self.is_list:
            return self._own_views.get(item["id"])
        return insight_views.at(self.beside[0] if self.beside else insight_views.own_of(self.access, item["id"]))


router = Insights.router()
