SELECT toValidUTF8(toString(r0)) AS r0, r1 AS r1
FROM ((SELECT r0, toFloat64(r1) AS r1
FROM (SELECT t0.c0 AS r0, {p0:Int64} AS r1
FROM (SELECT r0 AS c0
FROM (SELECT t1.c0 AS r0
FROM (SELECT toString(event) AS c0
FROM events
WHERE project = {p1:UInt32}) AS t1)) AS t0))
UNION ALL (SELECT r0, toFloat64(r1) AS r1
FROM (SELECT {p2:String} AS r0, ({p0:Int64} + {p3:Int64}) AS r1))) LIMIT 101
-- p0 = 3
-- p1 = 7
-- p2 = 'x'
-- p3 = 1
