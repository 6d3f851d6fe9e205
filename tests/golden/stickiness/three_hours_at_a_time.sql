SELECT {p0:UInt16} AS branch, intervals, count() AS actors
FROM (SELECT actor, count() AS intervals
FROM (SELECT person AS actor, intDiv({p1:Int64} - toUnixTimestamp64Micro(ts), {p2:Int64}) AS bucket
FROM events
WHERE (project = {p3:UInt32}) AND (event = {p4:String}) AND ((day >= {p5:Date} AND day <= {p6:Date}) AND (ts <= fromUnixTimestamp64Micro({p1:Int64})))
GROUP BY actor, bucket)
GROUP BY actor)
GROUP BY intervals
-- p0 = 0
-- p1 = 1709510400000000
-- p2 = 10800000000
-- p3 = 7
-- p4 = 'buy'
-- p5 = '2024-03-01'
-- p6 = '2024-03-04'
