SELECT {p0:UInt16} AS branch, intervals, count() AS actors
FROM (SELECT actor, count() AS intervals
FROM (SELECT person AS actor, toInt64(day) AS bucket
FROM events
WHERE (project = {p1:UInt32}) AND (event = {p2:String}) AND (day >= {p3:Date} AND day <= {p4:Date})
GROUP BY actor, bucket)
GROUP BY actor)
GROUP BY intervals
UNION ALL SELECT {p5:UInt16} AS branch, intervals, count() AS actors
FROM (SELECT actor, count() AS intervals
FROM (SELECT person AS actor, toInt64(day) AS bucket
FROM events
WHERE (project = {p1:UInt32}) AND (event = {p2:String}) AND (day >= {p6:Date} AND day <= {p7:Date})
GROUP BY actor, bucket)
GROUP BY actor)
GROUP BY intervals
-- p0 = 0
-- p1 = 7
-- p2 = 'buy'
-- p3 = '2024-03-01'
-- p4 = '2024-03-04'
-- p5 = 1
-- p6 = '2024-02-26'
-- p7 = '2024-02-29'
