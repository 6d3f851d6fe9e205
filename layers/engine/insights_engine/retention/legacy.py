"""The flat parameters of the older retention API -> RetentionQuery."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from insights_engine.entities import ActionEntity, EventEntity
from insights_engine.errors import ValidationError, unknown
from insights_engine.filters import Group, group_index, parse_filters
from insights_engine.flat import action_id, breakdown_of, flag, json_value, sampling_of, text, whole
from insights_engine.retention.model import FIRST_TIME, MAX_INTERVALS, MEANS, PERIODS, RECURRING, RetentionQuery, Side


def parse_legacy(raw: Mapping[str, Any]) -> RetentionQuery:
    """Raises ValidationError. The returning event is the target unless it is given; entities keep no filter."""
    values = {key: value for key, value in raw.items() if value is not None}
    period = values.get("period") or "Day"
    if not isinstance(period, str) or period not in PERIODS:
        raise ValidationError(f"Period {str(period)[:50]} is unsupported.")
    target = _entity(values, "target_entity") or Side()
    return RetentionQuery(
        target=target,
        returning=_entity(values, "returning_entity") or target,
        period=PERIODS[period],
        total_intervals=whole(values, "total_intervals", 1, MAX_INTERVALS) or 11,
        date_to=text(values, "date_to"),
        retention_type=FIRST_TIME if values.get("retention_type") == FIRST_TIME else RECURRING,
        filter=_properties(values),
        filter_test_accounts=flag(values, "filter_test_accounts"),
        group_index=group_index(values.get("aggregation_group_type_index"), "aggregation_group_type_index"),
        sampling=sampling_of(values),
        breakdown=breakdown_of(values),
        mean=_mean(values),
        first_cohort_only=values.get("display") == "ActionsLineGraph",
        is_legacy=True,
    )


def _mean(values: Mapping[str, Any]) -> str:
    mean = values.get("mean_retention_calculation") or "simple"
    if mean not in MEANS:
        raise unknown("mean_retention_calculation", mean, MEANS)
    return str(mean)


def _properties(values: Mapping[str, Any]) -> Group:
    try:
        value = json_value(values, "properties")
    except ValidationError:
        value = "unparsable"
    if isinstance(value, str) and value:
        raise ValidationError("Properties are unparsable!")
    return parse_filters(value or None, field="properties")


def _entity(values: Mapping[str, Any], name: str) -> Side | None:
    """`{"id", "type"}`; any other type than events and actions is $pageview."""
    value = json_value(values, name)
    if value in (None, "", {}):
        return None
    if not isinstance(value, dict):
        raise ValidationError(f"{name} must be an object with id and type", attr=name)
    identity, kind = value.get("id"), value.get("type", "events")
    if kind == "actions":
        return Side(ActionEntity(action_id(identity, f"{name}.id")), field=name)
    if kind != "events":
        return Side()
    if identity is not None and not isinstance(identity, str | int):
        raise ValidationError(f"{name}.id must be the name of an event or null", attr=f"{name}__id")
    return Side(EventEntity(None if identity is None else str(identity)))
