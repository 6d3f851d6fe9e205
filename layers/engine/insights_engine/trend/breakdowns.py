"""Breakdown values as SQL: in answers an Array(Nullable(String)), one entry a breakdown, NULL for no value.

Missing, null and empty are the same: no value.
"""

from __future__ import annotations

from collections.abc import Sequence

from insights_engine.conditions import people
from insights_engine.errors import ValidationError
from insights_engine.scan import Scan
from insights_engine.sql import Sql, number
from insights_engine.trend.model import Breakdown

# What stands in answers for no value, and for the sum of all values beyond the limit.
NULL = "$$_posthog_breakdown_null_$$"
OTHER = "$$_posthog_breakdown_other_$$"

BREAKDOWN_TYPES = {
    "event": "a property of the event",
    "person": "a property of the person, as of now",
    "group": "a property of the event's group",
    "session": "a property of the event's session",
    "event_metadata": "a column of the event",
    "hogql": "an SQL expression over the event",
    "cohort": "cohorts, by id",
}

NO_BREAKDOWN = Sql("CAST([], 'Array(Nullable(String))')")


def value(scan: Scan, breakdown: Breakdown) -> Sql:
    """One breakdown's value of an event, before binning."""
    if breakdown.type == "hogql":
        from insights_engine.hogql import text_value

        text = text_value(scan, breakdown.property, breakdown.field)
    else:
        text = scan.text(breakdown.type, breakdown.property, breakdown.group_type_index, breakdown.field)
    if breakdown.normalize_url:
        # A URL's trailing / ? and # are cut; what is empty then is the root.
        cut = Sql("replaceRegexpOne({t}, '[/?#]*$', '')", t=text)
        return Sql("if({c} = '' AND {t} != '', '/', nullIf({c}, ''))", c=cut, t=text)
    return Sql("nullIf({t}, '')", t=text)


def bin_of(text: Sql, low: Sql, high: Sql, bins: int) -> Sql:
    """The range that a number falls in, as text: `[10,17.5]`. The last one's end is raised so that it holds the top."""
    x = number(text)
    width = Sql("(({high} - {low}) / {n:UInt32})", high=high, low=low, n=bins)
    place = Sql(
        "toUInt32(least({last:UInt32}, ifNotFinite(floor(({x} - {low}) / {w}), {last:UInt32})))",
        last=bins - 1,
        w=width,
        x=x,
        low=low,
    )
    start = Sql("{low} + {w} * {i}", low=low, w=width, i=place)
    end = Sql(
        "if({i} = {last:UInt32}, {high} + 0.01, {low} + {w} * ({i} + 1))",
        i=place,
        last=bins - 1,
        high=high,
        low=low,
        w=width,
    )
    label = Sql("concat('[', toString({a}), ',', toString({b}), ']')", a=start, b=end)
    return Sql("if(isNull({x}), NULL, {l})", x=x, l=label)


def by_properties(scan: Scan, breakdowns: Sequence[Breakdown], extents: Sequence[tuple[Sql, Sql] | None]) -> Sql:
    """`extents`: the smallest and largest number of each binned breakdown over the events that count.

    One breakdown alone is its text, with '' for no value: grouped by at a fraction of an array's cost, and over a
    column with a dictionary made once a value, not once an event. `as_list` makes the array.
    """
    values = []
    for breakdown, extent in zip(breakdowns, extents, strict=True):
        text = value(scan, breakdown)
        if breakdown.bins is not None and extent is not None:
            text = bin_of(text, *extent, breakdown.bins)
        values.append(text)
    if len(values) == 1:
        return Sql("ifNull({t}, '')", t=values[0])
    return Sql("[{v}]", v=Sql.join(", ", (Sql("CAST({t}, 'Nullable(String)')", t=text) for text in values)))


def as_list(breakdowns: Sequence[Breakdown], key: Sql) -> Sql:
    """What events were grouped by, as an Array(Nullable(String))."""
    return Sql("[CAST(nullIf({k}, ''), 'Nullable(String)')]", k=key) if len(breakdowns) == 1 else key


def by_cohorts(scan: Scan, cohort_ids: Sequence[int]) -> Sql:
    """Each cohort that the event's person is in: an event counts once a cohort."""
    inside = []
    for cohort_id in cohort_ids:
        cohort = scan.definitions.cohorts.get(cohort_id)
        if cohort is None:
            raise ValidationError(f"Cohort {cohort_id} does not exist in this project", attr="breakdown")
        inside.append(
            Sql(
                "if({p} IN ({people}), [[CAST({id:String}, 'Nullable(String)')]], [])",
                p=scan.person,
                people=people(scan, cohort),
                id=str(cohort_id),
            )
        )
    return Sql("arrayJoin(arrayConcat({c}))", c=Sql.join(", ", inside))
