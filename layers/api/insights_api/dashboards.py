"""`/api/projects/{id}/dashboards`: insights and texts on one page, with filters that hold for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from fastapi.responses import Response
from insights_acl import fields
from insights_acl.mixin import AccessControlMixin
from insights_acl.models import moment
from insights_acl.restrictions import check_scopes
from insights_engine.errors import Conflict, ValidationError
from insights_engine.http import JsonResponse
from insights_engine.results.modes import Refresh
from insights_engine.store import ConflictError, Item, Write

from insights_api import dashboard_tiles, objects, tiles
from insights_api.dashboard_fields import FIELDS, no_template
from insights_api.dashboard_results import results_of
from insights_api.insight_fields import EVERYONE_MAY_EDIT, MAY_EDIT, MAY_VIEW
from insights_api.insight_overrides import of_dashboard
from insights_api.insights import Insights
from insights_api.refresh import asked_refresh
from insights_api.resource import Resource
from insights_api.saved_questions import SavedQuestion

_NOTED_EVERY = timedelta(hours=1)
# What lists leave out.
_LONG = ("tiles", "filters", "variables")


class Dashboards(AccessControlMixin, Resource):
    """A tile is an insight or a text. What a request does to tiles is in `dashboard_tiles`."""

    kind, has_short_ids = "dashboard", False
    fields = FIELDS
    routes = (*Resource.routes, ("move_tile", "PATCH", "/{id}/move_tile"))
    # Insights that are deleted, or restored, together with the dashboard.
    deleted: Sequence[int] = ()
    restored: Sequence[int] = ()

    async def retrieve(self) -> Response:
        """With its tiles and the results of their insights; with `refresh=force_cache` those alone that are kept.

        An insight that the caller may not see is only named.
        """
        item = self.find()
        self.check(item, writes=False)
        refresh = asked_refresh(self.request, default="blocking")
        return JsonResponse(self.with_results(self._noted(item), refresh))

    async def move_tile(self) -> Response:
        """`{"toDashboard": 7, "tile": {"id": 3}}`: the caller edits both dashboards, and sees the insight."""
        body = await objects.body_of(self.request)
        source = self.find()
        self.check(source, writes=True)
        number = fields.integer(fields.required(body, "toDashboard"), "toDashboard")
        tile = fields.mapping(fields.required(body, "tile"), "tile")
        target = self._other(number, "toDashboard")
        if target["id"] == source["id"]:
            raise ValidationError("The tile is on this dashboard already.", attr="toDashboard")
        detail = f"You don't have permission to add insights to dashboard: {number}"
        tiles.require(self.access, self.kind, target, detail, writes=True)
        moved = fields.integer(fields.required(tile, "id"), "tile__id")
        source_after, target_after, further = dashboard_tiles.moved(self.access, source, target, moved)
        logged = (self._object_entry(source, source_after), self._object_entry(target, target_after))
        try:
            written = objects.change(self.store, source, source_after, tiles.put(target_after), *further, *logged)
        except ConflictError as error:
            raise Conflict from error
        return JsonResponse(self.shown(written))

    def made(self, body: Mapping[str, Any]) -> Item:
        no_template(body.get("use_template"), "use_template")
        return super().made(body)

    def checked(self, body: Mapping[str, Any], item: Item | None) -> dict[str, Any]:
        values = super().checked(body, item)
        asked = values.pop("tiles", None)
        if item is None:
            values |= {"creation_mode": "default", "is_shared": False, "last_accessed_at": None, **self._copied(body)}
        if asked is not None:
            had = values.get("tiles", []) if item is None else item["tiles"]
            values["tiles"] = dashboard_tiles.changed(self.access, had, asked)
        if item is not None and "deleted" in body:
            self._with_deletion(body, item, values)
        return values

    def further_writes(self, before: Item | None, after: Item) -> list[Write]:
        return dashboard_tiles.followed(self.access, before, after, self.deleted, self.restored)

    def matches(self, item: Item) -> bool:
        asked = self.request.query_params
        if "pinned" in asked and item["pinned"] is not objects.is_true(asked["pinned"]):
            return False
        words = f"{item['name']} {item['description']} {' '.join(item['tags'])}".lower()
        return asked.get("search", "").lower() in words

    def in_order(self, items: Iterable[Item]) -> Sequence[Item]:
        return sorted(items, key=lambda item: (not item["pinned"], str(item["name"]).lower(), item["id"]))

    def brief(self, item: Item) -> dict[str, Any]:
        shown = super().shown(item)
        level = shown["user_access_level"]
        may_edit = level is not None and self.thing(item).kind.at_least(level, "editor")
        return {
            **{name: value for name, value in shown.items() if name not in _LONG},
            "team_id": self.project_id,
            "effective_restriction_level": EVERYONE_MAY_EDIT,
            "effective_privilege_level": MAY_EDIT if may_edit else MAY_VIEW,
            "last_refresh": None,
        }

    def shown(self, item: Item) -> dict[str, Any]:
        """With its tiles, and nothing computed."""
        return self._whole(item, self._insights(item), {})

    def with_results(self, item: Item, refresh: Refresh) -> dict[str, Any]:
        """`last_refresh` is that of the oldest result."""
        insights = self._insights(item)
        overrides = of_dashboard(item)
        asked = [SavedQuestion(insight, overrides) for insight in insights.values() if self._sees(insight)]
        shown = self._whole(item, insights, results_of(self.access, asked, refresh))
        computed_at = [
            tile["insight"]["last_refresh"]
            for tile in shown["tiles"]
            if tile["insight"] and tile["insight"].get("last_refresh")
        ]
        return {**shown, "last_refresh": min(computed_at, default=None)}

    def _whole(self, item: Item, insights: Mapping[int, Item], results: Mapping[int, dict[str, Any]]) -> dict[str, Any]:
        shown = [
            # Without an order of its own it has its place: clients read a number.
            {**self._tile(tile, insights, results), "order": place if tile["order"] is None else tile["order"]}
            for place, tile in enumerate(tiles.live(item))
        ]
        return {**self.brief(item), "filters": item["filters"], "variables": item["variables"], "tiles": shown}

    def _tile(
        self, tile: Mapping[str, Any], insights: Mapping[int, Item], results: Mapping[int, dict[str, Any]]
    ) -> dict[str, Any]:
        plain = {name: value for name, value in tile.items() if name not in ("insight_id", "returns")}
        insight = insights.get(tile["insight_id"])
        return {**plain, "insight": insight and self._insight(insight, results.get(insight["id"], {}))}

    def _insight(self, insight: Item, result: Mapping[str, Any]) -> dict[str, Any]:
        if not self._sees(insight):
            level = self._view.level_of(insight)
            return {"id": insight["id"], "short_id": insight["short_id"], "user_access_level": level}
        return {**self._view.shown(insight), **result}

    @cached_property
    def _view(self) -> Insights:
        """One for all tiles, which reads what they have in common once."""
        view = Insights(self.request, self.access)
        view.is_list = True
        return view

    def _insights(self, item: Item) -> dict[int, Item]:
        """Of the tiles, in their order."""
        wanted = [tile["insight_id"] for tile in tiles.live(item) if tile["insight_id"] is not None]
        found = tiles.read(self.access, tiles.INSIGHT, wanted)
        self.access.rules.on_kind(tiles.INSIGHT)
        return {number: insight for number, insight in found.items() if not insight["deleted"]}

    def _sees(self, insight: Item) -> bool:
        return tiles.may(self.access, tiles.INSIGHT, insight, writes=False)

    def _other(self, number: int, attr: str) -> Item:
        """Another dashboard of the project. Raises ValidationError."""
        found = tiles.read(self.access, self.kind, [number]).get(number)
        if found is None or found["deleted"]:
            raise tiles.no_such(number, attr)
        return found

    def _copied(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """What a new dashboard takes from another one, which the caller has to see with all of its insights."""
        if body.get("use_dashboard") is None:
            return {}
        source = self._other(fields.integer(body["use_dashboard"], "use_dashboard"), "use_dashboard")
        if fields.boolean(body.get("duplicate_tiles", False), "duplicate_tiles"):
            raise ValidationError(
                "Tiles of a copy show the same insights; they are not copied.", attr="duplicate_tiles"
            )
        detail = f"You don't have permission to use dashboard: {source['id']}"
        tiles.require(self.access, self.kind, source, detail, writes=False)
        inherited = {name: source[name] for name in ("filters", "variables") if name not in body}
        return {**inherited, "tiles": dashboard_tiles.copies(self.access, source), "creation_mode": "duplicate"}

    def _with_deletion(self, body: Mapping[str, Any], item: Item, values: dict[str, Any]) -> None:
        """A dashboard takes its tiles with it, and with `delete_insights` the insights that are nowhere else."""
        is_deleted = fields.boolean(body["deleted"], "deleted")
        had = values["tiles"] if "tiles" in values else item["tiles"]
        if is_deleted and not item["deleted"]:
            if fields.boolean(body.get("delete_insights", False), "delete_insights"):
                check_scopes(self.access.key, ("insight:write",))
                self.deleted = dashboard_tiles.only_here(self.access, {**item, "tiles": had})
            values["tiles"] = dashboard_tiles.put_away(had, self.deleted)
        elif not is_deleted and item["deleted"]:
            values["tiles"], self.restored = dashboard_tiles.brought_back(self.access, had)

    def _noted(self, item: Item) -> Item:
        """When it was last opened, to the hour; by a link nobody opens it."""
        seen, now = item["last_accessed_at"], self.access.now
        if self.access.share is not None or (seen and now - datetime.fromisoformat(seen) < _NOTED_EVERY):
            return item
        return objects.note(self.store, item, {"last_accessed_at": moment(now)})


router = Dashboards.router()
