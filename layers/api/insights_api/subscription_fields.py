"""The fields of a subscription, each with its check; what depends on more than one of them is checked together."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from insights_acl import fields
from insights_acl.models import moment
from insights_engine.errors import ValidationError

from insights_api.resource import Field
from insights_api.schedule import FREQUENCIES, WEEKDAYS
from insights_api.targets import TARGET_TYPES

MAX_INSIGHTS = 6
# What happens, and what a subscription that names it does then: it is delivered at once.
RUN_ON = {
    "insight.saved": "its insight, or one of its dashboard's that it has, was saved",
    "report.requested": "somebody put `report.requested` with its id on the event bus",
    "object.created": "an object was created below the watched prefix of the watched bucket",
}


def whole(least: int, most: int) -> Callable[[Any, str], int]:
    """A whole number in a range, and not 0."""

    def check(value: Any, attr: str) -> int:
        number = fields.integer(value, attr)
        if number < least:
            raise ValidationError(f"Ensure this value is greater than or equal to {least}.", attr=attr)
        if number > most:
            raise ValidationError(f"Ensure this value is less than or equal to {most}.", attr=attr)
        if number == 0:
            raise ValidationError("Ensure this value is not 0.", attr=attr)
        return number

    return check


def one_of(known: Collection[str]) -> Callable[[Any, str], str]:
    return lambda value, attr: fields.choice(value, attr, known)


def some_of(known: Collection[str]) -> Callable[[Any, str], list[str]]:
    """Each once, in the order of `known`."""

    def check(value: Any, attr: str) -> list[str]:
        found = {fields.choice(one, attr, known) for one in fields.array(value, attr, maximum=50)}
        return [one for one in known if one in found]

    return check


def at(value: Any, attr: str) -> str:
    """A moment; without a zone it is UTC. Fractions of a second do not count."""
    return moment(fields.date_time(value, attr).replace(microsecond=0))


def ids(value: Any, attr: str) -> list[int]:
    """As upstream, null is none. How many there may be is said in its own words."""
    found = [fields.integer(one, attr) for one in fields.array(value if value is not None else [], attr)]
    return list(dict.fromkeys(found))


def off(value: Any, attr: str) -> bool:
    if fields.boolean(value, attr):
        raise ValidationError("Summaries by AI are not part of this product.", attr=attr)
    return False


_null = fields.or_null
FIELDS = (
    Field("insight", None, _null(fields.integer)),
    Field("dashboard", None, _null(fields.integer)),
    Field("dashboard_export_insights", [], ids),
    Field("target_type", None, one_of(TARGET_TYPES)),
    Field("target_value", None, lambda value, attr: fields.text(value, attr, maximum=10_000)),
    Field("integration_id", None, _null(fields.integer)),
    Field("frequency", None, one_of(FREQUENCIES)),
    Field("interval", 1, whole(1, 1000)),
    Field("byweekday", None, _null(some_of(WEEKDAYS))),
    Field("bysetpos", None, _null(whole(-366, 366))),
    Field("count", None, _null(whole(1, 1_000_000))),
    Field("start_date", None, at),
    Field("until_date", None, _null(at)),
    Field("title", None, _null(fields.text, maximum=100, blank=True)),
    Field("enabled", True, fields.boolean),
    Field("attach_csv", False, fields.boolean),
    Field("run_on", ["report.requested"], some_of(RUN_ON)),
    Field("summary_enabled", False, off, is_material=False),
    Field("summary_prompt_guide", "", lambda value, attr: fields.text(value, attr, maximum=500, blank=True)),
)
# Without these there is nothing to send, nobody to send it to, or no time.
REQUIRED = ("target_type", "target_value", "frequency", "start_date")
