"""The questions that are measured, one row each: what is asked, what a scan must read for it, and a plain check.

`bare` is the least that any answer from the table costs: `max` of exactly the columns that the question needs, over
exactly the rows that it needs. `scan_over_bare` is what one good pass over the events was measured to cost in that
unit; `None` for questions that are measured for information.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from benchmarks import path_check
from benchmarks.events import FIRST_DAY, LAST_DAY

# Answers may take this much longer than a good scan.
ALLOWANCE = 1.25
NOW = datetime.fromisoformat(LAST_DAY).replace(hour=12, tzinfo=UTC)
MONTH = (date.fromisoformat(LAST_DAY) - timedelta(days=29)).isoformat()
PAGE = "$pageview"
BOUGHT = "purchase_completed"
_STEPS = (PAGE, "product_viewed", BOUGHT)


@dataclass(frozen=True)
class Question:
    """`check` gives the answer's numbers from other SQL than the product's: rows of (row, place in it, number).

    A row is a breakdown's value, a status, a cohort's date, or ''; a place is a day, a number, or a column. `kind` is
    a name of the table KINDS in queries.py. The bare read is of the days `since` through `until`, where they are given,
    and of the named events, or all.
    """

    name: str
    asks: dict[str, Any]
    columns: tuple[str, ...]
    check: str
    scan_over_bare: float | None = None
    since: str | None = MONTH
    until: str = LAST_DAY
    events: tuple[str, ...] = (PAGE,)
    kind: str = "trend"

    @property
    def limit(self) -> float | None:
        return None if self.scan_over_bare is None else round(self.scan_over_bare * ALLOWANCE, 2)

    @property
    def bare(self) -> str:
        names = ", ".join(f"'{name}'" for name in self.events)
        event = (f" AND event = {names}" if len(self.events) == 1 else f" AND event IN ({names})") if names else ""
        days = (f" AND day >= '{self.since}'" if self.since else "") + f" AND day <= '{self.until}'"
        return (
            f"SELECT {', '.join(f'max({column})' for column in self.columns)} FROM events "
            f"WHERE project = 1{event}{days}"
        )


def _asks(math: str = "total", since: str = MONTH, **further: Any) -> dict[str, Any]:
    return {"date_from": since, "date_to": LAST_DAY, "events": [{"id": PAGE, "math": math}], **further}


def _of(event: str = PAGE, since: str | None = MONTH, until: str = LAST_DAY) -> str:
    after = f" AND ts >= '{since} 00:00:00'" if since else ""
    return f"FROM events WHERE event = '{event}'{after} AND ts < toDate('{until}') + 1"


def _by_day(value: str, breakdown: str = "''", source: str = "") -> str:
    return f"SELECT {breakdown} AS b, toDate(ts) AS d, {value} {source or _of()} GROUP BY b, d"


def _active(days: int) -> str:
    """Each visit counts on its day and on those that follow."""
    since = (date.fromisoformat(MONTH) - timedelta(days=days - 1)).isoformat()
    return (
        f"SELECT '', d, uniqExact(person) FROM (SELECT DISTINCT person, toDate(ts) AS at {_of(since=since)}) "
        f"ARRAY JOIN arrayMap(n -> at + n, range({days})) AS d WHERE d BETWEEN '{MONTH}' AND '{LAST_DAY}' GROUP BY d"
    )


_BEFORE = (date.fromisoformat(MONTH) - timedelta(days=1)).isoformat()
_VISITS = f"(SELECT DISTINCT person, toDate(ts) AS d {_of(since=_BEFORE)})"
_CHECK_LIFECYCLE = f"""
SELECT status, d, n FROM (
  SELECT multiIf((person, d - 1) IN {_VISITS}, 'returning', created = d, 'new', 'resurrecting') AS status, d,
    count() AS n
  FROM {_VISITS} AS v JOIN (SELECT person, toDate(created_at) AS created FROM persons) AS p USING (person) GROUP BY ALL
  UNION ALL
  SELECT 'dormant', d + 1 AS day, -count() FROM {_VISITS} WHERE (person, d + 1) NOT IN {_VISITS} GROUP BY day
) WHERE d BETWEEN '{MONTH}' AND '{LAST_DAY}'"""

_URL = "properties.`$current_url`"
_COUNTRY = "properties.`$geoip_country_code`"
_BROWSER = "properties.`$browser`"


def _retention(name: str, period: str, since: str, until: str, scan_over_bare: float) -> Question:
    """Page views that follow page views, 11 periods; for first time, all history before the end has to be read."""
    is_first = name.startswith("first")
    begin = {"Day": "toDate(ts)", "Week": "toStartOfWeek(ts)"}[period]
    visits = f"(SELECT DISTINCT person, {begin} AS at {_of(since=since, until=until)})"
    firsts = f"(SELECT person, {begin.replace('ts', 'min(ts)')} AS at {_of(since=None, until=until)} GROUP BY person)"
    return Question(
        f"retention {name}, 11 {period[0].lower()}",
        {
            "period": period,
            "total_intervals": 11,
            "date_to": until,
            "retention_type": "retention_first_time" if is_first else "retention_recurring",
        },
        ("day", "person"),
        f"SELECT toString(a.at), toString(intDiv(b.at - a.at, {7 if period == 'Week' else 1})) AS k, count() "
        f"FROM {firsts if is_first else visits} AS a JOIN {visits} AS b USING (person) "
        f"WHERE a.at >= '{since}' AND b.at >= a.at GROUP BY ALL",
        scan_over_bare,
        since=None if is_first else since,
        until=until,
        kind="retention",
    )


def _paths(days: int, scan_over_bare: float, *, pages_only: bool) -> Question:
    since = (date.fromisoformat(LAST_DAY) - timedelta(days=days - 1)).isoformat()
    return Question(
        f"paths, {'page views' if pages_only else 'all events'}, {days} d",
        {"date_from": since, "date_to": LAST_DAY, "include_event_types": [PAGE] if pages_only else []},
        ("ts", "person", _URL) if pages_only else ("event", "ts", "person", _URL),
        path_check.check(since, pages_only=pages_only),
        scan_over_bare,
        since=since,
        events=(PAGE,) if pages_only else (),
        kind="path",
    )


def _statement(name: str, columns: tuple[str, ...], select: str, rest: str, check: str) -> Question:
    """An insight's question as a statement: rows of (row, place in it, number)."""
    text = f"SELECT {select} FROM events WHERE event = '{PAGE}' AND timestamp >= '{MONTH}' {rest} LIMIT 50000"
    return Question(f"HogQL: {name}", {"kind": "HogQLQuery", "query": text}, columns, check, kind="hogql")


