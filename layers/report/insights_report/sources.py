"""What a delivery is of: a subscription's insight or dashboard, or what an alert found, read when it is sent.

It is made as whoever made the subscription or the alert may see it at this moment.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from insights_acl.access import Access, of_user
from insights_acl.models import PersonalKey, StoredProject, User, moment
from insights_acl.permissions import permission_of
from insights_api import agenda, deliveries, signing, tiles, unsubscribe
from insights_api.insight_overrides import of_dashboard
from insights_api.integrations import find_integration
from insights_api.schedule import Schedule
from insights_api.subscription_firing import entry, put
from insights_api.subscription_subjects import name_of
from insights_engine import keys
from insights_engine.errors import ApiError
from insights_engine.services import Services
from insights_engine.store import Item, Write

from insights_report.parts import Making, address_of, at_of, total_of
from insights_report.report import Invitation, Part, Report, Target

# Of a dashboard with more insights than that the rest is left out, and said to be.
MOST_PARTS = 6
_NOBODY = "Whoever made this {} has no access to the project any more."


class Stopped(Exception):
    """Nothing is to be sent; `status` is what the delivery becomes. `is_lasting`: the target is broken for good."""

    def __init__(self, reason: str, status: str = "failed", *, is_lasting: bool = False) -> None:
        super().__init__(reason)
        self.status, self.is_lasting = status, is_lasting


@dataclass(frozen=True, slots=True)
class Source(ABC):
    """`item` is the delivery, `owner` what it belongs to, `access` what its author may see."""

    services: Services
    item: Item
    owner: Item
    access: Access
    making: Making = field(init=False)

    def __post_init__(self) -> None:
        site = self.services.settings.site_url.rstrip("/")
        kind = self.item["target_type"]
        with_files = kind in ("s3", "webhook") or bool(self.owner.get("attach_csv"))
        making = Making(self.access, site, self.item["id"], with_files, kind in ("slack", "webhook"))
        object.__setattr__(self, "making", making)

    @abstractmethod
    def report(self) -> Report:
        """Raises Stopped where there is nothing to send."""

    def target(self, recipients: Sequence[str]) -> Target:
        """Where it goes, as it stood when the delivery was made. Raises Stopped."""
        kind, store, project_id = self.item["target_type"], self.services.policies, self.item["project_id"]
        integration = None
        if kind == "slack":
            found = find_integration(store, project_id, self.owner["integration_id"] or 0)
            if found is None:
                raise Stopped("The Slack integration was removed.", is_lasting=True)
            integration = found
        return Target(
            kind,
            self.item["target_value"],
            integration,
            signing.webhook_secret(store, self.item["owner"]) if kind == "webhook" else "",
            bool(self.owner.get("attach_csv")),
            self.ways_out(recipients) if kind == "email" else {},
            self.invitations(recipients),
        )

    def is_wanted(self, recipient: str) -> bool:
        """Whether it is still to be sent there: a list may have changed since the delivery was made."""
        return True

    def ways_out(self, recipients: Sequence[str]) -> dict[str, str]:
        """Addresses that take a recipient off the list."""
        return {}

    def invitations(self, recipients: Sequence[str]) -> dict[str, Invitation]:
        return {}

    def closing(self, now: datetime) -> list[Write]:
        """What else is written when no recipient can be reached any more."""
        return []

    def snapshot(self, report: Report) -> dict[str, Any]:
        """What history keeps of the content."""
        told = [{"id": part.insight_id, "name": part.name, "error": part.error} for part in report.parts]
        return {
            "exported_asset_ids": [f"{self.item['id']}-{place}" for place, part in enumerate(report.parts) if part.png],
            "content_snapshot": {
                "name": report.name,
                "insights": told,
                "total": report.total,
                "message": report.message,
            },
        }

    @property
    def begun_at(self) -> datetime:
        return datetime.fromisoformat(self.item["created_at"])

    def manage_url(self, route: str) -> str:
        site = self.making.site
        return f"{site}/api/projects/{self.item['project_id']}/{route}/{self.owner['id']}/" if site else ""


class SubscriptionSource(Source):
    def report(self) -> Report:
        """Raises Stopped where its author may not see the insight or the dashboard any more."""
        kind = tiles.INSIGHT if self.owner["insight"] is not None else tiles.DASHBOARD
        number = self.owner[kind]
        subject = tiles.read(self.access, kind, [number]).get(number)
        if subject is None or subject["deleted"]:
            raise Stopped(f"The {kind} was deleted.")
        if not tiles.may(self.access, kind, subject, writes=False):
            raise Stopped(f"Whoever made this subscription may not see the {kind} any more.")
        is_insight = kind == tiles.INSIGHT
        wanted = [number] if is_insight else self.owner["dashboard_export_insights"][:MOST_PARTS]
        if not is_insight:
            there = {tile["insight_id"] for tile in tiles.live(subject)}
            wanted = [one for one in wanted if one in there]
            if not wanted:
                raise Stopped("None of the insights that were chosen is on the dashboard any more.")
        overrides = None if is_insight else of_dashboard(subject)
        parts = tuple(self.making.parts(wanted, overrides))
        return Report(
            self.item["id"],
            self.item["project_id"],
            "insight" if is_insight else "dashboard",
            name_of(subject),
            address_of(self.access, kind, subject, self.making.site),
            self.manage_url("subscriptions"),
            self.begun_at,
            self.access.now,
            self.access.project.timezone,
            parts,
            1 if is_insight else total_of(subject),
            Schedule.of(self.owner).summary,
            at_of(self.owner["next_delivery_date"]),
        )

    def is_wanted(self, recipient: str) -> bool:
        now = deliveries.recipients_of(self.owner["target_type"], self.owner["target_value"])
        return recipient.lower() in map(str.lower, now)

    def ways_out(self, recipients: Sequence[str]) -> dict[str, str]:
        site, number = self.making.site, str(self.owner["id"])
        if not site:
            return {}
        about = (self.services, site, self.item["project_id"], number)
        return {one: unsubscribe.link_for(*about, one, self.access.now) for one in recipients}

    def invitations(self, recipients: Sequence[str]) -> dict[str, Invitation]:
        """Who is new is told so, by whoever put them there."""
        author = self.item["values"].get("invited_by")
        if author is None:
            return {}
        message = self.item["values"].get("invite_message")
        named = author["first_name"] or author["email"]
        return {
            one: Invitation(None if one.lower() == author["email"].lower() else named, message)
            for one in recipients
            if one in self.item["values"]["invited"]
        }

    def closing(self, now: datetime) -> list[Write]:
        """A target that is broken for good is not tried every day: the subscription is switched off, which shows."""
        owner = self.services.policies.get(self.owner["pk"], self.owner["sk"])
        if owner is None or not owner["enabled"] or owner["target_value"] != self.item["target_value"]:
            return []
        after = {**owner, "enabled": False, "last_modified_at": moment(now)}
        return [put(after, owner), *agenda.moved(entry(owner), entry(after))]


class AlertSource(Source):
    def report(self) -> Report:
        """What the check found, with the insight as it is now; without it where nobody vouches for who may see it."""
        number = self.owner["insight"]
        parts = () if self.access.membership is None else tuple(self.making.parts([number]))
        part = parts[0] if parts else Part(number, f"Insight {number}", "")
        return Report(
            self.item["id"],
            self.item["project_id"],
            "alert",
            self.owner["name"] or part.name,
            part.url,
            self.manage_url("alerts"),
            self.begun_at,
            self.access.now,
            self.access.project.timezone,
            parts,
            1,
            message=self.item["values"]["message"],
        )


_SOURCES: dict[str, type[Source]] = {"subscription": SubscriptionSource, "alert": AlertSource}


def source_of(services: Services, item: Item, now: datetime) -> Source:
    """Raises Stopped where what the delivery was of is gone, or its author has no part in the project any more."""
    kind, _, number = item["owner"].partition("#")
    owner = services.policies.get(*keys.resource(item["project_id"], kind, number))
    if owner is None or owner["deleted"]:
        raise Stopped(f"The {kind} was deleted.", "skipped")
    if not owner["enabled"] and item["trigger_type"] != "manual":
        raise Stopped(f"The {kind} was switched off.", "skipped")
    try:
        access = of_user((owner["created_by"] or {}).get("uuid", ""), item["project_id"], services, now)
    except ApiError:
        project = services.policies.get(*keys.project(item["project_id"]))
        if kind != "alert" or project is None:
            raise Stopped(_NOBODY.format(kind)) from None
        access = _nobody(services, project, now)  # that it is checked no more is what has to be said
    return _SOURCES[kind](services, item, owner, access)


def _nobody(services: Services, project: Item, now: datetime) -> Access:
    """In the project without any part in it."""
    permission = permission_of("GET", "/api/projects/{project_id}/alerts/{alert_id}")
    key = PersonalKey("", "", "", "", "", ())
    return Access(
        User("", 0, "", is_active=False), key, None, None, StoredProject.from_item(project), services, now, permission
    )
