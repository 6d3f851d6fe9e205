"""What of a body of an alert depends on the project: the insight, the members, where else it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from insights_acl import accounts, fields
from insights_acl.access import Access
from insights_engine.errors import ApiError, ValidationError
from insights_engine.store import Item

from insights_api import tiles
from insights_api.alert_checks import Rule, check_fits
from insights_api.alert_fields import REQUIRED
from insights_api.insight_query import kind_of
from insights_api.saved_questions import SavedQuestion
from insights_api.slack_targets import check_integration
from insights_api.targets import checked_target

TRENDS = "TrendsQuery"
TARGET = ("target_type", "target_value", "integration_id")
UNSEEN = "You do not have viewer access to the insight of this alert."


def check_whole(body: Mapping[str, Any]) -> None:
    """What a new alert must say. Raises ValidationError."""
    for name in REQUIRED:
        fields.required(dict(body), name)
    if "subscribed_users" not in body and body.get("target_type") is None:
        raise ValidationError(
            "Say who is told: subscribed_users, or a target_type.", attr="subscribed_users", code="required"
        )


def check_insight(access: Access, wanted: Mapping[str, Any]) -> None:
    """Raises ValidationError for what is no trend, or none that this alert can be about; PermissionDenied."""
    number = wanted["insight"]
    insight = tiles.read(access, tiles.INSIGHT, [number]).get(number)
    if insight is None or insight["deleted"]:
        raise tiles.no_such(number, "insight")
    tiles.require(access, tiles.INSIGHT, insight, UNSEEN, writes=False)
    check_trend(wanted, insight)


def check_trend(alert: Mapping[str, Any], insight: Item) -> None:
    """Raises ValidationError."""
    if (kind := kind_of(insight)) != TRENDS:
        said = f"asks a {kind}" if kind else "asks nothing"
        raise ValidationError(f"Alerts are about trends, and this insight {said}.", attr="insight")
    try:
        query = SavedQuestion(insight).question.query
    except ApiError as error:
        raise ValidationError(error.detail, attr="insight") from error
    check_fits(Rule.of(alert), query)


def members(access: Access, listed: Sequence[Any]) -> list[str]:
    """The uuids of members that are named by number or uuid. Raises ValidationError."""
    organization = access.organization
    people = accounts.list_members(access.services.policies, organization) if organization and listed else []
    known = {name: user.uuid for _, user in people for name in (str(user.id), user.uuid)}
    found = []
    for index, one in enumerate(listed):
        named = str(one).lower() if isinstance(one, str | int) and not isinstance(one, bool) else ""
        if named not in known:
            raise ValidationError(
                f'"{str(one)[:100]}" is the id of no member of the organization',
                attr=f"subscribed_users__{index}",
                code="does_not_exist",
            )
        found.append(known[named])
    return list(dict.fromkeys(found))


def target(access: Access, given: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Without a type there is no target beside the users. Raises ValidationError."""
    kind, services = wanted["target_type"], access.services
    if kind is None:
        if given.get("target_value") is not None or given.get("integration_id") is not None:
            raise ValidationError("Say what target_value is.", attr="target_type", code="required")
        return dict.fromkeys(TARGET)
    value = checked_target(kind, wanted["target_value"], settings=services.settings)
    if kind != "slack":
        return {"target_value": value, "integration_id": None}
    check_integration(services.policies, access.project.id, wanted["integration_id"])
    return {"target_value": value}
