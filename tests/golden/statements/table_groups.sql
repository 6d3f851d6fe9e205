SELECT t0.c0 AS r0, t0.c1 AS r1, t0.c2 AS r2, t0.c3 AS r3
FROM (SELECT type AS c0, key AS c1, toTimeZone(created_at, {p0:String}) AS c2, toJSONString(properties) AS c3
FROM groups FINAL
WHERE project = {p1:UInt32}) AS t0 LIMIT 101
-- p0 = 'Europe/Berlin'
-- p1 = 7
