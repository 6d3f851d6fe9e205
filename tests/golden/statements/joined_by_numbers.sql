SELECT t1.c1 AS r0
FROM (SELECT person AS c0
FROM events
WHERE project = {p0:UInt32}) AS t0 INNER JOIN (SELECT person AS c0, CAST(properties.`email`, 'Nullable(String)') AS c1
FROM persons FINAL
WHERE project = {p0:UInt32} AND is_deleted = 0) AS t1 ON t0.c0 = t1.c0 LIMIT 101
-- p0 = 7
