SELECT t0.c0 AS r0, t0.c1 AS r1, t0.c2 AS r2, t0.c3 AS r3
FROM (SELECT toString(uuid) AS c0, toTimeZone(created_at, {p0:String}) AS c1, CAST(is_identified, 'Bool') AS c2, toJSONString(properties) AS c3
FROM persons FINAL
WHERE project = {p1:UInt32} AND is_deleted = 0) AS t0 LIMIT 101
-- p0 = 'Europe/Berlin'
-- p1 = 7
