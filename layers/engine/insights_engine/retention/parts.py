"""What every form of a retention statement is made of: the two sides, the actor, the value, the place. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from insights_engine.conditions import audience, counts, matches, people
from insights_engine.errors import ValidationError
from insights_engine.retention.model import Side
from insights_engine.retention.window import Plan
from insights_engine.scan import Scan, micros
from insights_engine.sql import TRUE, Sql, both, either
from insights_engine.trend.breakdowns import value as breakdown_value

_LONG_AGO = datetime(1970, 1, 2)
# The last year whose every day ClickHouse's Date can hold.
_LAST_YEAR = 2148


@dataclass(frozen=True, slots=True)
class Parts:
    """`first` are the events that an actor's anchor is the earliest of; the other sides' conditions are never NULL."""

    scan: Scan
    target: Sql
    first: Sql
    returning: Sql
    actor: Sql
    value: Sql
    place: Sql
    where: Sql
    # What the rows of one actor are grouped by; without a breakdown the actor alone, which is much faster.
    keys: Sql

    @property
    def source(self) -> Sql:
        """Asked for last: by then the scan knows all that has to be joined."""
        return self.scan.from_clause()


def make_parts(plan: Plan) -> Parts:
    query = plan.query
    scan = Scan(plan.project, plan.definitions, plan.now)
    common = _common(plan, scan)
    plain = both(counts(scan, query.target.entity), common)
    target = both(plain, matches(scan, query.target.filter))
    returning = both(_side(scan, query.returning), common)
    first = plain if query.retention_type.own_filters_later else target
    actor, exists = scan.person, TRUE
    if query.group_index is not None:
        actor = scan.group_key(query.group_index)
        exists = Sql("{k} != ''", k=actor)
    return Parts(
        scan=scan,
        target=_true(target),
        first=_true(first),
        returning=_true(returning),
        actor=actor,
        value=_value(plan, scan),
        place=place_of(plan, scan, query.period.index),
        where=both(scan.is_mine, _when(plan, scan, target, first, returning), exists),
        keys=Sql("breakdown, actor") if query.breakdown else Sql("actor"),
    )


def _when(plan: Plan, scan: Scan, target: Sql, first: Sql, returning: Sql) -> Sql:
    """The events that are read: of the window, and for anchors of all history before its end."""
    query, lower, upper = plan.query, plan.window.reads_from, plan.window.reads_to
    within = scan.within(lower, upper)
    if not query.retention_type.enters_once:
        return both(within, target if target == returning else either(target, returning))
    if query.rolling_windows:
        # In first-time modes of 24-hour windows, returning events are not limited by the window's end.
        within = scan.within(lower, upper.replace(year=_LAST_YEAR))
    history = scan.within(_LONG_AGO.replace(tzinfo=upper.tzinfo), upper)
    if first == returning and not query.rolling_windows:
        return both(history, first)
    return either(both(history, first), both(within, returning))


def _true(condition: Sql) -> Sql:
    return Sql("ifNull({c}, false)", c=condition)


def _side(scan: Scan, side: Side) -> Sql:
    return both(counts(scan, side.entity), matches(scan, side.filter))


def _common(plan: Plan, scan: Scan) -> Sql:
    query = plan.query
    chosen = audience(scan, without_test_accounts=query.filter_test_accounts, sampling=query.sampling)
    return both(matches(scan, query.filter), *chosen)


def place_of(plan: Plan, scan: Scan, form: str) -> Sql:
    """The event's place in the window, from 0; `form` is one of the period's two."""
    return Sql(form, day=scan.day, ts=Sql("ts"), start=plan.query.period.origin(plan.window.start))


def _value(plan: Plan, scan: Scan) -> Sql:
    """The breakdown's value of an event as text, '' for none; every event of one that has none is the same."""
    by = plan.query.breakdown
    if by.cohorts:
        return _cohorts(plan, scan)
    if not by.properties:
        return Sql("''")
    if plan.query.is_legacy:
        texts = Sql.join(", ", (Sql("ifNull({v}, '')", v=breakdown_value(scan, b)) for b in by.properties))
        return Sql("arrayStringConcat([{t}], '::')", t=texts)
    return Sql("toString(ifNull({v}, ''))", v=breakdown_value(scan, by.properties[0]))


def _cohorts(plan: Plan, scan: Scan) -> Sql:
    """Each cohort that the event's person is in, as text; all users are '0'."""
    inside = []
    for cohort_id in plan.query.breakdown.cohorts:
        if cohort_id == "all":
            inside.append(Sql("['0']"))
            continue
        cohort = plan.definitions.cohorts.get(int(cohort_id))
        if cohort is None:
            raise ValidationError(f"Cohort {cohort_id} does not exist in this project", attr="breakdown")
        inside.append(
            Sql("if({p} IN ({s}), [{id:String}], [])", p=scan.person, s=people(scan, cohort), id=str(cohort_id))
        )
    return Sql("arrayJoin(arrayConcat({i}, CAST([], 'Array(String)')))", i=Sql.join(", ", inside))


def qualifies(plan: Plan, parts: Parts) -> Sql:
    """An aggregate: whether the anchor counts. For first ever it must itself pass the target's own filters."""
    conditions = [Sql("countIf({f}) > 0", f=parts.first)]
    if plan.query.retention_type.own_filters_later:
        same = "countIf({t}) > 0 AND minIf(ts, {t}) = minIf(ts, {f})"
        conditions.append(Sql(same, t=parts.target, f=parts.first))
    return both(*conditions, anchored_within(plan, Sql("minIf(ts, {f})", f=parts.first)))


def anchored_within(plan: Plan, anchor: Sql) -> Sql:
    """Where it does not follow from the anchor's row: the older form's window may begin inside of its first period,
    and in 24-hour windows events after the end are read, which on a day of 23 hours are in its last row."""
    window, bounds = plan.window, []
    if window.reads_from != window.start:
        bounds.append(Sql("{a} >= fromUnixTimestamp64Micro({at:Int64})", a=anchor, at=micros(window.reads_from)))
    if plan.query.rolling_windows:
        bounds.append(Sql("{a} <= fromUnixTimestamp64Micro({at:Int64})", a=anchor, at=micros(window.reads_to)))
    return both(*bounds)


def first_value_decides(plan: Plan) -> bool:
    """Of an actor's values only that of its first target event ever counts."""
    return plan.query.retention_type.own_filters_later and bool(plan.query.breakdown)
