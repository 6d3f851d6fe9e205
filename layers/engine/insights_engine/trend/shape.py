"""Rows of the compiled statement -> the API's series objects. Pure.

Steps, each a function: make lines of the rows, apply formulas to them, write objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from insights_engine.answer import resolved_dates
from insights_engine.entities import ActionEntity, AnyOf, EventEntity
from insights_engine.trend.compile import Branch, branches
from insights_engine.trend.lines import ORDINARY, Line, formula_lines, lines_of, scaled
from insights_engine.trend.model import ALL_USERS, Formula, Series, echo
from insights_engine.trend.numbers import shortest
from insights_engine.trend.plan import Period, Plan, TooManyValues

# With its labels, a value takes about 60 bytes of JSON: this is what a function can answer (6 MB).
MAX_ANSWER_VALUES = 80_000


@dataclass(frozen=True, slots=True)
class Shaped:
    """`has_other` even where the Other row is hidden."""

    series: list[dict[str, Any]]
    has_other: bool


@dataclass(frozen=True, slots=True)
class _Shared:
    """What is the same in many rows, made once: it is most of an answer's bytes."""

    axes: list[dict[str, list[str]]]
    starts: list[str]
    filter: dict[str, Any]

    @classmethod
    def of(cls, plan: Plan) -> _Shared:
        starts = [at.isoformat().replace("+00:00", "Z") for at in plan.periods[0].buckets]
        return cls([axis(plan, period) for period in plan.periods], starts, _filter(plan))


def _check_size(plan: Plan, lines: int) -> None:
    """An answer that could not be sent is refused before it is written."""
    values = lines * max(len(period.buckets) for period in plan.periods)
    if values > MAX_ANSWER_VALUES:
        raise TooManyValues(
            f"The answer has {values:,} values, more than {MAX_ANSWER_VALUES:,}; choose a longer interval, a shorter "
            "range or a smaller breakdown_limit",
            attr="interval",
        )


def shape(plan: Plan, rows: Iterable[Sequence[Any]]) -> Shaped:
    """`rows` are (branch, breakdown, is_other, keys, values)."""
    found = branches(plan)
    if plan.query.display.kind == "heatmap":
        return Shaped(_heatmaps(plan, found, rows), False)
    lines, has_other = lines_of(plan, found, rows)
    _check_size(plan, len(lines))
    shared = _Shared.of(plan)
    if plan.query.formulas:
        return Shaped([_formula_object(plan, line, shared) for line in formula_lines(plan, lines)], has_other)
    return Shaped([_object(plan, line, shared) for line in lines], has_other)


def _common(plan: Plan, line: Line, shared: _Shared) -> dict[str, Any]:
    numbers: list[float | int] = list(line.values) if line.formula is not None else [shortest(v) for v in line.values]
    common: dict[str, Any] = {}
    if plan.is_total:
        common |= {"count": 0, "aggregated_value": numbers[0], "data": [], "days": []}
    else:
        count = line.values[-1] if plan.query.display.is_cumulative and line.formula is None else line.total
        common |= {"count": count, "data": numbers, **shared.axes[line.branch.period_index]}
    if plan.query.breakdown:
        common["breakdown_value"] = _breakdown_value(plan, line)
    return common | _compared(plan, line.branch)


def _object(plan: Plan, line: Line, shared: _Shared) -> dict[str, Any]:
    series = plan.query.series[line.branch.series_index]
    return {
        "action": _action(plan, series, line.branch.series_index, shared.starts),
        "label": _label(plan, line),
        **_common(plan, line, shared),
        "order": line.branch.series_index,
        "filter": shared.filter,
    }


def _formula_object(plan: Plan, line: Line, shared: _Shared) -> dict[str, Any]:
    assert line.formula is not None
    formula: Formula = plan.query.formulas[line.formula]
    made = {
        "action": None,
        "label": formula.label,
        **_common(plan, line, shared),
        "order": line.formula,
        "filter": shared.filter,
    }
    if plan.is_total:
        made["data"] = None
    return made


def axis(plan: Plan, period: Period) -> dict[str, list[str]]:
    """What stands under the buckets of a period, and their starts."""
    first, last = period.range.start.date(), period.range.end.date()
    return {
        "labels": [plan.interval.label(at, first, last) for at in period.buckets],
        "days": [at.strftime(plan.interval.days_format) for at in period.buckets],
    }


