"""Every run of an actor: where each begins, when it gets to each step, and how many it takes in time. Pure.

From the last step to the first, each event of a step is given the times at which a run that is there gets to the
later ones: those of the next event of the next step. So every event of the first step has in the end the times of its
own run, each the earliest possible.
"""

from __future__ import annotations

from dataclasses import dataclass

from insights_engine.funnel.arrays import NEVER, along, at_marks, later, listed, next_marked, next_or_own, whole
from insights_engine.funnel.events import Layout, events_of, layout_of
from insights_engine.funnel.model import STRICT, UNORDERED
from insights_engine.funnel.plan import Plan
from insights_engine.funnel.rows import Rows
from insights_engine.funnel.sets import unordered_times
from insights_engine.sql import Sql, both


@dataclass(frozen=True, slots=True)
class Runs:
    """Columns of arrays with a place an event: marks, `times` (when a run that begins there gets to each step) and,
    for exclusions, `out`. An event begins a run where `begins` holds of its mark `m`."""

    rows: Rows
    times: tuple[str, ...]
    out: tuple[str, ...]
    begins: Sql
    plan: Plan
    layout: Layout

    def place(self, column: str) -> Sql:
        """The time in one place of an array, inside of a function over all."""
        return self.layout.time(Sql(f"a_{column}"))

    @property
    def reach(self) -> Sql:
        """Of one place, how many steps its run takes in time; 0 for no run."""
        return self.by_reach([whole(n) for n in range(1, len(self.times) + 1)])

    def by_reach(self, values: list[Sql]) -> Sql:
        """Of one place, the value for as many steps as its run takes in time; 0 for no run."""
        begin, window = self.place("ts"), self.plan.window
        cases = [
            Sql("{t} - {b} <= {w:UInt64}, {v}", t=self.place(time), b=begin, w=window, v=value)
            for time, value in reversed(list(zip(self.times, values, strict=True))[1:])
        ]
        taken = Sql("multiIf({c}, {v})", c=listed(cases), v=values[0]) if cases else values[0]
        holds = both(self.begins, *(self._is_clean(i) for i in range(len(self.out))))
        return Sql("if({h}, {taken}, 0)", h=holds, taken=taken)

    def each(self, made: Sql) -> Sql:
        """An array of what is made of each place: of its marks `m`, and of its times, as `place` has them."""
        names = [*self.times, *self.out]
        return Sql(
            "arrayMap(({args}) -> {made}, marks, {arrays})",
            args=listed(["m", *(f"a_{name}" for name in names)]),
            made=made,
            arrays=listed(names),
        )

    def _is_clean(self, index: int) -> Sql:
        """Nothing excluded before the run gets to the last step that it counts to, or is over."""
        return Sql(
            "{out} >= least({to}, {begin} + {w:UInt64} + 1)",
            out=self.place(self.out[index]),
            to=self.place(self.times[self.plan.query.exclusions[index].to_step]),
            begin=self.place("ts"),
            w=self.plan.window,
        )


def runs_of(plan: Plan, *, trimmed: bool = False, named: bool) -> Runs:
    query, layout = plan.query, layout_of(plan)
    out = tuple(f"out{i}" for i in range(len(query.exclusions)))
    rows = events_of(plan, trimmed=trimmed and not out, named=named)
    if out:
        rows = _with_exclusions(rows, out)
    if query.order == UNORDERED:
        rows, begins = unordered_times(plan, layout, rows, out), Sql("bitAnd(m, {b}) != 0", b=whole(layout.any_step))
    else:
        rows, begins = _ordered_times(plan, layout, rows, out), Sql("bitTest(m, {b})", b=whole(layout.step(0)))
    return Runs(rows, ("ts", *(f"at{i}" for i in range(1, len(query.steps)))), out, begins, plan, layout)


def _with_exclusions(rows: Rows, out: tuple[str, ...]) -> Rows:
    """After each event, the next one of each exclusion. Those of its own moment come before it."""
    found = (Sql("{v} AS " + name, v=later(next_marked(1 << i, "ts"))) for i, name in enumerate(out))
    return rows.select("ts", "marks", *found)


def _ordered_times(plan: Plan, layout: Layout, rows: Rows, out: tuple[str, ...]) -> Rows:
    """Adds the columns at1, at2, …; in a strict funnel a run goes on in the moment that it is in or in the next."""
    query, count = plan.query, len(plan.query.steps)
    is_strict = query.order == STRICT
    kept: list[str | Sql] = ["ts", "marks"]
    if is_strict:
        times = Sql("arrayMap(t -> {t}, ts)", t=layout.time(Sql("t")))
        moments = Sql("arrayCumSum(arrayMap(d -> d != 0, arrayDifference({t}))) AS moments", t=times)
        rows = rows.select(*kept, *out, moments)
        kept.append("moments")
    for step in range(count - 1, 0, -1):
        bits, targets = 1 << layout.step(step), range(step, count)
        got = {i: Sql("ts") if i == step else _adjacent(i, is_strict) for i in targets}
        carried: list[str | Sql] = []
        if is_strict or out:
            # These times are needed more than once.
            here = (Sql("{v} AS here{n}", v=at_marks(bits, v), n=whole(i)) for i, v in got.items())
            rows = rows.select(*kept, *out, *here)
            found = {i: next_or_own(Sql(f"here{i}")) for i in targets}
            carried = [Sql("{v} AS {n}", v=_out(plan, i, step), n=Sql(name)) for i, name in enumerate(out)]
        else:
            found = {i: next_marked(bits, v) for i, v in got.items()}
        if layout.is_overlapping:
            # Elsewhere no event is two steps, so that the first one from there on is another.
            found = {i: later(v) for i, v in found.items()}
        name = "after" if is_strict or step > 1 else "at"
        made = [Sql("{v} AS {name}{n}", v=v, name=Sql(name), n=whole(i)) for i, v in found.items()]
        if is_strict:
            made += [Sql("{v} AS when{n}", v=along(Sql("moments"), Sql(f"here{i}")), n=whole(i)) for i in targets]
        rows = rows.select(*kept, *carried, *made)
    if not is_strict:
        return rows
    adjacent = (Sql("{v} AS at{n}", v=_adjacent(i, is_strict), n=whole(i)) for i in range(1, count))
    return rows.select("ts", "marks", *out, *adjacent)


def _adjacent(target: int, is_strict: bool) -> Sql:
    after = Sql(f"after{target}")
    if not is_strict:
        return after
    return Sql(
        "arrayMap((t, w, n) -> if(w - n <= 1, t, {never}), {a}, when{i}, moments)",
        never=NEVER,
        a=after,
        i=whole(target),
    )


def _out(plan: Plan, index: int, step: int) -> Sql:
    """What excludes a run that is at an event: known at the step that it counts from, and then along the run."""
    name, first = Sql(f"out{index}"), plan.query.exclusions[index].from_step
    if step > first:
        return name
    here = Sql(f"here{first}")
    known = Sql("arrayMap((v, t) -> if(t = {never}, t, v), {n}, {h})", never=NEVER, n=name, h=here)
    return along(known, here)
