"""The events of each actor as sorted arrays: when each was, and which steps it could be. Pure.

While it is sorted an event is one number: its time, and below that what it could be, so that events of one moment
come in an order of their own: by the first step that they could be, and of those that could be it the one that is
needed latest for another. A run takes them in that order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from insights_engine.conditions import audience, counts, matches
from insights_engine.funnel.arrays import NEVER, ended, listed, whole
from insights_engine.funnel.model import STEP, STRICT, UNORDERED
from insights_engine.funnel.overlaps import components, event_names
from insights_engine.funnel.plan import Plan
from insights_engine.funnel.rows import Rows
from insights_engine.funnel.values import attributed
from insights_engine.scan import Scan
from insights_engine.sql import TRUE, Sql, both, either
from insights_engine.trend.maths import Math
from insights_engine.trend.model import Series

# The marks of the place that is of no event.
NOTHING = Sql("0")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the bits are. From the lowest: one an exclusion, one a step, and one for not being excluded, so that
    excluded events come first in their moment."""

    steps: int
    exclusions: int
    # Whether an event could be several steps; then the first step has the highest bit of the steps'.
    is_overlapping: bool
    # Bits of a time.
    bits_of_time: int
    # Whether the number is kept as it is, for time and marks alike: its lowest bits are marks already.
    is_whole: bool = False

    @property
    def bits(self) -> int:
        return self.steps + self.exclusions + (1 if self.exclusions else 0)

    @property
    def is_wide(self) -> bool:
        """Whether a number of 64 bits has no room: it stays below NEVER."""
        return self.bits + self.bits_of_time > 61

    def time(self, value: Sql) -> Sql:
        """The time that is in a place of an array of times."""
        return Sql("bitShiftRight({v}, {bits})", v=value, bits=whole(self.bits)) if self.is_whole else value

    @property
    def any_step(self) -> int:
        """The bits of all steps."""
        return ((1 << self.steps) - 1) << self.exclusions

    def step(self, number: int) -> int:
        """The bit of a step, from 0."""
        return self.exclusions + (self.steps - 1 - number if self.is_overlapping else number)


def layout_of(plan: Plan) -> Layout:
    query = plan.query
    is_overlapping = query.order != UNORDERED and len(components(query.steps, plan.definitions)) < len(query.steps)
    layout = Layout(len(query.steps), len(query.exclusions), is_overlapping, plan.length.bit_length())
    by_step = bool(query.breakdown.properties) and query.attribution == STEP
    return replace(layout, is_whole=not (layout.is_wide or is_overlapping or by_step))


@dataclass(frozen=True, slots=True)
class Read:
    """A scan with the conditions of the steps and exclusions on its events, never NULL, and who the actor is."""

    scan: Scan
    steps: list[Sql]
    exclusions: list[Sql]
    actor: Sql
    where: Sql


def read_of(plan: Plan) -> Read:
    query = plan.query
    scan = Scan(plan.project, plan.definitions, plan.now)
    steps = [_step(plan, scan, step) for step in query.steps]
    exclusions = [both(counts(scan, x.entity), matches(scan, x.filter)) for x in query.exclusions]
    actor, exists = scan.person, TRUE
    if query.actor_expression:
        from insights_engine.hogql import text_value

        actor = Sql("ifNull({e}, '')", e=text_value(scan, query.actor_expression, query.actor_field))
        exists = Sql("{e} != ''", e=actor)
    elif query.group_index is not None:
        actor = scan.group_key(query.group_index)
        exists = Sql("{k} != ''", k=actor)
    asked = audience(scan, without_test_accounts=query.filter_test_accounts, sampling=query.sampling)
    within = scan.within(plan.range.start, plan.range.end)
    where = both(scan.is_mine, within, _named(plan, steps + exclusions), matches(scan, query.filter), *asked, exists)
    return Read(scan, [_true(c) for c in steps], [_true(c) for c in exclusions], actor, where)


def _true(condition: Sql) -> Sql:
    return Sql("ifNull({c}, false)", c=condition)


def _step(plan: Plan, scan: Scan, step: Series) -> Sql:
    """Of maths only those of first times count: then the step is no other event than the person's first."""
    own = both(counts(scan, step.entity), matches(scan, step.filter))
    return both(own, _first_time(plan, scan, step, step.math)) if step.math.source == "first" else own