_DAYS = ("Day", (date.fromisoformat(LAST_DAY) - timedelta(days=10)).isoformat(), LAST_DAY)
# Whole weeks, from a Sunday to a Saturday.
_WEEKS = ("Week", "2026-04-12", "2026-06-27")

QUESTIONS = (
    Question("total of one event, 30 d", _asks(), ("day",), _by_day("count()"), 1.4),
    Question(
        "unique users a day, 90 d",
        _asks("dau", FIRST_DAY),
        ("day", "person"),
        _by_day("count(DISTINCT person)", source=_of(since=FIRST_DAY)),
        2.2,
        since=FIRST_DAY,
    ),
    Question(
        "weekly active, 30 d",
        _asks("weekly_active"),
        ("day", "person"),
        _active(7),
        3.2,
        since=(date.fromisoformat(MONTH) - timedelta(days=6)).isoformat(),
    ),
    Question(
        "monthly active, 30 d",
        _asks("monthly_active"),
        ("day", "person"),
        _active(30),
        3.7,
        since=(date.fromisoformat(MONTH) - timedelta(days=29)).isoformat(),
    ),
    Question(
        "by $current_url, top 25 + Other, 30 d",
        _asks(breakdown="$current_url"),
        ("day", _URL),
        _by_day("count()", _URL),
        2.6,
    ),
    Question(
        "unique users by country, 30 d",
        _asks("dau", breakdown="$geoip_country_code"),
        ("day", "person", _COUNTRY),
        _by_day("count(DISTINCT person)", _COUNTRY),
        3.5,
    ),
    Question(
        "by person property, 30 d",
        _asks(breakdown="plan", breakdown_type="person"),
        ("day", "person"),
        "SELECT plan, toDate(ts) AS d, count() FROM (SELECT person, ts " + _of() + ") AS e "
        "JOIN (SELECT person, toString(properties.plan) AS plan FROM persons) AS p USING (person) GROUP BY plan, d",
        4.5,
    ),
    Question(
        "url icontains, 30 d",
        _asks(properties=[{"key": "$current_url", "value": "PRICING", "operator": "icontains"}]),
        ("day", _URL),
        _by_day("count()", source=f"{_of()} AND position(lower({_URL}), 'pricing') > 0"),
        0.7,
    ),
    Question(
        "unique users, two exact filters, 30 d",
        _asks(
            "dau", properties=[{"key": "$browser", "value": "Chrome"}, {"key": "$geoip_country_code", "value": "DE"}]
        ),
        ("day", "person", _BROWSER, _COUNTRY),
        _by_day("count(DISTINCT person)", source=f"{_of()} AND {_BROWSER} = 'Chrome' AND {_COUNTRY} = 'DE'"),
        0.9,
    ),
    Question(
        "two series and a formula, 30 d",
        _asks(events=[{"id": PAGE, "math": "dau"}, {"id": BOUGHT, "math": "dau"}], formula="B / A"),
        ("day", "person"),
        f"SELECT '', toDate(ts) AS d, uniqExactIf(person, event = '{BOUGHT}') / uniqExactIf(person, event = '{PAGE}') "
        f"FROM events WHERE event IN ('{PAGE}', '{BOUGHT}') AND ts >= '{MONTH} 00:00:00' GROUP BY d",
        2.6,
        events=(PAGE, BOUGHT),
    ),
    Question(
        "first time for user, 30 d",
        _asks("first_time_for_user"),
        ("ts", "person"),
        f"SELECT '', toDate(first) AS d, count() FROM (SELECT min(ts) AS first FROM events WHERE event = '{PAGE}' "
        f"GROUP BY person) WHERE d >= '{MONTH}' GROUP BY d",
        3.8,
        since=None,
    ),
    Question(
        "unique users of a person property, 30 d",
        _asks("dau", properties=[{"key": "plan", "value": "growth", "type": "person"}]),
        ("day", "person"),
        _by_day(
            "count(DISTINCT person)",
            source=f"{_of()} AND person IN (SELECT person FROM persons WHERE toString(properties.plan) = 'growth')",
        ),
    ),
    Question(
        "sum of a number, 30 d",
        _asks(events=[{"id": BOUGHT, "math": "sum", "math_property": "amount"}]),
        ("day", "properties.amount.:Float64"),
        _by_day("round(sum(toFloat64(toString(properties.amount))), 4)", source=_of(BOUGHT)),
        events=(BOUGHT,),
    ),
    Question("lifecycle, 30 d", _asks(), ("day", "person"), _CHECK_LIFECYCLE, since=_BEFORE, kind="lifecycle"),
    Question(
        "stickiness, 30 d",
        _asks("dau"),
        ("day", "person"),
        "SELECT '', days, count() FROM (SELECT count(DISTINCT toDate(ts)) AS days "
        + _of()
        + " GROUP BY person) GROUP BY days",
        kind="stickiness",
    ),
    Question(
        "funnel, 3 steps, 14 d window, 30 d",
        {
            "events": [{"id": name, "order": order} for order, name in enumerate(_STEPS)],
            "date_from": MONTH,
            "date_to": LAST_DAY,
        },
        ("event", "ts", "person"),
        "SELECT '', step, countIf(level > step) FROM (SELECT windowFunnel(1209600000000)("
        "toUInt64(toUnixTimestamp64Micro(ts)), "
        + ", ".join(f"event = '{name}'" for name in _STEPS)
        + f") AS level FROM events WHERE ts >= '{MONTH} 00:00:00' AND ts < toDate('{LAST_DAY}') + 1 GROUP BY person) "
        "ARRAY JOIN [0, 1, 2] AS step GROUP BY step",
        3.4,
        events=_STEPS,
        kind="funnel",
    ),
    _statement("total, 30 d", ("day",), "'', toDate(timestamp) AS d, count()", "GROUP BY d", _by_day("count()")),
    _statement(
        "unique users by country, 30 d",
        ("day", "person", _COUNTRY),
        "properties.`$geoip_country_code` AS b, toDate(timestamp) AS d, count(DISTINCT person_id)",
        "GROUP BY b, d",
        _by_day("count(DISTINCT person)", _COUNTRY),
    ),
    _statement(
        "by person property, 30 d",
        ("day", "person"),
        "person.properties.plan AS b, toDate(timestamp) AS d, count()",
        "GROUP BY b, d",
        "SELECT plan, toDate(ts) AS d, count() FROM (SELECT person, ts " + _of() + ") AS e "
        "JOIN (SELECT person, toString(properties.plan) AS plan FROM persons) AS p USING (person) GROUP BY plan, d",
    ),
    _statement(
        "events a person, 30 d",
        ("person",),
        "'', n, count() FROM (SELECT person_id, count() AS n",
        "GROUP BY person_id) GROUP BY n",
        f"SELECT '', n, count() FROM (SELECT count() AS n {_of()} GROUP BY person) GROUP BY n",
    ),
    _retention("recurring", *_DAYS, 3.3),
    _retention("recurring", *_WEEKS, 3.3),
    _retention("first time", *_DAYS, 4.3),
    _retention("first time", *_WEEKS, 7.5),
    _paths(7, 4.6, pages_only=True),
    _paths(30, 4.0, pages_only=True),
    _paths(7, 3.4, pages_only=False),
    _paths(30, 3.0, pages_only=False),
)
