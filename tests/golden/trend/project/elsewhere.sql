SELECT {p0:UInt16} AS branch, CAST([], 'Array(Nullable(String))'), false AS is_other, groupArray(bucket) AS ks, groupArray(toFloat64(ifNull(value, 0))) AS vs
FROM (SELECT toInt64(toStartOfWeek(toDate(toTimeZone(ts, {p1:String})), 1)) AS bucket, CAST([], 'Array(Nullable(String))') AS breakdown, uniqExact(person) AS value
FROM events
WHERE (project = {p2:UInt32}) AND (event = {p3:String}) AND ((day >= {p4:Date} AND day <= {p5:Date}) AND (ts >= fromUnixTimestamp64Micro({p6:Int64})) AND (ts <= fromUnixTimestamp64Micro({p7:Int64})))
GROUP BY toStartOfWeek(toDate(toTimeZone(ts, {p1:String})), 1), breakdown)
-- p0 = 0
-- p1 = 'Asia/Tokyo'
-- p2 = 7
-- p3 = 'buy'
-- p4 = '2024-02-28'
-- p5 = '2024-03-06'
-- p6 = 1709218800000000
-- p7 = 1709564399999999
