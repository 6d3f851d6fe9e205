SELECT t0.c0 AS r0, uniqExact(t0.c1) AS r1
FROM (SELECT toString(event) AS c0, person AS c1
FROM events
WHERE project = {p0:UInt32}) AS t0
GROUP BY t0.c0 LIMIT 101
-- p0 = 7
