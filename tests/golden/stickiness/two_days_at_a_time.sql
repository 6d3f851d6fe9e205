SELECT {p0:UInt16} AS branch, intervals, count() AS actors
FROM (SELECT actor, count() AS intervals
FROM (SELECT person AS actor, intDiv(age({p1:String}, day, {p2:Date}), {p3:Int64}) AS bucket
FROM events
WHERE (project = {p4:UInt32}) AND (event = {p5:String}) AND (day >= {p6:Date} AND day <= {p2:Date})
GROUP BY actor, bucket)
GROUP BY actor)
GROUP BY intervals
-- p0 = 0
-- p1 = 'day'
-- p2 = '2024-03-04'
-- p3 = 2
-- p4 = 7
-- p5 = 'buy'
-- p6 = '2024-03-01'
