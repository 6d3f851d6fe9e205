SELECT kept AS breakdown, is_other, (sumMap(cs, ns, ms) AS summed).1 AS cells, summed.2 AS actors, summed.3 AS amounts, max(place) AS place
FROM (SELECT cs, ns, ms, row_number() OVER (ORDER BY size DESC, breakdown) AS place, place > {p0:UInt32} AS is_other, if(is_other, '', breakdown) AS kept
FROM (SELECT breakdown, groupArray(toInt64(cell)) AS cs, groupArray(toFloat64(actors)) AS ns, groupArray(amount) AS ms, sumIf(actors, cell % {p1:Int64} = 0) AS size
FROM (SELECT breakdown, cell, count() AS actors, sum(amount) AS amount
FROM (SELECT DISTINCT at.2 AS breakdown, actor, arrayJoin(arrayConcat([toInt64(0)], arrayFilter(c -> c > 0, arrayMap(r -> if((r - at.1) < {p2:Int64}, toInt64((r - at.1)), toInt64(0)), returns)))) AS cell, toFloat64(0) AS amount
FROM (SELECT actor, returns, arrayJoin(starts) AS at
FROM (SELECT person AS actor, groupUniqArrayIf((toInt64(day) - {p3:Int64}, arrayStringConcat([ifNull(nullIf(CAST(properties.`plan`, 'Nullable(String)'), ''), ''), ifNull(nullIf(persons_value0, ''), '')], '::')), ifNull(event = {p4:String}, false)) AS starts, groupUniqArrayIf(toInt64(day) - {p3:Int64}, ifNull(event = {p4:String}, false)) AS returns
FROM events
LEFT ANY JOIN (SELECT person AS persons_key, CAST(properties.`email`, 'Nullable(String)') AS persons_value0
FROM persons FINAL
WHERE project = {p5:UInt32} AND is_deleted = 0) AS persons ON person = persons_key
WHERE (project = {p5:UInt32}) AND (((day >= {p6:Date} AND day <= {p7:Date}) AND (ts <= fromUnixTimestamp64Micro({p8:Int64}))) AND (event = {p4:String}))
GROUP BY actor))
WHERE at.1 >= 0 AND at.1 < {p9:Int64})
GROUP BY breakdown, cell)
GROUP BY breakdown
HAVING size > 0))
GROUP BY kept, is_other
ORDER BY place
-- p0 = 1000
-- p1 = 100000
-- p2 = 11
-- p3 = 19777
-- p4 = '$pageview'
-- p5 = 7
-- p6 = '2024-02-24'
-- p7 = '2024-03-06'
-- p8 = 1709683200000000
-- p9 = 13
