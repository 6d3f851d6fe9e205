SELECT '' AS breakdown, false AS is_other, (arrayFlatten(arrayMap(s -> arrayConcat([(s.1 * {p0:Int64}, toFloat64(bitmapCardinality(s.2)))], arrayMap(r -> (s.1 * {p0:Int64} + r.1 - s.1, toFloat64(bitmapAndCardinality(s.2, r.2))), arrayFilter(r -> r.1 > s.1 AND r.1 - s.1 < {p1:Int64}, returns))), arrayFilter(s -> s.1 >= 0 AND s.1 < {p1:Int64}, starts))) AS found).1 AS cells, found.2 AS actors, arrayMap(x -> toFloat64(0), cells) AS amounts
FROM (SELECT groupArray((toInt64(place), start)) AS starts, groupArray((toInt64(place), back)) AS returns
FROM (SELECT place, hit AS start, back
FROM (SELECT toUInt8(toUInt16(day) - {p2:UInt16}) AS place, groupBitmapState(person) AS hit, hit AS back
FROM events
WHERE (project = {p3:UInt32}) AND ((day >= {p4:Date} AND day <= {p5:Date}) AND ((event = {p6:String}) AND (cityHash64(person) % {p7:UInt32} < {p8:UInt32})))
GROUP BY place)))
-- p0 = 100000
-- p1 = 3
-- p2 = 19785
-- p3 = 7
-- p4 = '2024-03-03'
-- p5 = '2024-03-05'
-- p6 = '$pageview'
-- p7 = 1000000
-- p8 = 100000
