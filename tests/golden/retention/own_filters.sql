SELECT '' AS breakdown, false AS is_other, groupArray(toInt64(cell)) AS cells, groupArray(toFloat64(actors)) AS actors, groupArray(amount) AS amounts
FROM (SELECT breakdown, cell, count() AS actors, sum(amount) AS amount
FROM (SELECT breakdown, actor, start * {p0:Int64} + arrayJoin(arrayConcat([toInt64(0)], arrayFilter(c -> c > 0, arrayMap(r -> if((r - start) < {p1:Int64}, toInt64((r - start)), toInt64(0)), returns)))) AS cell, toFloat64(0) AS amount
FROM (SELECT breakdown, actor, starts, returns, arrayJoin(starts) AS start
FROM (SELECT '' AS breakdown, person AS actor, arrayFilter(x -> x >= 0 AND x < {p1:Int64}, if((countIf(ifNull(true, false)) > 0) AND (countIf(ifNull(CAST(properties.`plan`, 'Nullable(String)') = {p2:String}, false)) > 0 AND minIf(ts, ifNull(CAST(properties.`plan`, 'Nullable(String)') = {p2:String}, false)) = minIf(ts, ifNull(true, false))), [minIf(toInt64(day) - {p3:Int64}, ifNull(true, false))], [])) AS starts, groupUniqArrayIf(toInt64(day) - {p3:Int64}, ifNull(event = {p4:String}, false)) AS returns
FROM events
WHERE (project = {p5:UInt32}) AND ((day >= {p6:Date} AND day <= {p7:Date}) OR ((day >= {p8:Date} AND day <= {p7:Date}) AND (event = {p4:String})))
GROUP BY actor
HAVING notEmpty(starts))))
GROUP BY breakdown, cell)
-- p0 = 100000
-- p1 = 3
-- p2 = 'free'
-- p3 = 19785
-- p4 = '$pageview'
-- p5 = 7
-- p6 = '1970-01-02'
-- p7 = '2024-03-05'
-- p8 = '2024-03-03'
