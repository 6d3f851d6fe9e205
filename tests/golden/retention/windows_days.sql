SELECT '' AS breakdown, false AS is_other, groupArray(toInt64(cell)) AS cells, groupArray(toFloat64(actors)) AS actors, groupArray(amount) AS amounts
FROM (SELECT breakdown, cell, count() AS actors, sum(amount) AS amount
FROM (SELECT breakdown, actor, line * {p0:Int64} + came AS cell, toFloat64(0) AS amount
FROM (SELECT actor, breakdown, toInt64(floor((began - {p1:Int64}) / {p2:Int64})) AS line, arrayJoin(arrayDistinct(arrayConcat([toInt64(0)], arrayMap(at -> if(at.3 AND at.1 >= began AND at.2 = breakdown, greatest(if(intDiv(at.1 - began, {p2:Int64}) < {p3:Int64}, toInt64(intDiv(at.1 - began, {p2:Int64})), toInt64(0)), 0), toInt64(0)), found)))) AS came
FROM (SELECT actor, began, found, arrayJoin(entered) AS breakdown
FROM (SELECT person AS actor, (minIf((toInt64(day), ts), ifNull(event = {p4:String}, false)) AS anchor).1 AS began, groupUniqArrayIf((toInt64(day), '', ifNull(event = {p4:String}, false), (ifNull(event = {p4:String}, false) AND ts <= fromUnixTimestamp64Micro({p5:Int64}))), (ifNull(event = {p4:String}, false) OR ifNull(event = {p4:String}, false))) AS found, arrayDistinct(arrayMap(at -> at.2, arrayFilter(at -> at.4 = 1, found))) AS entered, (countIf(ifNull(event = {p4:String}, false)) > 0) AND (minIf(ts, ifNull(event = {p4:String}, false)) <= fromUnixTimestamp64Micro({p5:Int64})) AS qualified
FROM events
WHERE (project = {p6:UInt32}) AND ((day >= {p7:Date} AND day <= {p8:Date}) AND (event = {p4:String}))
GROUP BY actor
HAVING qualified)))
WHERE line >= 0 AND line < {p3:Int64})
GROUP BY breakdown, cell)
-- p0 = 100000
-- p1 = 19771
-- p2 = 7
-- p3 = 3
-- p4 = '$pageview'
-- p5 = 1710028799999999
-- p6 = 7
-- p7 = '2024-02-18'
-- p8 = '2024-03-09'
