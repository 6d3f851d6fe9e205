"""Rows of the compiled statement -> lines of numbers, in the order of the answer. Pure.

Steps, each a function: read rows into lines, finish each line (cumulate, smooth, scale), order them; then, where there
are formulas, one line of each in place of those of the series.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from insights_engine.trend.breakdowns import NULL, OTHER
from insights_engine.trend.compile import Branch
from insights_engine.trend.formula import compile_formula
from insights_engine.trend.model import Series
from insights_engine.trend.numbers import bounded, smoothed, total
from insights_engine.trend.plan import Plan

# The group of a line in the order of rows: ordinary values, then those without one, then the sum of the rest.
ORDINARY, _NULL, _OTHER = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Line:
    """One series' values for one breakdown value and period; a total value has one entry."""

    branch: Branch
    values: tuple[float, ...]
    breakdown: tuple[str, ...] | None = None
    group: int = ORDINARY
    formula: int | None = None

    @property
    def total(self) -> float:
        return total(self.values)


def lines_of(plan: Plan, found: Sequence[Branch], rows: Iterable[Sequence[Any]]) -> tuple[list[Line], bool]:
    """Those of the series, and whether one is the sum of the rest, even where that is hidden."""
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
    return [line for lines in by_branch for line in _ordered([_finish(plan, line) for line in lines])], has_other


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
    return Line(branch, tuple(data), shown, _NULL if NULL in shown else ORDINARY)


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
    return replace(line, values=tuple(scaled(plan, series, value) for value in values))


def scaled(plan: Plan, series: Series, value: float) -> float:
    """What a count over a sample stands for, as a whole number."""
    sampling = plan.query.sampling
    if sampling is None or sampling >= 1 or not series.math.is_scaled:
        return value
    return float(round(bounded(value / sampling)))


def formula_lines(plan: Plan, lines: list[Line]) -> list[Line]:
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
