"""The flat parameters of the older retention API -> RetentionQuery."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from insights_engine.entities import ActionEntity, EventEntity
from insights_engine.errors import ValidationError, unknown
from insights_engine.filters import group_index
from insights_engine.flat import action_id, flag, json_value, properties_of, sampling_of, text, whole
from insights_engine.flat_breakdowns import breakdown_of
from insights_engine.retention.contradictions import check
from insights_engine.retention.model import (
    FIRST_TIME,
    MAX_INTERVALS,
    MEANS,
    RECURRING,
    REFERENCES,
    RetentionQuery,
    Side,
)
from insights_engine.retention.periods import PERIODS

# Options of nodes that would change the answer, and what they may be here: what a node has without them.
_OF_NODES: dict[str, tuple[Any, ...]] = {
    "retentionFilter": (),
    "minimum_occurrences": (1, "1"),
    "retention_custom_brackets": ([], "[]"),
    "time_window_mode": ("strict_calendar_dates",),
    "aggregation_type": ("count",),
    "aggregation_property": (),
    "aggregation_property_type": ("event",),
    # As nodes write them; what is here called otherwise, or by nothing.
    **dict.fromkeys(
        (
            *("dateRange", "filterTestAccounts", "samplingFactor", "breakdownFilter", "totalIntervals"),
            *("retentionType", "targetEntity", "returningEntity", "minimumOccurrences", "retentionCustomBrackets"),
            *("timeWindowMode", "aggregationType", "aggregationProperty", "aggregationPropertyType"),
            *("retentionReference", "meanRetentionCalculation", "selectedInterval"),
        ),
        (),
    ),
}


def parse_legacy(raw: Mapping[str, Any]) -> RetentionQuery:
    """Raises ValidationError. The returning event is the target unless it is given; entities keep no filter."""
    values = {key: value for key, value in raw.items() if value is not None}
    for name, harmless in _OF_NODES.items():
        if values.get(name) not in (None, "", *harmless):
            raise ValidationError(f"{name} is an option of RetentionQuery nodes, not of flat parameters", attr=name)
    period = values.get("period") or "Day"
    if not isinstance(period, str) or period not in PERIODS:
        raise ValidationError(f"Period {str(period)[:50]} is unsupported.")
    target = _entity(values, "target_entity") or Side()
    query = RetentionQuery(
        target=target,
        returning=_entity(values, "returning_entity") or target,
        period=PERIODS[period],
        total_intervals=whole(values, "total_intervals", 1, MAX_INTERVALS) or 11,
        date_to=text(values, "date_to"),
        retention_type=FIRST_TIME if values.get("retention_type") == "retention_first_time" else RECURRING,
        filter=properties_of(values),
        filter_test_accounts=flag(values, "filter_test_accounts"),
        group_index=group_index(values.get("aggregation_group_type_index"), "aggregation_group_type_index"),
        sampling=_sampling(values),
        breakdown=breakdown_of(values),
        reference=_named(values, "retention_reference", REFERENCES, "total"),
        mean=_named(values, "mean_retention_calculation", MEANS, "simple"),
        first_cohort_only=values.get("display") == "ActionsLineGraph",
        is_legacy=True,
    )
    check(query)
    return query


def _sampling(values: Mapping[str, Any]) -> float | None:
    """A share of nothing is refused, as in nodes."""
    share = sampling_of(values)
    if share is None and values.get("sampling_factor") not in (None, ""):
        raise ValidationError("sampling_factor must be above 0 and at most 1", attr="sampling_factor")
    return share


def _named(values: Mapping[str, Any], name: str, known: Iterable[str], default: str) -> str:
    value = values.get(name) or default
    if not isinstance(value, str) or value not in known:
        raise unknown(name, value, known)
    return value


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
    if identity is not None and (isinstance(identity, bool) or not isinstance(identity, str | int)):
        raise ValidationError(f"{name}.id must be the name of an event or null", attr=f"{name}__id")
    return Side(EventEntity(None if identity is None else str(identity)))
