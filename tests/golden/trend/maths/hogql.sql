SELECT {p0:UInt16} AS branch, CAST([], 'Array(Nullable(String))'), false AS is_other, groupArray(bucket) AS ks, groupArray(if(isNaN(toFloat64(ifNull(value, 0))), 0, toFloat64(ifNull(value, 0)))) AS vs
FROM (SELECT toInt64(day) AS bucket, CAST([], 'Array(Nullable(String))') AS breakdown, ifNotFinite(toFloat64((sum(if(isFinite(toFloat64OrNull(CAST(properties.`price`, 'Nullable(String)'))), toFloat64OrNull(CAST(properties.`price`, 'Nullable(String)')), NULL)) / {p1:Int64})), 0) AS value
FROM events
WHERE (project = {p2:UInt32}) AND (event = {p3:String}) AND (day >= {p4:Date} AND day <= {p5:Date})
GROUP BY day, breakdown)
-- p0 = 0
-- p1 = 2
-- p2 = 7
-- p3 = 'buy'
-- p4 = '2024-03-01'
-- p5 = '2024-03-04'
