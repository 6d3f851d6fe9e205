SELECT count() AS r0
FROM (SELECT person AS c0
FROM persons FINAL
WHERE project = {p0:UInt32} AND is_deleted = 0) AS t0 LEFT JOIN (SELECT toNullable(person) AS c0, toNullable(toTimeZone(ts, {p1:String})) AS c1
FROM events
WHERE project = {p0:UInt32}) AS t1 ON t1.c0 = t0.c0
WHERE ifNull((t1.c1 < parseDateTime64BestEffort({p2:String}, 6, {p1:String})), false) LIMIT 101
-- p0 = 7
-- p1 = 'Europe/Berlin'
-- p2 = '2024-03-01'
