SELECT kept AS breakdown, is_other, (sumMap(cs, ns, ms) AS summed).1 AS cells, summed.2 AS actors, summed.3 AS amounts, max(place) AS place
FROM (SELECT cs, ns, ms, row_number() OVER (ORDER BY size DESC, breakdown) AS place, place > {p0:UInt32} AS is_other, if(is_other, '', breakdown) AS kept
FROM (SELECT breakdown, groupArray(toInt64(cell)) AS cs, groupArray(toFloat64(actors)) AS ns, groupArray(amount) AS ms, sumIf(actors, cell % {p1:Int64} = 0) AS size
FROM (SELECT breakdown, cell, count() AS actors, sum(amount) AS amount
FROM (SELECT breakdown, actor, start * {p1:Int64} + arrayJoin(arrayConcat([toInt64(0)], arrayFilter(c -> c > 0, arrayMap(r -> if((r - start) < {p2:Int64}, toInt64((r - start)), toInt64(0)), returns)))) AS cell, toFloat64(0) AS amount
FROM (SELECT breakdown, actor, starts, returns, arrayJoin(starts) AS start
FROM (SELECT breakdown, actor, starts, returns
FROM (SELECT *, min(anchor) OVER (PARTITION BY actor) AS earliest
FROM (SELECT toString(ifNull(nullIf(CAST(properties.`plan`, 'Nullable(String)'), ''), '')) AS breakdown, person AS actor, arrayFilter(x -> x >= 0 AND x < {p2:Int64}, if((countIf(ifNull(event = {p3:String}, false)) > 0) AND (countIf(ifNull(event = {p3:String}, false)) > 0 AND minIf(ts, ifNull(event = {p3:String}, false)) = minIf(ts, ifNull(event = {p3:String}, false))), [minIf(toInt64(day) - {p4:Int64}, ifNull(event = {p3:String}, false))], [])) AS starts, groupUniqArrayIf(toInt64(day) - {p4:Int64}, ifNull(event = {p3:String}, false)) AS returns, minOrNullIf(ts, ifNull(event = {p3:String}, false)) AS anchor
FROM events
WHERE (project = {p5:UInt32}) AND ((day >= {p6:Date} AND day <= {p7:Date}) AND (event = {p3:String}))
GROUP BY breakdown, actor))
WHERE anchor = earliest AND notEmpty(starts))))
GROUP BY breakdown, cell)
GROUP BY breakdown
HAVING size > 0))
GROUP BY kept, is_other
ORDER BY place
-- p0 = 25
-- p1 = 100000
-- p2 = 3
-- p3 = '$pageview'
-- p4 = 19785
-- p5 = 7
-- p6 = '1970-01-02'
-- p7 = '2024-03-05'
