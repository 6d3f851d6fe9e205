SELECT '' AS breakdown, false AS is_other, groupArray(toInt64(cell)) AS cells, groupArray(toFloat64(actors)) AS actors, groupArray(amount) AS amounts
FROM (SELECT breakdown, cell, count() AS actors, sum(amount) AS amount
FROM (SELECT breakdown, actor, start * {p0:Int64} + arrayJoin(arrayConcat([toInt64(0)], arrayFilter(c -> c > 0, arrayMap(r -> if((r - start) < {p1:Int64}, toInt64((r - start)), toInt64(0)), returns)))) AS cell, toFloat64(0) AS amount
FROM (SELECT breakdown, actor, starts, returns, arrayJoin(starts) AS start
FROM (SELECT '' AS breakdown, person AS actor, arrayFilter(x -> x >= 0 AND x < {p1:Int64}, groupUniqArrayIf(toInt64(day) - {p2:Int64}, ifNull(event = {p3:String}, false))) AS starts, arrayFilter((k, c) -> c >= {p4:UInt64}, sumMapIf([toInt64(day) - {p2:Int64}], [toUInt64(1)], ifNull(event = {p3:String}, false)).1, sumMapIf([toInt64(day) - {p2:Int64}], [toUInt64(1)], ifNull(event = {p3:String}, false)).2) AS returns
FROM events
WHERE (project = {p5:UInt32}) AND ((day >= {p6:Date} AND day <= {p7:Date}) AND (event = {p3:String}))
GROUP BY actor
HAVING notEmpty(starts))))
GROUP BY breakdown, cell)
-- p0 = 100000
-- p1 = 3
-- p2 = 19785
-- p3 = '$pageview'
-- p4 = 2
-- p5 = 7
-- p6 = '2024-03-03'
-- p7 = '2024-03-05'
