"""`/api/projects/{id}/alerts`: bounds that a trend is held against on a schedule; who is told when it crosses one.

An alert has no access rules of its own: it is for whoever may see its insight. It is checked as its author.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from fastapi import Request
from fastapi.responses import Response
from insights_acl import fields, keys
from insights_acl.access import Access
from insights_acl.models import User, moment
from insights_engine.errors import Conflict, NotFound
from insights_engine.http import JsonResponse
from insights_engine.store import ConflictError, Delete, Item, Write

from insights_api import agenda, deliveries, objects, signing, tiles
from insights_api.alert_bodies import TARGET, UNSEEN, check_insight, check_whole, members, target
from insights_api.alert_fields import FIELDS, MAKE_ANEW, due, snooze_end
from insights_api.alert_states import AT_REST, Standing, next_check
from insights_api.insight_names import derived_name
from insights_api.pagination import DEFAULT_LIMIT, window
from insights_api.resource import Resource

KIND = "alert"
# A change of these is a change of when it is checked; of the first two, of what it stands for as well.
_REARMS = ("enabled", "snoozed_until", *MAKE_ANEW)
_MOVES = ("calculation_interval", "skip_weekend", *_REARMS)
# What the item has for itself.
_OWN = frozenset({"is_crossed", "again_at", "attempts", "deleted", "last_modified_at", "last_modified_by"})
_NEVER_CHECKED: dict[str, Any] = {
    "last_value": None,
    "last_checked_at": None,
    "last_notified_at": None,
    "checks": [],
}


def entry(project_id: int, item: Item) -> agenda.Entry | None:
    """When an alert is looked at, as the agenda has it: `again_at` while a worker was told of its check."""
    at = item["again_at"] or item["next_check_at"]
    if at is None:
        return None
    return agenda.Entry(datetime.fromisoformat(at).replace(microsecond=0), "alert", project_id, item["id"])


class Alerts(Resource):
    kind, route, ids, has_short_ids = KIND, "alerts", "uuid", False
    fields = FIELDS
    routes: ClassVar[tuple[tuple[str, str, str], ...]] = (("deliveries", "GET", "/{id}/deliveries"), *Resource.routes)

    def __init__(self, request: Request, access: Access) -> None:
        super().__init__(request, access)
        self.insights: dict[int, Item] = {}
        self.people: dict[str, User] = {}
        self.of_insight: int | None = None

    async def list_all(self) -> Response:
        """Those whose insight the caller may see, the newest first; `insight_id`: of one insight."""
        named = self.request.query_params.get("insight_id")
        self.of_insight = None if named is None else fields.integer(named, "insight_id")
        return await super().list_all()

    async def create(self) -> Response:
        """The alert as it was stored, 201. It is checked within a minute."""
        item = self.made(await objects.body_of(self.request))
        return JsonResponse(self._with_secret(item), status_code=201)

    async def retrieve(self) -> Response:
        """With its last checks."""
        return await super().retrieve()

    async def update(self) -> Response:
        """Only what the body names changes. Another question is checked at once, and so is the end of a pause."""
        body = await objects.body_of(self.request)
        item = self.find()
        self.check(item, writes=True)
        return JsonResponse(self._with_secret(self.changed(item, body)))

    async def destroy(self) -> Response:
        """It is gone, with what it found. 204."""
        item = self.find()
        self.check(item, writes=True)
        writes = [
            Delete(item["pk"], item["sk"], item["version"]),
            *agenda.moved(entry(self.project_id, item), None),
            self._object_entry(item, {**item, "deleted": True}),
        ]
        try:
            self.store.transact(writes)
        except ConflictError as error:
            raise Conflict from error
        return Response(status_code=204)

    async def deliveries(self) -> Response:
        """What was sent of its crossings, to whom, and what failed and why: the newest, at most `limit` (100)."""
        item = self.find()
        self.check(item, writes=False)
        limit = min(window(self.request).limit, DEFAULT_LIMIT)
        found = deliveries.of_owner(self.store, self.project_id, "alert", item["id"], limit=limit)
        return JsonResponse({"next": None, "previous": None, "results": [deliveries.shown(one) for one in found]})

    # What the resource asks of a kind.

    def check(self, item: Item, *, writes: bool) -> None:
        """Whoever may see the insight may change the alert: it tells nothing that the insight does not."""
        self._look_at_insights([item])
        insight = self.insights.get(item["insight"])
        if insight is None:
            raise NotFound
        tiles.require(self.access, tiles.INSIGHT, insight, UNSEEN, writes=False)

    def listed(self, items: Sequence[Item]) -> list[Item]:
        self._look_at_insights(items)
        if items:
            self.access.rules.on_kind(tiles.INSIGHT)
        seen = {
            number
            for number, insight in self.insights.items()
            if tiles.may(self.access, tiles.INSIGHT, insight, writes=False)
        }
        return [item for item in items if item["insight"] in seen]

    def matches(self, item: Item) -> bool:
        return self.of_insight in (None, item["insight"])

    def in_order(self, items: Iterable[Item]) -> Sequence[Item]:
        found = sorted(items, key=lambda item: (item["created_at"], item["id"]), reverse=True)
        self._look_at_people(found)
        return found

    def changed(self, item: Item, body: Mapping[str, Any]) -> Item:
        """It is deleted by DELETE alone."""
        return super().changed(item, {name: value for name, value in body.items() if name != "deleted"})

    def checked(self, body: Mapping[str, Any], item: Item | None) -> dict[str, Any]:
        values = super().checked(body, item)
        if item is None:
            check_whole(body)
        before = item or {field.name: field.default for field in FIELDS}
        if "subscribed_users" in values:
            values["subscribed_users"] = members(self.access, values["subscribed_users"])
        if any(name in values for name in TARGET):
            values |= target(self.access, values, {**before, **values})
        if (text := values.get("snoozed_until")) is not None and text != before["snoozed_until"]:
            values["snoozed_until"] = moment(snooze_end(text, self.access.now))
        wanted = {**before, **values}
        if item is None or _differ(before, wanted, MAKE_ANEW):
            check_insight(self.access, wanted)
        made = {} if item else _NEVER_CHECKED
        return {**made, **values, **self._standing(item, wanted)}

    def further_writes(self, before: Item | None, after: Item) -> list[Write]:
        """Its place in the agenda."""
        had = entry(self.project_id, before) if before else None
        return agenda.moved(had, entry(self.project_id, after))

    def shown(self, item: Item) -> dict[str, Any]:
        self._look_at_insights([item])
        self._look_at_people([item])
        said = {name: value for name, value in super().shown(item).items() if name not in _OWN}
        if item["state"] == "Snoozed" and item["snoozed_until"] <= moment(self.access.now):
            said |= {"state": "Not firing", "snoozed_until": None}  # its next check will say so as well
        people = [self.people[one] for one in item["subscribed_users"] if one in self.people]
        return {
            **said,
            "insight": _brief(self.insights[item["insight"]]),
            "subscribed_users": [user.as_author() for user in people],
        }

    def brief(self, item: Item) -> dict[str, Any]:
        """Without its checks."""
        return {**self.shown(item), "checks": []}

    def _with_secret(self, item: Item) -> dict[str, Any]:
        """Whoever may change it may know what its webhooks are signed with."""
        shown = self.shown(item)
        if item["target_type"] == "webhook":
            shown["webhook_secret"] = signing.webhook_secret(self.store, f"{KIND}#{item['id']}")
        return shown

    def logged_with(self, item: Item) -> tuple[str, str]:
        """So that it is read by those who may see the insight."""
        return tiles.INSIGHT, str(item["insight"])

    # What they are made of.

    def _standing(self, before: Item | None, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """The state, and when it is checked next, where the change is about either."""
        if before is not None and not _differ(before, wanted, _MOVES):
            return {}
        now, until = self.access.now, wanted["snoozed_until"]
        snoozed_until = datetime.fromisoformat(until) if until and until > moment(now) else None
        state = AT_REST if snoozed_until is None or not wanted["enabled"] else Standing("Snoozed", False)
        is_armed = before is None or _differ(before, wanted, _REARMS)
        at: str | None = due(now)
        if not wanted["enabled"]:
            at = None
        elif before is not None and (snoozed_until is not None or not _differ(before, wanted, _AT_ONCE)):
            at = moment(self._next(before["id"], wanted, snoozed_until))
        return {"next_check_at": at, "again_at": None, "attempts": 0} | (state._asdict() if is_armed else {})

    def _next(self, alert_id: str, wanted: Mapping[str, Any], not_before: datetime | None) -> datetime:
        every, zone = wanted["calculation_interval"], self.access.project.zone
        skips = wanted["skip_weekend"]
        return next_check(alert_id, every, self.access.now, zone, skip_weekend=skips, not_before=not_before)

    def _look_at_insights(self, items: Iterable[Item]) -> None:
        numbers = {item["insight"] for item in items} - self.insights.keys()
        if numbers:
            self.insights |= tiles.read(self.access, tiles.INSIGHT, numbers)

    def _look_at_people(self, items: Iterable[Item]) -> None:
        unknown = {one for item in items for one in item["subscribed_users"]} - self.people.keys()
        if unknown:
            found = self.store.get_many([keys.user(one) for one in unknown])
            self.people |= {user["uuid"]: User.from_item(user) for user in found if user}


# A change of these alone waits for no schedule.
_AT_ONCE = ("calculation_interval", *_REARMS)


def _differ(before: Mapping[str, Any], after: Mapping[str, Any], names: Iterable[str]) -> bool:
    return any(before[name] != after[name] for name in names)


def _brief(insight: Item) -> dict[str, Any]:
    name = insight["derived_name"] or derived_name(insight)
    return {"id": insight["id"], "short_id": insight["short_id"], "name": insight["name"], "derived_name": name}


router = Alerts.router()
