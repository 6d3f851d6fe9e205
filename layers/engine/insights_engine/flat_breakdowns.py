"""Breakdowns of flat requests: by properties, or by cohorts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from insights_engine.errors import ValidationError, attr_of, unknown
from insights_engine.filters import group_index
from insights_engine.flat import flag, json_value, whole
from insights_engine.trend.breakdowns import BREAKDOWN_TYPES
from insights_engine.trend.model import ALL_USERS, MAX_BREAKDOWN_LIMIT, MAX_BREAKDOWNS, Breakdown, BreakdownBy

_MAX_INT = 2**31 - 1


def breakdown_of(values: Mapping[str, Any]) -> BreakdownBy:
    """`breakdowns`, or `breakdown` with `breakdown_type` and its options."""
    limit = whole(values, "breakdown_limit", 1, MAX_BREAKDOWN_LIMIT)
    hide = flag(values, "breakdown_hide_other_aggregation")
    several = json_value(values, "breakdowns")
    if several:
        if not isinstance(several, list):
            raise ValidationError("breakdowns must be a list", attr="breakdowns")
        if (cohorts := listed_cohorts(several, "breakdowns")) is not None:
            return BreakdownBy(cohorts=cohorts, as_list=True, limit=limit, hide_other=hide)
        # The first ones are kept: what clients of this form rely on.
        made = tuple(_of_list(one, f"breakdowns[{i}]") for i, one in enumerate(several[:MAX_BREAKDOWNS]))
        return BreakdownBy(made, as_list=True, limit=limit, hide_other=hide)
    value = json_value(values, "breakdown")
    kind = values.get("breakdown_type") or "event"
    kind = {"events": "event"}.get(kind, kind) if isinstance(kind, str) else kind
    if value is None or value == "" or value == [] or (kind == "undefined" and not isinstance(value, str)):
        return BreakdownBy(limit=limit, hide_other=hide)
    if kind == "undefined":
        kind = "event"
    if not isinstance(kind, str) or kind not in BREAKDOWN_TYPES:
        raise unknown("breakdown_type", kind, BREAKDOWN_TYPES)
    if kind == "cohort":
        return BreakdownBy(cohorts=cohort_values(value, "breakdown"), limit=limit, hide_other=hide)
    as_list = isinstance(value, list)
    names = value if as_list else [value]
    if len(names) > MAX_BREAKDOWNS:
        raise ValidationError(f"breakdown: at most {MAX_BREAKDOWNS}", attr="breakdown")
    options = {
        "type": kind,
        "group_type_index": group_index(values.get("breakdown_group_type_index"), "breakdown_group_type_index"),
        "normalize_url": flag(values, "breakdown_normalize_url"),
        "histogram_bin_count": whole(values, "breakdown_histogram_bin_count", 1, 1000),
    }
    made = tuple(_of_list({"property": name, **options}, "breakdown") for name in names)
    return BreakdownBy(made, as_list=as_list, limit=limit, hide_other=hide)


def _of_list(value: Any, field: str) -> Breakdown:
    if not isinstance(value, dict):
        raise ValidationError(f"{field} must be an object", attr=attr_of(field))
    named = value.get("property")
    if isinstance(named, bool) or not isinstance(named, str | int) or named == "":
        raise ValidationError(f"{field}.property must be the name of a property", attr=attr_of(f"{field}.property"))
    kind = value.get("type") or "event"
    if not isinstance(kind, str) or kind not in BREAKDOWN_TYPES:
        raise unknown(f"{field}.type", kind, BREAKDOWN_TYPES)
    return Breakdown(
        property=str(named),
        type=kind,
        group_type_index=group_index(value.get("group_type_index"), f"{field}.group_type_index"),
        normalize_url=flag(value, "normalize_url"),
        bins=whole(value, "histogram_bin_count", 1, 1000),
        field=field,
    )


def listed_cohorts(items: Sequence[Any], field: str) -> tuple[Any, ...] | None:
    """The cohorts of a list of breakdowns, or None where it has none. Raises ValidationError for a mix."""
    kinds = [one.get("type") if isinstance(one, dict) else None for one in items]
    if "cohort" not in kinds:
        return None
    for index, kind in enumerate(kinds):
        if kind != "cohort":
            place = f"{field}[{index}]"
            raise ValidationError(f"{place}: cohorts and properties are not mixed", attr=attr_of(place))
    values = [cohort_values(one.get("property"), f"{field}[{i}].property") for i, one in enumerate(items)]
    return tuple(dict.fromkeys(cohort for found in values for cohort in found))


def cohort_values(value: Any, field: str) -> tuple[Any, ...]:
    """Ids and `all`, which may be written 0, in the order of the request."""
    values = value if isinstance(value, list) else [value]
    found: list[Any] = []
    for one in values:
        if one in (ALL_USERS, 0, "0") and not isinstance(one, bool):
            found.append(ALL_USERS)
            continue
        try:
            number = int(one) if not isinstance(one, bool) else 0
        except (TypeError, ValueError, OverflowError):
            number = 0
        if not 0 < number <= _MAX_INT:
            raise ValidationError(f'{field} must hold ids of cohorts or "all"', attr=attr_of(field))
        found.append(number)
    if len(found) > MAX_BREAKDOWN_LIMIT:
        raise ValidationError(f"{field} has more than {MAX_BREAKDOWN_LIMIT} cohorts", attr=attr_of(field))
    return tuple(dict.fromkeys(found))