def _first_time(plan: Plan, scan: Scan, step: Series, math: Math) -> Sql:
    query = plan.query
    among = both(scan.is_mine, counts(scan, step.entity))
    if math.among_matching:
        among = both(among, matches(scan, step.filter), matches(scan, query.filter))
    firsts = Sql("SELECT {p}, min(ts) FROM events WHERE {w} GROUP BY {p}", p=scan.person, w=among)
    return Sql("({p}, ts) IN ({f})", p=scan.person, f=firsts)


def _named(plan: Plan, conditions: list[Sql]) -> Sql:
    """The events that are read: in a strict funnel all, for any may come between."""
    query = plan.query
    if query.order == STRICT:
        return TRUE
    names: set[str] = set()
    for entity in query.entities():
        found = event_names(entity, plan.definitions)
        if found is None:
            return either(*conditions)
        names |= found
    named = Sql("event IN {names:Array(String)}", names=sorted(names))
    is_plain = not any(step.filter.values or step.math.source == "first" for step in query.steps)
    is_plain = is_plain and not any(x.filter.values for x in query.exclusions)
    is_plain = is_plain and all(hasattr(entity, "event") for entity in query.entities())
    return named if is_plain else both(named, either(*conditions))


def events_of(plan: Plan, *, trimmed: bool, named: bool) -> Rows:
    """Columns ts and marks: the sorted times of an actor's events, and their bits.

    `trimmed` leaves out what no best run of two steps needs: an actor that cannot take two may have no events, only
    `begins`. `named` rows say who it is: `actor`, or `whose` where an expression makes actors.
    """
    query, layout, read = plan.query, layout_of(plan), read_of(plan)
    value = attributed(plan, read.scan, either(*read.steps))
    is_trimmed = trimmed and not value.of_events
    columns = {"words": Sql("groupArray({w})", w=_word(plan, read, layout, value.of_events))}
    carried = []
    if query.breakdown and not value.of_events:
        columns["breakdown"] = value.sql
        carried.append("breakdown")
    if named:
        name, who = "actor", read.actor
        if query.actor_expression:
            name, who = "whose", Sql("min({p})", p=read.scan.person)
        columns[name] = who
        carried.append(name)
    if trimmed:
        columns |= _prospects(plan, read)
        carried.append("begins")
    grouped = Sql(
        "SELECT {columns} {source} WHERE {where} GROUP BY {keys}",
        columns=listed(Sql("{v} AS {n}", v=column, n=Sql(name)) for name, column in columns.items()),
        source=read.scan.from_clause(),
        where=read.where,
        keys=Sql("{v}, {a}", v=value.sql, a=read.actor) if value.is_key else read.actor,
    )
    kept = Sql("if(begins AND goes_on, words, [])") if is_trimmed else Sql("words")
    sorted_ = Sql("arraySort({w})", w=kept)
    rows = Rows(grouped, tuple(carried))
    if layout.is_whole:
        return rows.select(Sql("{w} AS ts", w=ended(sorted_, NEVER)), Sql("ts AS marks"))
    rows = rows.select(Sql("{w} AS words", w=sorted_))
    if value.of_events:
        return _by_value(plan, layout, rows)
    return rows.select(*_told(layout, Sql("arrayMap(w -> {m}, words)", m=_marks(layout, "w")), "w"))


def _told(layout: Layout, marks: Sql, word: str) -> tuple[Sql, Sql]:
    """The columns ts and marks, of events that are words."""
    times = Sql("arrayMap(w -> {t}, words)", t=_time(layout, word))
    return Sql("{t} AS ts", t=ended(times, NEVER)), Sql("{m} AS marks", m=ended(marks, NOTHING))


def _prospects(plan: Plan, read: Read) -> dict[str, Sql]:
    """Whether an actor can take a first step, and a second one."""
    if plan.query.order == UNORDERED:
        return {"begins": Sql("1"), "goes_on": Sql("count() > 1")}
    second = Sql("max({c})", c=read.steps[1]) if len(read.steps) > 1 else Sql("0")
    return {"begins": Sql("max({c})", c=read.steps[0]), "goes_on": second}


