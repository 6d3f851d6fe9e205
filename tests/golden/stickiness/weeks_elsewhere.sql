SELECT {p0:UInt16} AS branch, intervals, count() AS actors
FROM (SELECT actor, count() AS intervals
FROM (SELECT person AS actor, toInt64(toStartOfWeek(toDate(toTimeZone(ts, {p1:String})), 1)) AS bucket
FROM events
WHERE (project = {p2:UInt32}) AND (event = {p3:String}) AND ((day >= {p4:Date} AND day <= {p5:Date}) AND (ts >= fromUnixTimestamp64Micro({p6:Int64})) AND (ts <= fromUnixTimestamp64Micro({p7:Int64})))
GROUP BY actor, bucket)
GROUP BY actor)
GROUP BY intervals
-- p0 = 0
-- p1 = 'Asia/Tokyo'
-- p2 = 7
-- p3 = 'buy'
-- p4 = '2024-02-28'
-- p5 = '2024-03-06'
-- p6 = 1709218800000000
-- p7 = 1709564399999999
