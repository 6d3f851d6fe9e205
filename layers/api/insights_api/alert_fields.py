"""The fields of an alert that a body may set, each with its check; alerts.py checks what depends on the project."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from insights_acl import fields
from insights_acl.models import moment
from insights_engine.dates import add_months
from insights_engine.errors import ValidationError, nearest

from insights_api.alert_checks import CONDITIONS, THRESHOLDS
from insights_api.alert_states import CALCULATION_INTERVALS
from insights_api.resource import Field

MAX_USERS = 100
MAX_SERIES_INDEX = 1000
_SNOOZE = re.compile(r"(\d{1,4})([hdwm])")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_CONFIG = "TrendsAlertConfig"
# What an answer has beside what a body may set, and clients send back.
_BESIDE = frozenset({"id", "name", "created_at"})


def _threshold(value: Any, attr: str) -> dict[str, Any]:
    """`{"configuration": {"type", "bounds": {"lower", "upper"}}}`, with at least one bound."""
    given = _object(value, attr, ("configuration", *_BESIDE))
    inside = f"{attr}__configuration"
    found = _object(given.get("configuration"), inside, ("type", "bounds"))
    kind = fields.choice(found.get("type", THRESHOLDS[0]), f"{inside}__type", THRESHOLDS)
    place = f"{inside}__bounds"
    bounds = _object(found.get("bounds"), place, ("lower", "upper"))
    lower, upper = (_bound(bounds.get(name), f"{place}__{name}") for name in ("lower", "upper"))
    if lower is None and upper is None:
        raise ValidationError("Give a lower bound, an upper one, or both.", attr=place, code="required")
    if lower is not None and upper is not None and lower > upper:
        raise ValidationError("Lower threshold must be less than upper threshold", attr=place)
    return {"configuration": {"type": kind, "bounds": {"lower": lower, "upper": upper}}}


def _bound(value: Any, attr: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValidationError("A valid number is required.", attr=attr)
    return float(value)


def _condition(value: Any, attr: str) -> dict[str, Any]:
    given = _object(value, attr, ("type",))
    return {"type": fields.choice(given.get("type"), f"{attr}__type", CONDITIONS)}


def _config(value: Any, attr: str) -> dict[str, Any]:
    given = _object(value if value is not None else {}, attr, ("type", "series_index", "check_ongoing_interval"))
    index = fields.integer(given.get("series_index", 0), f"{attr}__series_index")
    if not 0 <= index <= MAX_SERIES_INDEX:
        raise ValidationError("Ensure this value is greater than or equal to 0.", attr=f"{attr}__series_index")
    ongoing = given.get("check_ongoing_interval")
    return {
        "type": fields.choice(given.get("type", _CONFIG), f"{attr}__type", (_CONFIG,)),
        "series_index": index,
        "check_ongoing_interval": ongoing is not None and fields.boolean(ongoing, f"{attr}__check_ongoing_interval"),
    }


def _object(value: Any, attr: str, known: Collection[str]) -> dict[str, Any]:
    given = fields.mapping(value, attr)
    for name in given:
        if name not in known:
            hint = nearest(name, known) or f"; known are: {', '.join(known)}"
            raise ValidationError(f"{attr.replace('__', '.')}.{name[:100]} is not known{hint}", attr=attr)
    return given


def _users(value: Any, attr: str) -> list[Any]:
    """Numbers or uuids; of members, as alerts.py finds them."""
    return fields.array(value, attr, maximum=MAX_USERS)


def _snoozed_until(value: Any, attr: str) -> str | None:
    """As it came: how long from now on depends on now."""
    return None if value is None else fields.text(value, attr)


FIELDS = (
    Field("name", "", lambda value, attr: fields.text(value, attr, maximum=255, blank=True)),
    Field("insight", None, fields.integer),
    Field("subscribed_users", [], _users),
    Field("threshold", None, _threshold),
    Field("condition", None, _condition),
    Field("config", _config(None, "config"), _config),
    Field("enabled", True, fields.boolean),
    Field("calculation_interval", "daily", lambda v, attr: fields.choice(v, attr, CALCULATION_INTERVALS)),
    Field("skip_weekend", False, lambda value, attr: value is not None and fields.boolean(value, attr)),
    Field("snoozed_until", None, _snoozed_until, is_material=False),
    Field("target_type", None, fields.or_null(fields.text)),
    Field("target_value", None, fields.or_null(fields.text, maximum=10_000)),
    Field("integration_id", None, fields.or_null(fields.integer)),
)
REQUIRED = ("insight", "threshold", "condition")
# Other questions: what was found about the one before says nothing about them.
MAKE_ANEW = ("insight", "threshold", "condition", "config")


def snooze_end(text: str, now: datetime) -> datetime:
    """`2h`, `5d`, `1w`, `1m` (a month) from now, or a moment to come. Raises ValidationError."""
    if found := _SNOOZE.fullmatch(text):
        number, unit = int(found[1]), found[2]
        end = add_months(now, number) if unit == "m" else now + number * _UNITS[unit]
    else:
        end = _moment(text, "snoozed_until")
    if end <= now:
        raise ValidationError("Must be later than now.", attr="snoozed_until")
    return end.replace(microsecond=0)


def _moment(text: str, attr: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValidationError(
            f'"{text[:50]}" is neither a moment nor a length of time such as 2h, 5d, 1w or 1m', attr=attr
        ) from None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    if not 1970 < at.year < 9000:
        raise ValidationError("Must be between the years 1971 and 8999.", attr=attr)
    return at.astimezone(UTC)


def due(at: datetime) -> str:
    """How a check's time is stored: the agenda knows whole seconds."""
    return moment(at.replace(microsecond=0))
