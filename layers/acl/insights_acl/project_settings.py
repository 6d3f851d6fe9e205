"""What a project's settings may hold: one row a setting.

A name that is not here is ignored, as upstream's serializer ignores it; a value that is wrong is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple
from zoneinfo import available_timezones

from insights_engine.errors import ValidationError, nearest
from insights_engine.project import Project
from insights_engine.regexes import check_re2

from insights_acl import fields

# Settings that change answers stand in the project itself; all others in its `settings`.
_IN_PROJECT = frozenset(Project.__slots__)
_MAX_REGEX = 1000
_CURRENCY = re.compile(r"[A-Z]{3}")


class Setting(NamedTuple):
    name: str
    default: Any
    check: Callable[[Any, str], Any]
    help: str


def _name(value: Any, attr: str) -> str:
    return fields.text(value, attr, maximum=200)


def _timezone(value: Any, attr: str) -> str:
    name = fields.text(value, attr, maximum=100)
    known = available_timezones() - {"localtime"}
    if name not in known:
        detail = f'"{name}" is not a known time zone{nearest(name, known) or "; use an IANA name such as Europe/Paris"}'
        raise ValidationError(detail, attr=attr, code="invalid_choice")
    return name


def _week_start(value: Any, attr: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or value not in (0, 1):
        detail = "Must be 0 (Sunday), 1 (Monday) or null (Sunday)."
        raise ValidationError(detail, attr=attr, code="invalid_choice")
    return int(value)


def _property_filters(value: Any, attr: str) -> list[dict[str, Any]]:
    from insights_engine.filters import parse_filters

    listed = fields.array(value, attr, maximum=100)
    fields.plain(listed, attr)
    for index, leaf in enumerate(listed):
        fields.mapping(leaf, f"{attr}__{index}")
    parse_filters(listed, field=attr)
    return listed


def _path_cleaning(value: Any, attr: str) -> list[dict[str, Any]]:
    rules = [] if value is None else fields.array(value, attr, maximum=100)
    return [_path_rule(rule, f"{attr}__{index}") for index, rule in enumerate(rules)]


def _path_rule(rule: Any, attr: str) -> dict[str, Any]:
    rule = fields.mapping(rule, attr)
    for name in ("alias", "regex"):
        if name not in rule:
            raise ValidationError("This field is required.", attr=f"{attr}__{name}", code="required")
    alias = fields.text(rule["alias"], f"{attr}__alias", blank=True)
    pattern = rule["regex"]
    fields.text(pattern, f"{attr}__regex", maximum=_MAX_REGEX)
    check_re2(pattern, f"{attr}__regex")
    return {"alias": alias, "regex": pattern}


def _json(value: Any, attr: str) -> Any:
    return fields.plain(value, attr)


def _flag_or_null(value: Any, attr: str) -> bool | None:
    return None if value is None else fields.boolean(value, attr)


def _texts(value: Any, attr: str) -> list[str]:
    listed = [] if value is None else fields.array(value, attr, maximum=200)
    return [fields.text(inner, f"{attr}__{i}", blank=True) for i, inner in enumerate(listed)]


def _currency(value: Any, attr: str) -> str:
    code = fields.text(value, attr, maximum=3)
    if not _CURRENCY.fullmatch(code):
        raise ValidationError("Must be a three-letter currency code such as USD.", attr=attr, code="invalid_choice")
    return code


def _number_or_null(value: Any, attr: str) -> int | None:
    return None if value is None else fields.integer(value, attr)


SETTINGS = (
    Setting("name", "Default project", _name, "Name, at most 200 characters."),
    Setting("timezone", "UTC", _timezone, "IANA time zone of days, weeks and date ranges."),
    Setting("week_start_day", None, _week_start, "0 Sunday, 1 Monday, null Sunday."),
    Setting("test_account_filters", [], _property_filters, "Property filters that leave out internal users."),
    Setting("path_cleaning_filters", [], _path_cleaning, "`[{alias, regex}]`, applied to paths in this order."),
    Setting(
        "aggregate_users_by_distinct_id", False, fields.boolean, "Unique users of trends are distinct ids, not persons."
    ),
    Setting(
        "human_friendly_comparison_periods",
        False,
        fields.boolean,
        "`compare_to` counts a month as 4 weeks and a year as 52, so that weekdays are compared with their like.",
    ),
    Setting("test_account_filters_default_checked", None, _flag_or_null, "New insights filter test accounts."),
    Setting("data_attributes", ["data-attr"], _texts, "Attributes that name elements."),
    Setting("person_display_name_properties", None, _texts, "Properties that name a person, best first."),
    Setting("correlation_config", {}, _json, "Kept for clients."),
    Setting("modifiers", {}, _json, "Kept for clients."),
    Setting("base_currency", "USD", _currency, "Three-letter code."),
    Setting("primary_dashboard", None, _number_or_null, "Id of the dashboard shown first."),
    Setting("app_urls", [], _texts, "Addresses of the sites that send events."),
    Setting("anonymize_ips", False, fields.boolean, "Events are stored without `$ip`."),
    Setting("session_recording_opt_in", False, fields.boolean, "Kept for clients."),
    Setting("autocapture_opt_out", None, _flag_or_null, "Kept for clients."),
    Setting("autocapture_exceptions_opt_in", None, _flag_or_null, "Kept for clients."),
    Setting("autocapture_web_vitals_opt_in", None, _flag_or_null, "Kept for clients."),
    Setting("surveys_opt_in", None, _flag_or_null, "Kept for clients."),
    Setting("heatmaps_opt_in", None, _flag_or_null, "Kept for clients."),
    Setting("completed_snippet_onboarding", False, fields.boolean, "Kept for clients."),
    Setting("has_completed_onboarding_for", {}, _json, "Kept for clients."),
    Setting("onboarding_tasks", {}, _json, "Kept for clients."),
)


def checked_settings(given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What of `given` goes into the project, and what into its further settings."""
    project: dict[str, Any] = {}
    further: dict[str, Any] = {}
    for setting in SETTINGS:
        if setting.name in given:
            into = project if setting.name in _IN_PROJECT else further
            into[setting.name] = setting.check(given[setting.name], setting.name)
    return project, further


def further_defaults() -> dict[str, Any]:
    return {s.name: s.default for s in SETTINGS if s.name not in _IN_PROJECT}
