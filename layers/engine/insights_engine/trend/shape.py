"""Rows of the compiled statement -> the API's series objects. Pure.

Steps, each a function: read rows into lines, finish each line (cumulate, smooth, scale), order them, apply formulas,
write objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from insights_engine.entities import ActionEntity, AnyOf, EventEntity
from insights_engine.intervals import label as bucket_label
from insights_engine.trend.breakdowns import NULL, OTHER
from insights_engine.trend.compile import Branch, branches
from insights_engine.trend.formula import compile_formula
from insights_engine.trend.model import ALL_USERS, Formula, Series, echo
from insights_engine.trend.numbers import bounded, shortest, smoothed, total
from insights_engine.trend.plan import Period, Plan, TooManyValues

# With its labels, a value takes about 60 bytes of JSON: this is what a function can answer (6 MB).
MAX_ANSWER_VALUES = 80_000

# The group of a line in the order of rows: ordinary values, then those without one, then the sum of the rest.
_ORDINARY, _NULL, _OTHER = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Line:
    """One series' values for one breakdown value and period; a total value has one entry."""

    branch: Branch
    values: tuple[float, ...]
    breakdown: tuple[str, ...] | None = None
    group: int = _ORDINARY
    formula: int | None = None

    @property
    def total(self) -> float:
        return total(self.values)


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
    by_branch: list[list[Line]] = [[] for _ in found]
    for index, breakdown, is_other, keys, values in rows:
        by_branch[index].append(_line(plan, found[index], breakdown, bool(is_other), keys, values))
    if not plan.query.breakdown:
        for branch, lines in zip(found, by_branch, strict=True):
            if not lines:
                lines.append(_line(plan, branch, [], False, [], []))
    has_other = any(line.group == _OTHER for lines in by_branch for line in lines)
    if plan.query.breakdown.hide_other:
        by_branch = [[line for line in lines if line.group != _OTHER] for lines in by_branch]
    ordered = [line for lines in by_branch for line in _ordered([_finish(plan, line) for line in lines])]
    shared = _Shared.of(plan)
    if plan.query.formulas:
        _check_size(plan, len(ordered))
        return Shaped([_formula_object(plan, line, shared) for line in _formula_lines(plan, ordered)], has_other)
    _check_size(plan, len(ordered))
    return Shaped([_object(plan, line, shared) for line in ordered], has_other)


def _line(
    plan: Plan,
    branch: Branch,
    breakdown: Sequence[str | None],
    is_other: bool,
    keys: Sequence[int],
    values: Sequence[float],
) -> Line:
    period = plan.periods[branch.period_index]
    data = [0.0] * (1 if plan.is_total else len(period.buckets))
    index = plan.bucket_index(period)
    for key, value in zip(keys, values, strict=True):
        place = 0 if plan.is_total else index.get(key)
        if place is not None:
            data[place] = bounded(value)
    if not plan.query.breakdown:
        return Line(branch, tuple(data))
    if is_other:
        width = max(1, len(plan.query.breakdown.properties))
        return Line(branch, tuple(data), (OTHER,) * width, _OTHER)
    shown = tuple(NULL if value is None else value for value in breakdown)
    return Line(branch, tuple(data), shown, _NULL if NULL in shown else _ORDINARY)


def _ordered(lines: list[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: (line.group, -line.total, line.breakdown or ()))


def _finish(plan: Plan, line: Line) -> Line:
    query, series = plan.query, plan.query.series[line.branch.series_index]
    values = list(line.values)
    if query.display.is_cumulative:
        for i in range(1, len(values)):
            values[i] = bounded(values[i] + values[i - 1])
    if query.smoothing > 1 and not plan.is_total and not query.breakdown:
        values = smoothed(values, query.smoothing)
    return replace(line, values=tuple(_scaled(plan, series, value) for value in values))


def _scaled(plan: Plan, series: Series, value: float) -> float:
    """What a count over a sample stands for, as a whole number."""
    sampling = plan.query.sampling
    if sampling is None or sampling >= 1 or not series.math.is_scaled:
        return value
    return float(round(bounded(value / sampling)))


def _formula_lines(plan: Plan, lines: list[Line]) -> list[Line]:
    """One line a formula, period and breakdown value; a series without the value counts as zeros."""
    count = len(plan.query.series)
    made: list[Line] = []
    for number, formula in enumerate(plan.query.formulas):
        evaluate = compile_formula(formula.text, count)
        for p, period in enumerate(plan.periods):
            size = 1 if plan.is_total else len(period.buckets)
            zeros = (0.0,) * size
            table: dict[tuple[str, ...] | None, dict[int, Line]] = {}
            for line in lines:
                if line.branch.period_index == p:
                    table.setdefault(line.breakdown, {})[line.branch.series_index] = line
            period_lines = []
            for breakdown, by_series in table.items():
                columns = [by_series[s].values if s in by_series else zeros for s in range(count)]
                values = tuple(evaluate([column[i] for column in columns]) for i in range(size))
                some = next(iter(by_series.values()))
                period_lines.append(Line(some.branch, values, breakdown, some.group, number))
            # Ties, as clients have them from upstream: with compare by value, else by data and value, descending.
            if plan.query.compare:
                period_lines.sort(key=lambda line: line.breakdown or ())
            else:
                period_lines.sort(key=lambda line: (line.values, line.breakdown or ()), reverse=True)
            period_lines.sort(key=lambda line: (line.group, -line.total))
            made.extend(period_lines)
    return made


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
        "labels": [bucket_label(plan.interval, at, first, last) for at in period.buckets],
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
    if plan.query.breakdown.cohorts and line.group == _ORDINARY:
        (cohort,) = line.breakdown
        return "all users" if cohort == ALL_USERS else plan.definitions.cohorts[int(cohort)].name
    return "::".join(line.breakdown)


def _breakdown_value(plan: Plan, line: Line) -> Any:
    if line.breakdown is None:
        return None
    if plan.query.breakdown.cohorts and line.group == _ORDINARY:
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
    ends = {"date_from": span.start, "date_to": span.end}
    return {name: at.isoformat().replace("+00:00", "Z") for name, at in ends.items()}


def _heatmaps(plan: Plan, found: list[Branch], rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    """Weekday by hour: non-zero cells, and the sums over each axis and over all, each counted on its own."""
    cells: list[dict[int, float]] = [{} for _ in found]
    for index, _, _, keys, values in rows:
        cells[index].update(zip(keys, values, strict=True))
    made: list[dict[str, Any]] = []
    for branch, by_key in zip(found, cells, strict=True):
        series = plan.query.series[branch.series_index]
        counted = {key: shortest(_scaled(plan, series, value)) for key, value in sorted(by_key.items())}
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
