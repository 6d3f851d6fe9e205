"""What a funnel query must hold whatever form it came in, checked in the order in which faults are reported."""

from __future__ import annotations

from datetime import timedelta

from insights_engine.entities import ActionEntity, Entity, EventEntity
from insights_engine.errors import ValidationError, attr_of
from insights_engine.filters import EVERYTHING
from insights_engine.funnel.model import MAX_WINDOW, STEP, TIME_TO_CONVERT, UNITS, UNORDERED, Exclusion, FunnelQuery
from insights_engine.trend.model import Series


def window_of(count: int, unit: str, field: str) -> timedelta:
    """Raises ValidationError for a window that is longer than any range."""
    most = MAX_WINDOW // UNITS[unit]
    if count > most:
        raise ValidationError(f"{field} must be a whole number from 1 to {most}", attr=attr_of(field))
    return count * UNITS[unit]


def check(query: FunnelQuery) -> None:
    """The number of steps, the range of steps, exclusions, the breakdown. A flat request may have one step or none."""
    if len(query.steps) < 2 and (not query.is_legacy or (query.steps and query.viz == TIME_TO_CONVERT)):
        raise ValidationError("Funnels require at least two steps.", code="funnels_require_at_least_two_steps")
    if query.steps:
        _check_range(query)
    for exclusion in query.exclusions if query.steps else ():
        if (fault := _fault(query, exclusion)) is not None:
            raise _excluded(query, fault)
    _check_breakdown(query)


def _check_range(query: FunnelQuery) -> None:
    """Of a flat funnel with one step, that is the first and the last."""
    last = len(query.steps) - 1
    first_most, last_least = max(last - 1, 0), min(last, 1)
    fault = None
    if query.from_step is not None and not 0 <= query.from_step <= first_most:
        fault = f"funnelFromStep is out of bounds. It must be between 0 and {first_most}."
    elif query.to_step is not None and not last_least <= query.to_step <= last:
        fault = f"funnelToStep is out of bounds. It must be between {last_least} and {last}."
    elif last and query.first >= query.last:
        fault = "Funnel step range is invalid. funnelToStep should be greater than funnelFromStep."
    if fault is not None:
        raise ValidationError(fault, code="funnel_step_range_invalid")


def _fault(query: FunnelQuery, exclusion: Exclusion) -> str | None:
    first, to, last = exclusion.from_step, exclusion.to_step, len(query.steps) - 1
    if first >= to:
        return "Exclusion event range is invalid. End of range should be greater than start."
    if first >= last:
        return "Exclusion event range is invalid. Start of range is greater than number of steps."
    if to > last:
        return "Exclusion event range is invalid. End of range is greater than number of steps."
    if first < 0:
        return "Exclusion event range is invalid. Steps are counted from 0."
    if any(_is_covered(exclusion, step) for step in query.steps[first : to + 1]):
        return "Exclusion steps cannot contain an event that's part of funnel steps."
    if query.order == UNORDERED and (first, to) != (0, last):
        return "Partial Exclusions not allowed in unordered funnels"
    return None


def _excluded(query: FunnelQuery, fault: str) -> ValidationError:
    if query.is_legacy:
        return ValidationError(fault)
    return ValidationError(fault, code="funnel_exclusions_invalid")


def _is_covered(exclusion: Exclusion, step: Series) -> bool:
    """Every event that is excluded is the step as well."""
    return is_same(exclusion.entity, step.entity) and step.filter in (EVERYTHING, exclusion.filter)


def is_same(one: Entity, other: Entity) -> bool:
    """The same event or action, whatever it is called here."""
    match one, other:
        case EventEntity(), EventEntity():
            return one.event == other.event
        case ActionEntity(), ActionEntity():
            return one.action_id == other.action_id
        case _:
            return False


def _check_breakdown(query: FunnelQuery) -> None:
    name = "breakdown_attribution_value" if query.is_legacy else "funnelsFilter.breakdownAttributionValue"
    if query.steps and query.attribution == STEP and query.attribution_step >= len(query.steps):
        raise ValidationError(f"{name} must be a step from 0 to {len(query.steps) - 1}", attr=attr_of(name))
    if any(breakdown.bins is not None for breakdown in query.breakdown.properties):
        raise ValidationError(
            "breakdown_histogram_bin_count: a funnel does not cut values into bins",
            attr="breakdown_histogram_bin_count",
        )
