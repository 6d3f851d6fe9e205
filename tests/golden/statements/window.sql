SELECT t0.c0 AS r0, toValidUTF8(toString(lag(toNullable(t0.c0)) OVER (PARTITION BY t0.c1
ORDER BY t0.c2))) AS r1
FROM (SELECT toString(event) AS c0, distinct_id AS c1, toTimeZone(ts, {p0:String}) AS c2
FROM events
WHERE project = {p1:UInt32}) AS t0 LIMIT 101
-- p0 = 'Europe/Berlin'
-- p1 = 7
