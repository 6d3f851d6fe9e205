SELECT kept AS breakdown, is_other, (sumMap(cs, ns, ms) AS summed).1 AS cells, summed.2 AS actors, summed.3 AS amounts, max(place) AS place
FROM (SELECT cs, ns, ms, row_number() OVER (ORDER BY size DESC, breakdown) AS place, place > {p0:UInt32} AS is_other, if(is_other, '', breakdown) AS kept
FROM (SELECT breakdown, groupArray(toInt64(cell)) AS cs, groupArray(toFloat64(actors)) AS ns, groupArray(amount) AS ms, sumIf(actors, cell % {p1:Int64} = 0) AS size
FROM (SELECT breakdown, cell, count() AS actors, sum(amount) AS amount
FROM (SELECT breakdown, actor, start * {p1:Int64} + arrayJoin(arrayConcat([toInt64(0)], arrayFilter(c -> c > 0, arrayMap(r -> if((r - start) < {p2:Int64}, toInt64((r - start)), toInt64(0)), returns)))) AS cell, toFloat64(0) AS amount
FROM (SELECT breakdown, actor, starts, returns, arrayJoin(starts) AS start
FROM (SELECT toString(ifNull(nullIf(CAST(properties.`plan`, 'Nullable(String)'), ''), '')) AS breakdown, person AS actor, arrayFilter(x -> x >= 0 AND x < {p2:Int64}, groupUniqArrayIf(toInt64(day) - {p3:Int64}, ifNull(event = {p4:String}, false))) AS starts, groupUniqArrayIf(toInt64(day) - {p3:Int64}, ifNull(event = {p4:String}, false)) AS returns
FROM events
WHERE (project = {p5:UInt32}) AND ((day >= {p6:Date} AND day <= {p7:Date}) AND (event = {p4:String}))
GROUP BY breakdown, actor
HAVING notEmpty(starts))))
GROUP BY breakdown, cell)
GROUP BY breakdown
HAVING size > 0))
GROUP BY kept, is_other
ORDER BY place
-- p0 = 25
-- p1 = 100000
-- p2 = 3
-- p3 = 19785
-- p4 = '$pageview'
-- p5 = 7
-- p6 = '2024-03-03'
-- p7 = '2024-03-05'
