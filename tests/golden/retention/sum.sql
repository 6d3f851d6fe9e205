SELECT '' AS breakdown, false AS is_other, groupArray(toInt64(cell)) AS cells, groupArray(toFloat64(actors)) AS actors, groupArray(amount) AS amounts
FROM (SELECT breakdown, cell, count() AS actors, sum(amount) AS amount
FROM (SELECT breakdown, actor, start.1 * {p0:Int64} + came.1 AS cell, sum(came.2) AS amount
FROM (SELECT breakdown, actor, start, arrayJoin(arrayConcat([(toInt64(0), start.3)], arrayFilter(y -> y.1 > 0, arrayMap(x -> (if((x.1 - start.1) < {p1:Int64}, toInt64((x.1 - start.1)), toInt64(0)), x.5), arrayFilter(x -> x.4 > 0, periods))))) AS came
FROM (SELECT breakdown, actor, periods, arrayFilter(x -> x.1 >= 0 AND x.1 < {p1:Int64} AND x.2 > 0, periods) AS starts, arrayJoin(starts) AS start
FROM (SELECT breakdown, actor, groupArray((place, targets, target_amount, returns, return_amount)) AS periods, 0 AS anchor_place
FROM (SELECT '' AS breakdown, person AS actor, toInt64(day) - {p2:Int64} AS place, countIf(ifNull(event = {p3:String}, false)) AS targets, minIf(ts, ifNull(event = {p3:String}, false)) AS began, sumIf(ifNull(if(isFinite(toFloat64OrNull(CAST(properties.`price`, 'Nullable(String)'))), toFloat64OrNull(CAST(properties.`price`, 'Nullable(String)')), NULL), 0), ifNull(event = {p3:String}, false)) + toFloat64(0) AS target_amount, countIf(ifNull(event = {p3:String}, false)) AS returns, sumIf(ifNull(if(isFinite(toFloat64OrNull(CAST(properties.`price`, 'Nullable(String)'))), toFloat64OrNull(CAST(properties.`price`, 'Nullable(String)')), NULL), 0), ifNull(event = {p3:String}, false)) AS return_amount, minOrNullIf(ts, ifNull(event = {p3:String}, false)) AS first, minOrNullIf(ts, ifNull(event = {p3:String}, false)) AS hit
FROM events
WHERE (project = {p4:UInt32}) AND ((day >= {p5:Date} AND day <= {p6:Date}) AND (event = {p3:String}))
GROUP BY actor, place)
GROUP BY breakdown, actor)))
GROUP BY breakdown, actor, cell)
GROUP BY breakdown, cell)
-- p0 = 100000
-- p1 = 3
-- p2 = 19785
-- p3 = '$pageview'
-- p4 = 7
-- p5 = '2024-03-03'
-- p6 = '2024-03-05'
