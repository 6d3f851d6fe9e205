"""Insights, and statements that ask the same of the events: what a person would write who has no insight for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

RANGE = {"date_from": "2024-03-06", "date_to": "2024-03-13"}
DAYS = [f"2024-03-{day:02d}" for day in range(6, 14)]
NOTHING = "$$_posthog_breakdown_null_$$"

Numbers = dict[Any, float]


@dataclass(frozen=True)
class Again:
    """An insight, the same as a statement, and how the insight's answer is read as rows of that: key -> number."""

    node: dict[str, Any]
    statement: str
    read: Callable[[Any], Numbers]


def _trend(math: str = "total", **further: Any) -> dict[str, Any]:
    about = {key: further.pop(key) for key in ("math_property", "properties") if key in further}
    series: dict[str, Any] = {"kind": "EventsNode", "event": "a", "math": math} | about
    return {"kind": "TrendsQuery", "series": [series], "dateRange": RANGE, **further}


def by_day(rows: Any) -> Numbers:
    return {day: value for row in rows for day, value in zip(row["days"], row["data"], strict=True)}


def by_value(rows: Any) -> Numbers:
    return {row["breakdown_value"]: row["aggregated_value"] for row in rows}


def by_status(rows: Any) -> Numbers:
    return {(row["status"], day): abs(n) for row in rows for day, n in zip(row["days"], row["data"], strict=True)}


def by_count(rows: Any) -> Numbers:
    return dict(zip(rows[0]["days"], rows[0]["data"], strict=True))


def by_cell(rows: Any) -> Numbers:
    return {(row["date"][:10], i): value["count"] for row in rows for i, value in enumerate(row["values"])}


def by_edge(rows: Any) -> Numbers:
    return {(row["source"], row["target"]): row["value"] for row in rows}


def by_step(rows: Any) -> Numbers:
    return {row["order"]: row["count"] for row in rows}


_EACH_DAY = "SELECT toString(toDate(timestamp)) AS day, {x} FROM events WHERE event = 'a' AND {filters} GROUP BY day"
_ACTIVE = (
    "SELECT day, count(DISTINCT person_id) FROM events ARRAY JOIN {values.days} AS day "
    "WHERE event = 'a' AND dateDiff('day', toDate(timestamp), toDate(day)) BETWEEN 0 AND 6 GROUP BY day"
)
_LIFE = """
WITH active AS (
    SELECT person_id, toDate(timestamp) AS day, min(toDate(person.created_at)) AS made FROM events
    WHERE event = 'a' AND toDate(timestamp) BETWEEN '2024-03-05' AND '2024-03-13' GROUP BY person_id, day
), told AS (
    SELECT person_id, day, made, min(day) OVER (PARTITION BY person_id) AS first,
        lagInFrame(day, 1, toDate('2000-01-01')) OVER (PARTITION BY person_id ORDER BY day
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS before,
        leadInFrame(day, 1, toDate('2100-01-01')) OVER (PARTITION BY person_id ORDER BY day
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS after
    FROM active
)
SELECT multiIf(dateDiff('day', before, day) = 1, 'returning', day = first AND day = made, 'new', 'resurrecting') AS how,
    toString(day) AS at, count() FROM told WHERE day >= '2024-03-06' GROUP BY how, at
UNION ALL
SELECT 'dormant', toString(addDays(day, 1)) AS at, count() FROM told
WHERE dateDiff('day', day, after) > 1 AND day < '2024-03-13' GROUP BY at
"""
_STICKY = """
SELECT days, count() FROM (
    SELECT person_id, count(DISTINCT toDate(timestamp)) AS days FROM events
    WHERE event = 'a' AND {filters} GROUP BY person_id
) GROUP BY days
"""
_RETAINED = """
WITH days AS (SELECT DISTINCT person_id, toDate(timestamp) AS day FROM events WHERE event = 'a' AND {filters})
SELECT toString(a.day) AS began, dateDiff('day', a.day, b.day) AS later, count(DISTINCT a.person_id)
FROM days AS a JOIN days AS b ON a.person_id = b.person_id WHERE b.day >= a.day GROUP BY began, later
"""
_WAYS = """
WITH gaps AS (
    SELECT person_id, event, timestamp AS at,
        dateDiff('second', lag(timestamp, 1, toDateTime('2000-01-01')) OVER (PARTITION BY person_id ORDER BY timestamp),
            timestamp) AS gap
    FROM events WHERE {filters}
), parts AS (
    SELECT person_id, event, at, sum(if(gap >= 1800, 1, 0)) OVER (PARTITION BY person_id ORDER BY at) AS part FROM gaps
), followed AS (
    SELECT person_id, part, event, at, leadInFrame(event, 1, '') OVER (PARTITION BY person_id, part ORDER BY at
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS next
    FROM parts
), steps AS (
    SELECT event, next, row_number() OVER (PARTITION BY person_id, part ORDER BY at) AS step
    FROM followed WHERE event != next
)
SELECT concat(step, '_', event) AS source, concat(step + 1, '_', next) AS target, count() FROM steps
WHERE next != '' AND step < 5 GROUP BY source, target
"""
_STEPS = """
WITH a AS (SELECT person_id, timestamp AS at FROM events WHERE event = 'a' AND {filters}),
    b AS (SELECT person_id, timestamp AS at FROM events WHERE event = 'b' AND {filters}),
    c AS (SELECT person_id, timestamp AS at FROM events WHERE event = 'c' AND {filters})
SELECT 0, count(DISTINCT person_id) FROM a
UNION ALL
SELECT 1, count(DISTINCT a.person_id) FROM a JOIN b ON a.person_id = b.person_id
WHERE b.at > a.at AND b.at <= a.at + INTERVAL 2 DAY
UNION ALL
SELECT 2, count(DISTINCT a.person_id) FROM a JOIN b ON a.person_id = b.person_id JOIN c ON c.person_id = b.person_id
WHERE b.at > a.at AND c.at > b.at AND c.at <= a.at + INTERVAL 2 DAY
"""

