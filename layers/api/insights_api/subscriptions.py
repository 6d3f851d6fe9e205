"""`/api/projects/{id}/subscriptions`: insights and dashboards that are sent to people on a schedule.

Access is that to what is sent: who may not see an insight sees no subscription to it, and changes none. It is sent as
whoever made the subscription may see it at that moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from fastapi import Request
from fastapi.responses import Response
from insights_acl import fields
from insights_acl.access import Access
from insights_acl.models import moment
from insights_engine import keys
from insights_engine.errors import ApiError, Conflict, NotFound, PermissionDenied, ValidationError
from insights_engine.http import JsonResponse, iso
from insights_engine.store import Item, Write

from insights_api import agenda, deliveries, objects, signing, subscription_limits, tiles
from insights_api.pagination import DEFAULT_LIMIT, window
from insights_api.resource import Resource
from insights_api.schedule import RULE_FIELDS, Schedule
from insights_api.slack_targets import check_integration
from insights_api.subscription_fields import FIELDS, REQUIRED
from insights_api.subscription_firing import entry, is_live, owner_of, wanted_of
from insights_api.subscription_lists import Listing
from insights_api.subscription_subjects import Subjects
from insights_api.targets import checked_target

_PREVIEWED = 5
_DATES = ("start_date", "until_date", "next_delivery_date")
_EXHAUSTED = "Subscription schedule has reached its end date. Extend until_date or remove count"


class Subscriptions(Resource):
    """What is made due by a change goes out with it: `_wanted` is the delivery of the change in work."""

    kind, route, has_short_ids = "subscription", "subscriptions", False
    fields = FIELDS
    routes: ClassVar[tuple[tuple[str, str, str], ...]] = (
        ("preview", "POST", "/preview"),
        ("summary_quota", "GET", "/summary_quota"),
        ("deliveries", "GET", "/{id}/deliveries"),
        ("delivery", "GET", "/{id}/deliveries/{delivery_id}"),
        ("test_delivery", "POST", "/{id}/test-delivery"),
        *Resource.routes,
    )

    listing: Listing

    def __init__(self, request: Request, access: Access) -> None:
        super().__init__(request, access)
        self.subjects = Subjects(access)
        self._sent: list[Item] = []
        self._invitation: dict[str, Any] = {}

    async def list_all(self) -> Response:
        """Those to what the caller may see, the newest first; `deleted=true`: also those that are deleted."""
        self.listing = Listing.of(self.request.query_params, self.subjects.name_of)
        return await super().list_all()

    async def create(self) -> Response:
        """The subscription as it was stored, 201. Its recipients get the first report at once, unless it is paused."""
        body = await objects.body_of(self.request)
        subscription_limits.check_count(self.stored())
        item = self.made(self._read(body))
        deliveries.send(self.access.services, self._sent)
        return JsonResponse(self._with_secret(item), status_code=201)

    async def update(self) -> Response:
        """Only what the body names changes. New recipients get the report at once, after a pause everybody."""
        body = await objects.body_of(self.request)
        item = self.find(deleted=body.get("deleted") is False)
        self.check(item, writes=True)
        changed = self.changed(item, self._read(body))
        deliveries.send(self.access.services, self._sent)
        return JsonResponse(self._with_secret(changed))

    async def preview(self) -> Response:
        """The `summary` and the next dates that a new subscription of this body would have; nothing is stored."""
        body = await objects.body_of(self.request)
        for name in ("frequency", "start_date"):
            fields.required(body, name)
        rule = {field.name: field.default for field in FIELDS if field.name in RULE_FIELDS}
        rule |= {f.name: f.check(body[f.name], f.name) for f in FIELDS if f.name in RULE_FIELDS and f.name in body}
        schedule = Schedule.of(rule)
        dates = schedule.dates(self.access.now, _PREVIEWED)
        return JsonResponse({"summary": schedule.summary, "next_delivery_dates": [iso(date) for date in dates]})

    async def summary_quota(self) -> Response:
        """Summaries by AI are no part of this product: there are none left, ever."""
        return JsonResponse({"used": 0, "limit": 0, "remaining": 0})

    async def deliveries(self) -> Response:
        """What was sent, to whom, and what failed and why, the newest first; `cursor` leads to the page before."""
        item = self._opened()
        limit, cursor = window(self.request).limit, deliveries.cursor_of(self.request.query_params.get("cursor"))
        limit = min(limit, DEFAULT_LIMIT)
        found = deliveries.of_owner(
            self.store, self.project_id, "subscription", str(item["id"]), before=cursor, limit=limit + 1
        )
        url = self.request.url.include_query_params(cursor=found[limit - 1]["sk"]) if len(found) > limit else None
        site = self.access.services.settings.site_url.rstrip("/")
        following = None if url is None else f"{site}{url.path}?{url.query}" if site else str(url)
        shown = [self.subjects.without_hidden(deliveries.shown(one)) for one in found[:limit]]
        return JsonResponse({"next": following, "previous": None, "results": shown})

    async def delivery(self) -> Response:
        """One of them, by its id."""
        item, wanted = self._opened(), self.request.path_params["delivery_id"]
        before: str | None = None
        while True:
            found = deliveries.of_owner(
                self.store, self.project_id, "subscription", str(item["id"]), before=before, limit=DEFAULT_LIMIT
            )
            for one in found:
                if one["id"] == wanted:
                    return JsonResponse(self.subjects.without_hidden(deliveries.shown(one)))
            if len(found) < DEFAULT_LIMIT:
                raise NotFound
            before = found[-1]["sk"]

    async def test_delivery(self) -> Response:
        """Sends it now to everybody on the list, 202; one test at a time (409), and ten an hour (429)."""
        item = self._opened()
        subscription_limits.check_test(self.store, self.project_id, item, self.access.now)
        wanted = wanted_of(item, "manual", deliveries.recipients_of(item["target_type"], item["target_value"]))
        begun, writes = deliveries.begun(wanted, self.access.now)
        objects.change(self.store, item, {}, *writes)  # two at once would both have found no other
        deliveries.send(self.access.services, [begun])
        return JsonResponse(deliveries.shown(begun), status_code=202)

    # What the resource asks of a kind.

    def check(self, item: Item, *, writes: bool) -> None:
        if not self.subjects.may_see(item):
            raise PermissionDenied("You don't have access to what this subscription sends.")
        if writes and item["dashboard"] is not None:
            for insight in tiles.read(self.access, tiles.INSIGHT, item["dashboard_export_insights"]).values():
                detail = f"You don't have access to the insight {insight['id']}, which this subscription sends."
                tiles.require(self.access, tiles.INSIGHT, insight, detail, writes=False)

    def stored(self) -> Sequence[Item]:
        pk, _ = keys.resource(self.project_id, self.kind, "")
        found = self.store.query(pk, descending=True)
        if not objects.is_true(self.request.query_params.get("deleted")):
            found = [item for item in found if not item["deleted"]]
        return found

    def listed(self, items: Sequence[Item]) -> list[Item]:
        self.subjects.load(items)
        return [item for item in items if self.subjects.may_see(item)]

    def checked(self, body: Mapping[str, Any], item: Item | None) -> dict[str, Any]:
        """With the next date, where the rule is new or begins to count again."""
        if item is None:
            for name in REQUIRED:
                fields.required(dict(body), name)
        values = super().checked(body, item)
        whole = {**{field.name: field.default for field in FIELDS}, **(item or {}), **values}
        whole["deleted"] = body.get("deleted", whole.get("deleted", False))
        if item is None or any(name in values for name in ("insight", "dashboard", "dashboard_export_insights")):
            self.subjects.check(whole)
        if item is None or any(name in values for name in ("target_type", "target_value", "integration_id")):
            values |= self._target(whole)
        if item is not None and whole["target_type"] == "slack" and is_live(whole) and not is_live(item):
            check_integration(self.access.services.policies, self.project_id, whole["integration_id"], attr="enabled")
        return values | self._next(whole, item)

    def further_writes(self, before: Item | None, after: Item) -> list[Write]:
        """Its place in the agenda, and the delivery that the change makes due."""
        writes = agenda.moved(entry(before), entry(after))
        recipients = self._new_recipients(before, after)
        if recipients:
            if before is not None:
                subscription_limits.check_change(self.store, self.project_id, before, self.access.now)
            values = {**self._invitation, "invited": self._invited(before, recipients)}
            wanted = wanted_of(after, "target_change", recipients, values)
            begun, further = deliveries.begun(wanted, self.access.now)
            self._sent = [begun]
            writes += further
        return writes

    def logged_with(self, item: Item) -> tuple[str, str]:
        """What is sent: where it is sent is for those who may see it."""
        kind = tiles.INSIGHT if item["insight"] is not None else tiles.DASHBOARD
        return kind, str(item[kind])

    def matches(self, item: Item) -> bool:
        return self.listing.matches(item)

    def in_order(self, items: Iterable[Item]) -> Sequence[Item]:
        return self.listing.ordered(items)

    def shown(self, item: Item) -> dict[str, Any]:
        kind, subject = self.subjects.of(item)
        names = (field.name for field in FIELDS)
        is_insight = subject is not None and kind == tiles.INSIGHT
        return {
            "id": item["id"],
            **{name: item[name] for name in names},
            **{name: item[name] and iso(datetime.fromisoformat(item[name])) for name in _DATES},
            **{name: item[name] for name in ("created_at", "created_by", "deleted")},
            "summary": Schedule.of(item).summary,
            "resource_type": kind,
            "resource_name": self.subjects.name_of(item),
            "insight_short_id": subject["short_id"] if is_insight and subject else None,
        }

    # What they are made of.

    def _read(self, body: dict[str, Any]) -> dict[str, Any]:
        """`invite_message` goes into the first mail to whoever is new, and is kept nowhere else."""
        message = body.pop("invite_message", None)
        if message is not None:
            message = fields.text(message, "invite_message", maximum=2000, blank=True)
        author = self.access.user
        self._invitation = {"invite_message": message or None, "invited_by": author.as_author()}
        return body

    def _with_secret(self, item: Item) -> dict[str, Any]:
        """Whoever may change it may know what its webhooks are signed with."""
        shown = self.shown(item)
        if item["target_type"] == "webhook":
            shown["webhook_secret"] = signing.webhook_secret(self.store, owner_of(item))
        return shown

    def _opened(self) -> Item:
        item = self.find()
        self.check(item, writes=self.access.permission.writes)
        return item

    def _target(self, whole: Mapping[str, Any]) -> dict[str, Any]:
        kind, number = whole["target_type"], whole["integration_id"]
        value = checked_target(kind, whole["target_value"], settings=self.access.services.settings)
        if kind != "slack":
            return {"target_value": value, "integration_id": None}
        check_integration(self.store, self.project_id, number)
        return {"target_value": value}

    def _next(self, whole: Mapping[str, Any], item: Item | None) -> dict[str, Any]:
        """Nothing where neither the rule changes nor a pause ends."""
        rule_changes = item is None or any(whole[name] != item[name] for name in RULE_FIELDS)
        ends_pause = item is not None and is_live(whole) and not is_live(item)
        if not rule_changes and not ends_pause:
            return {}
        found = Schedule.of({**whole}).following(self.access.now)
        if found is None and item is None:
            raise ValidationError(f"{_EXHAUSTED}.", attr="start_date")
        if found is None and ends_pause:
            raise ValidationError(f"{_EXHAUSTED} before re-enabling.", attr="enabled")
        if found is None and is_live(whole):
            raise ValidationError(f"{_EXHAUSTED}.")
        return {"next_delivery_date": moment(found) if found else None}

    def _new_recipients(self, before: Item | None, after: Item) -> list[str]:
        if not is_live(after):
            return []
        now = deliveries.recipients_of(after["target_type"], after["target_value"])
        if before is None or not is_live(before) or before["target_type"] != after["target_type"]:
            return now
        had = {one.lower() for one in deliveries.recipients_of(before["target_type"], before["target_value"])}
        return [one for one in now if one.lower() not in had]

    def _invited(self, before: Item | None, recipients: Sequence[str]) -> list[str]:
        """After a pause those who had reports before it are not new."""
        had: set[str] = set()
        if before is not None and deliveries.of_owner(
            self.store, self.project_id, "subscription", str(before["id"]), limit=1
        ):
            had = {one.lower() for one in deliveries.recipients_of(before["target_type"], before["target_value"])}
        return [one for one in recipients if one.lower() not in had]

    def taken(self, wanted: Item) -> ApiError:
        return Conflict("The subscription was changed, or sent, at this very moment; try again.")


router = Subscriptions.router()
