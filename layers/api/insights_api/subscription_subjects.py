"""What subscriptions are about: an insight, or some insights of a dashboard, as one caller may see them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from insights_acl.access import Access
from insights_engine.errors import ValidationError
from insights_engine.store import Item

from insights_api import tiles
from insights_api.insight_names import derived_name
from insights_api.subscription_fields import MAX_INSIGHTS

# A subscription's fields, which are the names of the kinds as well.
KINDS = (tiles.INSIGHT, tiles.DASHBOARD)
_NOT_OURS = "This {} does not belong to your team."
_NO_INSIGHT = "Insight is required for insight subscriptions."
_NONE_CHOSEN = "Select at least one insight for this subscription."
_TOO_MANY = f"Cannot select more than {MAX_INSIGHTS} insights."
_GONE = "Some insights do not belong to your team or do no longer exist."
_NO_DASHBOARD = "Cannot set insights selection without a dashboard."


@dataclass(slots=True)
class Subjects:
    """Insights and dashboards by their ids, read once, and as few times as a list allows."""

    access: Access
    _read: dict[tuple[str, int], Item | None] = field(default_factory=dict)
    _seen: dict[tuple[str, int], bool] = field(default_factory=dict)

    def load(self, subscriptions: Iterable[Mapping[str, Any]]) -> None:
        """One read a kind, and one of its rules."""
        wanted = [*subscriptions]
        for kind in KINDS:
            numbers = {one[kind] for one in wanted if one[kind] is not None}
            missing = {number for number in numbers if (kind, number) not in self._read}
            if not missing:
                continue
            found = tiles.read(self.access, kind, missing)
            self._read |= {(kind, number): found.get(number) for number in missing}
            if len(missing) > 1:
                self.access.rules.on_kind(kind)

    def of(self, subscription: Mapping[str, Any]) -> tuple[str, Item | None]:
        """The kind, and the object, deleted or not; null for one that there is not."""
        kind = next((kind for kind in KINDS if subscription[kind] is not None), tiles.INSIGHT)
        if subscription[kind] is None:
            return kind, None
        self.load([subscription])
        return kind, self._read[kind, subscription[kind]]

    def may_see(self, subscription: Mapping[str, Any]) -> bool:
        """Whoever may not see what is sent may not see where it is sent, nor send it elsewhere."""
        kind, item = self.of(subscription)
        if item is None:
            return True
        if (kind, item["id"]) not in self._seen:
            self._seen[kind, item["id"]] = tiles.may(self.access, kind, item, writes=False)
        return self._seen[kind, item["id"]]

    def name_of(self, subscription: Mapping[str, Any]) -> str | None:
        _, item = self.of(subscription)
        return name_of(item) if item is not None else None

    def without_hidden(self, shown: dict[str, Any]) -> dict[str, Any]:
        """A delivery as history shows it: its author may have seen insights that the caller may not."""
        content = shown["content_snapshot"]
        told = content.get("insights", ())
        hidden = {one["id"] for one in told if not self.may_see({"insight": one["id"], "dashboard": None})}
        if not hidden:
            return shown
        names = {one["name"] for one in told if one["id"] in hidden}
        insights = [
            {"id": one["id"], "name": f"Insight {one['id']}", "error": None} if one["id"] in hidden else one
            for one in told
        ]
        name = None if content["name"] in names else content["name"]
        return {**shown, "content_snapshot": {**content, "name": name, "insights": insights}}

    def check(self, subscription: Mapping[str, Any]) -> None:
        """That it is about one thing that the caller may see all of. Raises ValidationError, PermissionDenied."""
        insight, dashboard = subscription["insight"], subscription["dashboard"]
        if insight is not None and dashboard is not None:
            raise ValidationError("A subscription is about an insight or a dashboard, not both.", attr="dashboard")
        if insight is None and dashboard is None:
            raise ValidationError(_NO_INSIGHT, attr="insight")
        chosen = subscription["dashboard_export_insights"]
        if chosen and dashboard is None:
            raise ValidationError(_NO_DASHBOARD, attr="dashboard_export_insights")
        kind, item = self.of(subscription)
        if item is None or item["deleted"]:
            raise ValidationError(_NOT_OURS.format(kind), attr=kind)
        tiles.require(self.access, kind, item, f"You don't have access to this {kind}.", writes=False)
        if dashboard is not None:
            self._check_chosen(chosen, item)

    def _check_chosen(self, chosen: list[int], dashboard: Item) -> None:
        attr = "dashboard_export_insights"
        if not chosen:
            raise ValidationError(_NONE_CHOSEN, attr=attr)
        if len(chosen) > MAX_INSIGHTS:
            raise ValidationError(_TOO_MANY, attr=attr)
        found = tiles.read(self.access, tiles.INSIGHT, chosen)
        if any(number not in found or found[number]["deleted"] for number in chosen):
            raise ValidationError(_GONE, attr=attr)
        on_it = {tile["insight_id"] for tile in tiles.live(dashboard)}
        invalid = sum(number not in on_it for number in chosen)
        if invalid:
            raise ValidationError(f"{invalid} invalid insight(s) selected.", attr=attr)
        for insight in found.values():
            detail = f"You don't have access to the insight {insight['id']}."
            tiles.require(self.access, tiles.INSIGHT, insight, detail, writes=False)


def name_of(item: Item) -> str:
    """As people call it: its own name, else what its question says."""
    derived = item.get("derived_name") or (derived_name(item) if "query" in item else None)
    return str(item.get("name") or derived or "Untitled")
