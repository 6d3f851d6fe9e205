"""Paths in plain SQL: one sort of the events, window functions, and names as text from the start."""

from __future__ import annotations

from benchmarks.events import LAST_DAY

PAGE = "$pageview"
_URL = "replaceRegexpOne(ifNull(toString(properties.`$current_url`), ''), '(.)/$', '\\\\1')"


def check(since: str, *, pages_only: bool) -> str:
    """Rows (source, target, times gone) and (source, 'target, ms', mean) of the 50 edges of paths of five steps."""
    item, of = (_URL, f"event = '{PAGE}' AND") if pages_only else (f"if(event = '{PAGE}', {_URL}, event)", "")
    return f"""
SELECT e.2, place, number FROM (
  SELECT groupArray((step, source, target, n, ms)) AS edges,
    arrayFilter(e -> e.1 = 1, edges) AS e1,
    arrayFilter(e -> e.1 = 2 AND has(e1.3, e.2), edges) AS e2,
    arrayFilter(e -> e.1 = 3 AND has(e2.3, e.2), edges) AS e3,
    arrayFilter(e -> e.1 = 4 AND has(e3.3, e.2), edges) AS e4
  FROM ({_FIFTY.format(kept=_KEPT.format(item=item, of=of, since=since, last=LAST_DAY))})
) ARRAY JOIN arrayConcat(e1, e2, e3, e4) AS e
ARRAY JOIN [e.3, concat(e.3, ', ms')] AS place, [e.4, e.5] AS number"""


# What a person did last of each run of one item, with the number of its session.
_KEPT = """
SELECT person, ts, item, session FROM (
  SELECT person, ts, item, is_last, sum(is_first) OVER (ORDER BY person, ts, item ROWS UNBOUNDED PRECEDING) AS session
  FROM (
    SELECT person, ts, item,
      lagInFrame(person) OVER w != person OR ts - lagInFrame(ts) OVER w >= 1800 AS is_first,
      leadInFrame(person) OVER w != person OR leadInFrame(ts) OVER w - ts >= 1800 AS is_end,
      is_end OR leadInFrame(item) OVER w != item AS is_last
    FROM (
      SELECT person, ts, {item} AS item FROM events
      WHERE {of} ts >= '{since} 00:00:00' AND ts < toDate('{last}') + 1
    ) WINDOW w AS (ORDER BY person, ts, item ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING)
  )
) WHERE is_last"""

# A step is how many before it are of its session.
_FIFTY = """
SELECT step, concat(step, '_', came) AS source, concat(step + 1, '_', item) AS target, count() AS n,
  avg(ts - came_at) * 1000 AS ms
FROM (
  SELECT item, ts, session, lagInFrame(item) OVER w AS came, lagInFrame(ts) OVER w AS came_at,
    arrayMap(s -> s = session, [lagInFrame(session, 1) OVER w, lagInFrame(session, 2) OVER w,
      lagInFrame(session, 3) OVER w, lagInFrame(session, 4) OVER w, lagInFrame(session, 5) OVER w]) AS is_before,
    arraySum(is_before) AS step
  FROM ({kept}) WINDOW w AS (ORDER BY person, ts, item ROWS BETWEEN 5 PRECEDING AND CURRENT ROW)
) WHERE step BETWEEN 1 AND 4 GROUP BY step, came, item ORDER BY n DESC, source, target LIMIT 50"""
