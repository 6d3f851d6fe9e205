SELECT actor, arraySort(groupUniqArray(cell % {p0:Int64})) AS columns
FROM (SELECT breakdown, actor, start * {p0:Int64} + arrayJoin(arrayConcat([toInt64(0)], arrayFilter(c -> c > 0, arrayMap(r -> if((r - start) < {p1:Int64}, toInt64((r - start)), toInt64(0)), returns)))) AS cell, toFloat64(0) AS amount
FROM (SELECT breakdown, actor, starts, returns, arrayJoin(starts) AS start
FROM (SELECT toString(ifNull(nullIf(CAST(properties.`plan`, 'Nullable(String)'), ''), '')) AS breakdown, person AS actor, arrayFilter(x -> x >= 0 AND x < {p1:Int64}, groupUniqArrayIf(toInt64(day) - {p2:Int64}, ifNull(event = {p3:String}, false))) AS starts, groupUniqArrayIf(toInt64(day) - {p2:Int64}, ifNull(event = {p3:String}, false)) AS returns
FROM events
WHERE (project = {p4:UInt32}) AND ((day >= {p5:Date} AND day <= {p6:Date}) AND (event = {p3:String}))
GROUP BY breakdown, actor
HAVING notEmpty(starts))))
WHERE (intDiv(cell, {p0:Int64}) = {p7:Int64}) AND (breakdown = {p8:String})
GROUP BY actor
HAVING has(columns, {p9:Int64})
ORDER BY length(columns) DESC, actor LIMIT {p10:UInt64} OFFSET {p11:UInt64}
-- p0 = 100000
-- p1 = 8
-- p2 = 19780
-- p3 = '$pageview'
-- p4 = 7
-- p5 = '2024-02-27'
-- p6 = '2024-03-05'
-- p7 = 2
-- p8 = 'free'
-- p9 = 1
-- p10 = 101
-- p11 = 100
