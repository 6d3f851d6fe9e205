SELECT t0.c0 AS r0, t0.c1 AS r1, t0.c2 AS r2, t0.c3 AS r3, t0.c4 AS r4, t0.c5 AS r5, t0.c6 AS r6, t0.c7 AS r7, t0.c8 AS r8, t0.c9 AS r9, t0.c10 AS r10, t0.c11 AS r11, t0.c12 AS r12
FROM (SELECT any(properties.`$session_id`) AS c0, argMin(distinct_id, ts) AS c1, dateDiff('second', min(ts), max(ts)) AS c2, toTimeZone(min(ts), {p0:String}) AS c3, toTimeZone(max(ts), {p0:String}) AS c4, argMinIf(properties.`$current_url`, ts, isNotNull(properties.`$current_url`)) AS c5, argMinIf(properties.`$pathname`, ts, isNotNull(properties.`$pathname`)) AS c6, argMaxIf(properties.`$current_url`, ts, isNotNull(properties.`$current_url`)) AS c7, argMaxIf(properties.`$pathname`, ts, isNotNull(properties.`$pathname`)) AS c8, argMinIf(properties.`$referring_domain`, ts, isNotNull(properties.`$referring_domain`)) AS c9, countIf(event = '$pageview') AS c10, countIf(event = '$autocapture') AS c11, countIf(event = '$screen') AS c12
FROM events
WHERE project = {p1:UInt32} AND session != 0
GROUP BY session) AS t0 LIMIT 101
-- p0 = 'Europe/Berlin'
-- p1 = 7
