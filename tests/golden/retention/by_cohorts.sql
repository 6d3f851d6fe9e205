SELECT kept AS breakdown, is_other, (sumMap(cs, ns, ms) AS summed).1 AS cells, summed.2 AS actors, summed.3 AS amounts, max(place) AS place
FROM (SELECT cs, ns, ms, row_number() OVER (ORDER BY size DESC, breakdown) AS place, place > {p0:UInt32} AS is_other, if(is_other, '', breakdown) AS kept
FROM (SELECT breakdown, groupArray(toInt64(cell)) AS cs, groupArray(toFloat64(actors)) AS ns, groupArray(amount) AS ms, sumIf(actors, cell % {p1:Int64} = 0) AS size
FROM (SELECT breakdown, cell, count() AS actors, sum(amount) AS amount
FROM (SELECT breakdown, actor, start * {p1:Int64} + arrayJoin(arrayConcat([toInt64(0)], arrayFilter(c -> c > 0, arrayMap(r -> if((r - start) < {p2:Int64}, toInt64((r - start)), toInt64(0)), returns)))) AS cell, toFloat64(0) AS amount
FROM (SELECT breakdown, actor, starts, returns, arrayJoin(starts) AS start
FROM (SELECT arrayJoin(arrayConcat(if(person IN (SELECT person
FROM cohort_people FINAL
WHERE project = {p3:UInt32} AND cohort = {p4:UInt32} AND is_deleted = 0), [{p5:String}], []), ['0'], CAST([], 'Array(String)'))) AS breakdown, person AS actor, arrayFilter(x -> x >= 0 AND x < {p2:Int64}, groupUniqArrayIf(toInt64(day) - {p6:Int64}, ifNull(event = {p7:String}, false))) AS starts, groupUniqArrayIf(toInt64(day) - {p6:Int64}, ifNull(event = {p7:String}, false)) AS returns
FROM events
WHERE (project = {p3:UInt32}) AND ((day >= {p8:Date} AND day <= {p9:Date}) AND (event = {p7:String}))
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
-- p3 = 7
-- p4 = 3
-- p5 = '3'
-- p6 = 19785
-- p7 = '$pageview'
-- p8 = '2024-03-03'
-- p9 = '2024-03-05'
