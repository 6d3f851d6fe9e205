"""Breakdown values as SQL: in answers an Array(Nullable(String)), one entry a breakdown, NULL for no value.

Missing, null and empty are the same: no value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from insights_engine.conditions import people
from insights_engine.errors import ValidationError
from insights_engine.person_values import PersonValues
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


@dataclass(frozen=True, slots=True)
class Key:
    """What events are grouped by; where that is a code, `names` is the array that has each code's text."""

    sql: Sql
    names: Sql | None = None


def value(scan: Scan, breakdown: Breakdown) -> Sql:
    """One breakdown's value of an event, before binning."""
    if breakdown.type == "hogql":
        from insights_engine.hogql import text_value

        text = text_value(scan, breakdown.property, breakdown.field)
    else:
        text = scan.text(breakdown.type, breakdown.property, breakdown.group_type_index, breakdown.field)
    return Sql("nullIf({t}, '')", t=_shown(text, breakdown))


def _shown(text: Sql, breakdown: Breakdown) -> Sql:
    if breakdown.normalize_url:
        # A URL's trailing / ? and # are cut; what is empty then is the root.
        cut = Sql("replaceRegexpOne({t}, '[/?#]*$', '')", t=text)
        return Sql("if({c} = '' AND {t} != '', '/', {c})", c=cut, t=text)
    return text


def bin_of(text: Sql, extent: Sql, bins: int, index: int) -> Sql:
    """The range that a number falls in, as text: `[10,17.5]`. The last one's end is raised so that it holds the top.

    `extent` is the pair of the smallest and the largest number. Aliases, told apart by `index`, keep the statement
    small: what is written twice is analysed twice, and ranges of ranges add up.
    """
    x, ends, width, place = (Sql(f"{name}{index}") for name in ("bin_x", "bin_ends", "bin_width", "bin_place"))
    return Sql(
        "if(isNull({number} AS {x}), NULL, concat('[', toString(({extent} AS {ends}).1 + "
        "(({ends}.2 - {ends}.1) / {n:UInt32} AS {width}) * (toUInt32(least({last:UInt32}, "
        "ifNotFinite(floor(({x} - {ends}.1) / {width}), {last:UInt32}))) AS {place})), ',', "
        "toString(if({place} = {last:UInt32}, {ends}.2 + 0.01, {ends}.1 + {width} * ({place} + 1))), ']'))",
        number=number(text),
        extent=extent,
        n=bins,
        last=bins - 1,
        x=x,
        ends=ends,
        width=width,
        place=place,
    )


def by_properties(scan: Scan, breakdowns: Sequence[Breakdown], extents: Sequence[Sql | None]) -> Key:
    """`extents`: the pair of the smallest and largest number of each binned breakdown over the events that count.

    One breakdown alone is its text, with '' for no value: grouped by at a fraction of an array's cost, and over a
    column with a dictionary made once a value, not once an event. `as_list` makes the array. A person's property alone
    is a code.
    """
    if len(breakdowns) == 1 and _is_of_person(breakdowns[0]):
        only = breakdowns[0]
        values_of = PersonValues(scan, only.property, lambda text: _shown(text, only))
        return Key(values_of.code(), values_of.names())
    values = []
    for index, (breakdown, extent) in enumerate(zip(breakdowns, extents, strict=True)):
        text = value(scan, breakdown)
        if breakdown.bins is not None and extent is not None:
            text = bin_of(text, extent, breakdown.bins, index)
        values.append(text)
    if len(values) == 1:
        return Key(Sql("ifNull({t}, '')", t=values[0]))
    texts = Sql.join(", ", (Sql("CAST({t}, 'Nullable(String)')", t=text) for text in values))
    return Key(Sql("[{v}]", v=texts))


def _is_of_person(breakdown: Breakdown) -> bool:
    """A value of the person alone; ranges of numbers are of the events that count, and a distinct id is the event's."""
    return breakdown.type == "person" and breakdown.property != "distinct_id" and breakdown.bins is None


def as_list(breakdowns: Sequence[Breakdown], key: Sql, names: Sql | None) -> Sql:
    """What events were grouped by, as an Array(Nullable(String))."""
    if len(breakdowns) != 1:
        return key
    text = key if names is None else Sql("arrayElement({n}, {k})", n=names, k=key)
    return Sql("[CAST(nullIf({t}, ''), 'Nullable(String)')]", t=text)


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