def _word(plan: Plan, read: Read, layout: Layout, value: Sql | None) -> Sql:
    """An event as one number: its time, whether it is not excluded, what steps it could be, what excludes it. With a
    value the pair of both."""
    marks = _sum([(1 << layout.step(i) - layout.exclusions, c) for i, c in enumerate(read.steps)])
    if layout.is_overlapping:
        marks = _swapped(layout, marks)
    parts = [Sql("{m} * {n}", m=Sql("({m})", m=marks), n=whole(1 << layout.exclusions))]
    if read.exclusions:
        parts.append(_sum([(1 << i, c) for i, c in enumerate(read.exclusions)]))
        flag = whole(1 << layout.bits - 1)
        parts.append(Sql("if({any}, 0, {flag})", any=either(*read.exclusions), flag=flag))
    word = Sql(
        "bitShiftLeft({type}(toUnixTimestamp64Micro(ts) - {origin:Int64}), {bits}) + {low}",
        type=Sql("toUInt128" if layout.is_wide else "toUInt64"),
        origin=plan.origin,
        bits=whole(layout.bits),
        low=Sql.join(" + ", parts),
    )
    return word if value is None else Sql("({w}, {v})", w=word, v=value)


def _sum(terms: list[tuple[int, Sql]]) -> Sql:
    return Sql.join(" + ", (Sql("{c} * {n}", c=c, n=whole(n)) for n, c in terms))


def _swapped(layout: Layout, marks: Sql) -> Sql:
    """Marks as a number that sorts in the order of the first step, or that number as marks: it is its own opposite.

    The bits down to the highest that is set are turned over: 1xx, 01x, 001 are 0xx, 10x, 110. Without any it is 111.
    """
    size = whole(1 << layout.steps)
    return Sql(
        "toUInt64(if({m} = 0, {s} - 1, bitXor({m}, {s} - roundToExp2({m}))))", m=Sql("toUInt64({m})", m=marks), s=size
    )


def _unswapped(layout: Layout, key: Sql) -> Sql:
    last = whole((1 << layout.steps) - 1)
    size = whole(1 << layout.steps)
    return Sql("if({k} = {l}, 0, bitXor({k}, {s} - roundToExp2({l} - {k})))", k=key, l=last, s=size)


def _time(layout: Layout, word: str) -> Sql:
    shifted = Sql("bitShiftRight({w}, {bits})", w=Sql(word), bits=whole(layout.bits))
    return Sql("toUInt64({s})", s=shifted) if layout.is_wide else shifted


def _marks(layout: Layout, word: str) -> Sql:
    low = Sql("toUInt64(bitAnd({w}, {all}))", w=Sql(word), all=whole((1 << layout.bits) - 1))
    if not layout.is_overlapping:
        return low
    steps, shift = whole((1 << layout.steps) - 1), whole(layout.exclusions)
    key = Sql("bitAnd(bitShiftRight({low}, {shift}), {steps})", low=low, shift=shift, steps=steps)
    excluded = Sql("bitAnd({low}, {all})", low=low, all=whole((1 << layout.exclusions) - 1))
    return Sql("toUInt64(bitShiftLeft({m}, {n}) + {x})", m=_unswapped(layout, key), n=shift, x=excluded)


def _by_value(plan: Plan, layout: Layout, rows: Rows) -> Rows:
    """An actor once for each value that it has in the step, which then is no other event than one of that value.

    In an unordered funnel any step decides, and takes any value.
    """
    query = plan.query
    marked = rows.select("words", Sql("arrayMap(w -> {m}, words) AS marks", m=_marks(layout, "w.1")))
    deciding = layout.any_step if query.order == UNORDERED else 1 << layout.step(query.attribution_step)
    chosen = Sql(
        "arrayJoin(arrayDistinct(arrayFilter((v, m) -> bitAnd(m, {bits}) != 0, words.2, marks))) AS breakdown",
        bits=whole(deciding),
    )
    marks = Sql("marks")
    if query.order != UNORDERED:
        others = whole((1 << layout.bits) - 1 - deciding)
        marks = Sql("arrayMap((m, w) -> if(w.2 = breakdown, m, bitAnd(m, {others})), marks, words)", others=others)
    valued = replace(marked.select("words", "marks", chosen), carried=("breakdown", *rows.carried))
    return valued.select(*_told(layout, marks, "w.1"))
