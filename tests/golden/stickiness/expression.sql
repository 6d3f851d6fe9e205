SELECT {p0:UInt16} AS branch, intervals, count() AS actors
FROM (SELECT actor, count() AS intervals
FROM (SELECT toValidUTF8(CAST(properties.`$browser`, 'Nullable(String)')) AS actor, toInt64(day) AS bucket
FROM events
WHERE (project = {p1:UInt32}) AND (event = {p2:String}) AND (day >= {p3:Date} AND day <= {p4:Date}) AND (isNotNull(toValidUTF8(CAST(properties.`$browser`, 'Nullable(String)'))))
GROUP BY actor, bucket)
GROUP BY actor)
GROUP BY intervals
-- p0 = 0
-- p1 = 7
-- p2 = 'buy'
-- p3 = '2024-03-01'
-- p4 = '2024-03-04'
