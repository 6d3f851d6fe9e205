SELECT {p0:UInt16} AS branch, CAST([], 'Array(Nullable(String))'), false AS is_other, groupArray(bucket) AS ks, groupArray(toFloat64(ifNull(value, 0))) AS vs
FROM (SELECT toInt64(toUnixTimestamp(toStartOfMinute(toTimeZone(ts, {p1:String})))) AS bucket, CAST([], 'Array(Nullable(String))') AS breakdown, count() AS value
FROM events
WHERE (project = {p2:UInt32}) AND (event = {p3:String}) AND ((day >= {p4:Date} AND day <= {p5:Date}) AND (ts <= fromUnixTimestamp64Micro({p6:Int64})))
GROUP BY toStartOfMinute(toTimeZone(ts, {p1:String})), breakdown)
-- p0 = 0
-- p1 = 'UTC'
-- p2 = 7
-- p3 = 'buy'
-- p4 = '2024-03-01'
-- p5 = '2024-03-04'
-- p6 = 1709510400000000
