SELECT a0_0 AS r0
FROM (SELECT CAST(properties.`tags`, 'Nullable(String)') AS c0
FROM events
WHERE project = {p0:UInt32}) AS t0 ARRAY JOIN JSONExtract(ifNull(t0.c0, '[]'), 'Array(String)') AS a0_0 LIMIT 101
-- p0 = 7
