SELECT kept AS breakdown, is_other, (sumMap(cs, ns, ms) AS summed).1 AS cells, summed.2 AS actors, summed.3 AS amounts, max(place) AS place
FROM (SELECT cs, ns, ms, row_number() OVER (ORDER BY size DESC, breakdown) AS place, place > {p0:UInt32} AS is_other, if(is_other, '', breakdown) AS kept
FROM (SELECT breakdown, groupArray(toInt64(cell)) AS cs, groupArray(toFloat64(actors)) AS ns, groupArray(amount) AS ms, sumIf(actors, cell % {p1:Int64} = 0) AS size
FROM (SELECT breakdown, cell, count() AS actors, sum(amount) AS amount
FROM (SELECT breakdown, actor, start.1 * {p1:Int64} + came.1 AS cell, sum(came.2) AS amount
FROM (SELECT breakdown, actor, start, arrayJoin(arrayConcat([(toInt64(0), start.3)], arrayFilter(y -> y.1 > 0, arrayMap(x -> (if((x.1 - start.1) < {p2:Int64}, toInt64((x.1 - start.1)), toInt64(0)), x.5), arrayFilter(x -> x.4 > 0, periods))))) AS came
FROM (SELECT breakdown, actor, periods, arrayFilter(x -> x.1 = anchor_place, arrayFilter(x -> x.1 >= 0 AND x.1 < {p2:Int64} AND x.2 > 0, periods)) AS starts, arrayJoin(starts) AS start
FROM (SELECT breakdown, actor, periods, anchor_place
FROM (SELECT *, min(anchor) OVER (PARTITION BY actor) AS earliest
FROM (SELECT breakdown, actor, groupArray((place, targets, target_amount, returns, return_amount)) AS periods, argMinIf(place, first, isNotNull(first)) AS anchor_place, min(first) AS anchor, min(hit) AS target_anchor
FROM (SELECT toString(ifNull(nullIf(CAST(properties.`plan`, 'Nullable(String)'), ''), '')) AS breakdown, person AS actor, toInt64(day) - {p3:Int64} AS place, countIf(ifNull(event = {p4:String}, false)) AS targets, minIf(ts, ifNull(event = {p4:String}, false)) AS began, sumIf(ifNull(if(isFinite(toFloat64OrNull(CAST(properties.`price`, 'Nullable(String)'))), toFloat64OrNull(CAST(properties.`price`, 'Nullable(String)')), NULL), 0), ifNull(event = {p4:String}, false)) + toFloat64(0) AS target_amount, countIf(ifNull(event = {p4:String}, false)) AS returns, sumIf(ifNull(if(isFinite(toFloat64OrNull(CAST(properties.`price`, 'Nullable(String)'))), toFloat64OrNull(CAST(properties.`price`, 'Nullable(String)')), NULL), 0), ifNull(event = {p4:String}, false)) AS return_amount, minOrNullIf(ts, ifNull(event = {p4:String}, false)) AS first, minOrNullIf(ts, ifNull(event = {p4:String}, false)) AS hit
FROM events
WHERE (project = {p5:UInt32}) AND ((day >= {p6:Date} AND day <= {p7:Date}) AND (event = {p4:String}))
GROUP BY breakdown, actor, place)
GROUP BY breakdown, actor))
WHERE (isNotNull(anchor)) AND (target_anchor = anchor) AND (anchor = earliest))))
GROUP BY breakdown, actor, cell)
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
-- p6 = '1970-01-02'
-- p7 = '2024-03-05'