def series_label(plan: Plan, series: Series) -> str:
    entity = series.entity
    if isinstance(entity, ActionEntity):
        return plan.definitions.actions[entity.action_id].name
    if isinstance(entity, AnyOf):
        return entity.name or ", ".join(_member_label(plan, member) for member, _ in entity.members)
    return entity.label


def _member_label(plan: Plan, member: EventEntity | ActionEntity) -> str:
    if isinstance(member, EventEntity):
        return member.label
    action = plan.definitions.actions.get(member.action_id)
    return action.name if action else f"action {member.action_id}"


def _label(plan: Plan, line: Line) -> str:
    own = series_label(plan, plan.query.series[line.branch.series_index])
    if line.breakdown is None:
        return own
    value = _breakdown_name(plan, line)
    # With `all`, every cohort is a query of its own, and so makes several of one series.
    queries = len(plan.query.series) * (len(plan.query.breakdown.cohorts) if line.branch.is_cohort_run else 1)
    return f"{own} - {value}" if queries > 1 else value


def _breakdown_name(plan: Plan, line: Line) -> str:
    assert line.breakdown is not None
    if plan.query.breakdown.cohorts and line.group == ORDINARY:
        (cohort,) = line.breakdown
        return "all users" if cohort == ALL_USERS else plan.definitions.cohorts[int(cohort)].name
    return "::".join(line.breakdown)


def _breakdown_value(plan: Plan, line: Line) -> Any:
    if line.breakdown is None:
        return None
    if plan.query.breakdown.cohorts and line.group == ORDINARY:
        (cohort,) = line.breakdown
        shown = cohort if cohort == ALL_USERS else int(cohort)
        return [shown] if plan.query.breakdown.as_list else shown
    return list(line.breakdown) if plan.query.breakdown.as_list else line.breakdown[0]


def _action(plan: Plan, series: Series, index: int, starts: list[str]) -> dict[str, Any]:
    name = series_label(plan, series)
    return {
        "days": starts,
        "id": series.entity.event if isinstance(series.entity, EventEntity) else name,
        "type": "events",
        "order": index,
        "name": name,
        "custom_name": series.entity.custom_name,
        "math": series.math_name,
        "math_property": series.math_property,
        "math_hogql": series.math_hogql,
        "math_group_type_index": series.math_group_type_index,
        "properties": {},
    }


def _filter(plan: Plan) -> dict[str, Any]:
    return echo(plan.query, resolved_range(plan))


def resolved_range(plan: Plan) -> dict[str, str]:
    """The current period's ends, as ISO date-times."""
    span = plan.periods[0].range
    return resolved_dates(span.start, span.end)


def _heatmaps(plan: Plan, found: list[Branch], rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    """Weekday by hour: non-zero cells, and the sums over each axis and over all, each counted on its own."""
    cells: list[dict[int, float]] = [{} for _ in found]
    for index, _, _, keys, values in rows:
        cells[index].update(zip(keys, values, strict=True))
    made: list[dict[str, Any]] = []
    for branch, by_key in zip(found, cells, strict=True):
        series = plan.query.series[branch.series_index]
        counted = {key: shortest(scaled(plan, series, value)) for key, value in sorted(by_key.items())}
        everything = counted.pop(0, 0)
        pairs = [(divmod(key, 100), value) for key, value in counted.items()]
        made.append(
            {
                "action": _action(plan, series, branch.series_index, []),
                "label": series_label(plan, series),
                "count": everything,
                "aggregated_value": everything,
                "data": [],
                "days": [],
                "calendar_heatmap_data": {
                    "data": [{"row": d, "column": h - 1, "value": v} for (d, h), v in pairs if d and h],
                    "rowAggregations": [{"row": d, "value": v} for (d, h), v in pairs if d and not h],
                    "columnAggregations": [{"column": h - 1, "value": v} for (d, h), v in pairs if h and not d],
                    "allAggregations": everything,
                },
                "order": branch.series_index,
                **_compared(plan, branch),
                "filter": _filter(plan),
            }
        )
    return made


def _compared(plan: Plan, branch: Branch) -> dict[str, Any]:
    label = plan.periods[branch.period_index].compare_label
    return {"compare": True, "compare_label": label} if label else {}
