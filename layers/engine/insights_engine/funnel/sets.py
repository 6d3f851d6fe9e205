"""Runs of an unordered funnel: an event fills one step, and a run has as many steps as its events can fill. Pure.

Steps that no event could both be are looked at apart. Where an event could be several, so many of them are filled as
every set of them has enough events for: k of n steps are, when each set of s steps has s - (n - k) events of its own
(Hall's theorem). So the time at which k are filled is the latest at which one of those sets has them.
"""

from __future__ import annotations

from itertools import combinations

from insights_engine.errors import ValidationError
from insights_engine.funnel.arrays import later, listed, next_marked
from insights_engine.funnel.events import Layout
from insights_engine.funnel.model import MAX_OVERLAPPING
from insights_engine.funnel.overlaps import components, is_equal
from insights_engine.funnel.plan import Plan
from insights_engine.funnel.rows import Rows
from insights_engine.sql import Sql

Steps = tuple[int, ...]


def unordered_times(plan: Plan, layout: Layout, rows: Rows, out: tuple[str, ...]) -> Rows:
    """Adds the columns at1, at2, …: when a run that begins with an event has two steps, three steps, …"""
    groups = components(plan.query.steps, plan.definitions)
    counted = [set_ for group in groups for set_ in _sets(plan, group)]
    kept = ("ts", "marks", *out)
    # Of a set's events as many are looked for as it has steps.
    for nth in range(1, max(len(set_) for set_ in counted) + 1):
        made = []
        for set_ in counted:
            if nth <= len(set_):
                bits = sum(1 << layout.step(step) for step in set_)
                source = Sql("ts") if nth == 1 else later(Sql(_name(set_, nth - 1)))
                made.append(Sql("{v} AS {n}", v=next_marked(bits, source), n=Sql(_name(set_, nth))))
        earlier = [_name(s, i) for s in counted for i in range(1, min(nth - 1, len(s)) + 1)]
        rows = rows.select(*kept, *earlier, *made)
    filled = [time for group in groups for time in _filled(plan, group)]
    args = [f"t{i}" for i in range(len(filled))]
    together = Sql("arrayMap(({a}) -> arraySort([{a}]), {f}) AS filled", a=listed(args), f=listed(filled))
    times = (Sql(f"arrayMap(f -> f[{i + 1}], filled) AS at{i}") for i in range(1, len(plan.query.steps)))
    return rows.select(*kept, together).select(*kept, *times)


def _sets(plan: Plan, group: Steps) -> list[Steps]:
    """The sets of steps whose events are counted. Equal steps are one: what could be one could be each."""
    if _is_repeated(plan, group):
        return [group]
    if len(group) > MAX_OVERLAPPING:
        raise ValidationError(
            f"In an unordered funnel at most {MAX_OVERLAPPING} different steps may be of the same events; steps "
            f"{', '.join(str(step + 1) for step in group)} are",
            attr="events" if plan.query.is_legacy else "series",
        )
    return [set_ for size in range(1, len(group) + 1) for set_ in combinations(group, size)]


def _is_repeated(plan: Plan, group: Steps) -> bool:
    steps = plan.query.steps
    return all(is_equal(steps[group[0]], steps[other]) for other in group[1:])


def _filled(plan: Plan, group: Steps) -> list[Sql]:
    """When one, two, … of a group's steps are filled."""
    if _is_repeated(plan, group):
        return [Sql(_name(group, nth)) for nth in range(1, len(group) + 1)]
    found = []
    for count in range(1, len(group) + 1):
        spare = len(group) - count
        names = [_name(s, len(s) - spare) for s in _sets(plan, group) if len(s) > spare]
        args = [f"t{i}" for i in range(len(names))]
        found.append(_latest(args, names))
    return found


def _latest(args: list[str], names: list[str]) -> Sql:
    if len(names) == 1:
        return Sql(names[0])
    return Sql("arrayMap(({a}) -> greatest({a}), {n})", a=listed(args), n=listed(names))


def _name(set_: Steps, nth: int) -> str:
    """The column of the nth event from a place on that could be one of the steps."""
    return f"next{nth}_{'_'.join(str(step) for step in set_)}"
