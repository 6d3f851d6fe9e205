"""What a series counts or computes, one row each.

`sql` is an aggregate over `{x}`: the actor, the session, the property's number or the events per actor, by `source`.
The sources are in `sources.py`: from which rows, and after which first step, the aggregate is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Source = Literal["events", "actors", "groups", "sessions", "property", "per_actor", "rolling", "first", "hogql"]


@dataclass(frozen=True, slots=True)
class Math:
    name: str
    sql: str
    source: Source
    help: str
    # What an insight of it is called, of `{e}`, the event, and `{p}`, the property or the expression.
    title: str
    # Grows with the share of actors that is read: multiplied by 1/sampling_factor.
    is_scaled: bool = False
    # Days that an actor stays active for, for rolling maths.
    days: int = 0
    # first: whether only events that pass the filters are looked at for the first time.
    among_matching: bool = False


# Quantiles interpolate linearly between ranks (Hyndman and Fan's type 7) and are exact.
AGGREGATES = {
    "avg": "avg({x})",
    "min": "min({x})",
    "max": "max({x})",
    "median": "quantileExactInclusive(0.5)({x})",
    "p75": "quantileExactInclusive(0.75)({x})",
    "p90": "quantileExactInclusive(0.9)({x})",
    "p95": "quantileExactInclusive(0.95)({x})",
    "p99": "quantileExactInclusive(0.99)({x})",
    "p99.9": "quantileExactInclusive(0.999)({x})",
}

TOTAL = Math("total", "count()", "events", "number of events", "{e} count", is_scaled=True)

MATHS = {
    row.name: row
    for row in (
        TOTAL,
        Math("dau", "uniqExact({x})", "actors", "distinct persons", "{e} unique users", is_scaled=True),
        Math(
            "weekly_active",
            "{x}",
            "rolling",
            "distinct persons of the last 7 days",
            "{e} weekly active users",
            is_scaled=True,
            days=7,
        ),
        Math(
            "monthly_active",
            "{x}",
            "rolling",
            "distinct persons of the last 30 days",
            "{e} monthly active users",
            is_scaled=True,
            days=30,
        ),
        Math(
            "unique_session",
            "uniqExact(session)",
            "sessions",
            "distinct sessions",
            "{e} unique sessions",
            is_scaled=True,
        ),
        Math(
            "unique_group", "uniqExact({x})", "groups", "distinct groups of a type", "{e} unique groups", is_scaled=True
        ),
        Math(
            "first_time_for_user",
            "count()",
            "first",
            "persons whose first event ever is this one",
            "{e} first-time users",
            is_scaled=True,
        ),
        Math(
            "first_matching_event_for_user",
            "count()",
            "first",
            "persons whose first event that passes the filters is this one",
            "{e} first-time users",
            is_scaled=True,
            among_matching=True,
        ),
        Math("sum", "sum({x})", "property", "sum of a numeric property", "{e} {p} sum", is_scaled=True),
        *(
            Math(name, sql, "property", f"{name} of a numeric property", f"{{e}} {{p}} {name}")
            for name, sql in AGGREGATES.items()
        ),
        *(
            Math(
                f"{name}_count_per_actor",
                sql,
                "per_actor",
                f"{name} of the events per person",
                f"{{e}} {name} count per user",
            )
            for name, sql in AGGREGATES.items()
        ),
        Math("hogql", "{x}", "hogql", "an aggregate SQL expression, `math_hogql`", "{e} {p}"),
    )
}