AGAIN = {
    "total": Again(_trend(), _EACH_DAY.replace("{x}", "count()"), by_day),
    "unique people": Again(_trend("dau"), _EACH_DAY.replace("{x}", "count(DISTINCT person_id)"), by_day),
    "weekly active": Again(_trend("weekly_active"), _ACTIVE, by_day),
    **{
        math: Again(_trend(math, math_property="n"), _EACH_DAY.replace("{x}", text), by_day)
        for math, text in (
            ("sum", "sum(properties.n)"),
            ("avg", "avg(properties.n)"),
            ("min", "min(properties.n)"),
            ("max", "max(properties.n)"),
            ("median", "median(properties.n)"),
            ("p90", "quantile(0.9)(properties.n)"),
        )
    },
    "a breakdown": Again(
        _trend(breakdownFilter={"breakdown": "k", "breakdown_type": "event"}, trendsFilter={"display": "ActionsPie"}),
        "SELECT properties.k ?? {values.nothing} AS k, count() FROM events WHERE event = 'a' AND {filters} GROUP BY k",
        by_value,
    ),
    "a breakdown by person": Again(
        _trend(
            "dau",
            breakdownFilter={"breakdown": "plan", "breakdown_type": "person"},
            trendsFilter={"display": "ActionsPie"},
        ),
        "SELECT person.properties.plan ?? {values.nothing} AS plan, uniq(person_id) FROM events "
        "WHERE event = 'a' AND {filters} GROUP BY plan",
        by_value,
    ),
    "weeks": Again(
        _trend(interval="week", dateRange={"date_from": "2024-03-03", "date_to": "2024-03-16"}),
        "SELECT toString(toStartOfWeek(timestamp)) AS week, count() FROM events WHERE event = 'a' GROUP BY week",
        by_day,
    ),
    "hours": Again(
        _trend(interval="hour", dateRange={"date_from": "2024-03-10", "date_to": "2024-03-10T23:59:59"}),
        "SELECT formatDateTime(toStartOfHour(timestamp), '%F %T') AS hour, count() FROM events "
        "WHERE event = 'a' AND toDate(timestamp) = '2024-03-10' GROUP BY hour",
        by_day,
    ),
    "lifecycle": Again(
        {"kind": "LifecycleQuery", "series": [{"kind": "EventsNode", "event": "a"}], "dateRange": RANGE},
        _LIFE,
        by_status,
    ),
    "stickiness": Again(
        {"kind": "StickinessQuery", "series": [{"kind": "EventsNode", "event": "a"}], "dateRange": RANGE},
        _STICKY,
        by_count,
    ),
    "retention": Again(
        {
            "kind": "RetentionQuery",
            "dateRange": RANGE,
            "retentionFilter": {
                "period": "Day",
                "totalIntervals": 8,
                "targetEntity": {"id": "a", "type": "events"},
                "returningEntity": {"id": "a", "type": "events"},
            },
        },
        _RETAINED,
        by_cell,
    ),
    "paths": Again(
        {
            "kind": "PathsQuery",
            "dateRange": RANGE,
            "pathsFilter": {"includeEventTypes": ["custom_event"], "stepLimit": 5},
        },
        _WAYS,
        by_edge,
    ),
    "a funnel": Again(
        {
            "kind": "FunnelsQuery",
            "dateRange": RANGE,
            "series": [{"kind": "EventsNode", "event": event} for event in "abc"],
            "funnelsFilter": {"funnelWindowInterval": 2, "funnelWindowIntervalUnit": "day"},
        },
        _STEPS,
        by_step,
    ),
}
