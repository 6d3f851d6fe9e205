SELECT {p0:UInt16} AS branch, CAST([], 'Array(Nullable(String))'), false AS is_other, groupArray(bucket) AS ks, groupArray(toFloat64(ifNull(value, 0))) AS vs
FROM (SELECT toInt64(toDate(toTimeZone(ts_first, {p1:String}))) AS bucket, breakdown, count() AS value
FROM (SELECT min(ts) AS ts_first, CAST([], 'Array(Nullable(String))') AS breakdown
FROM events
WHERE (project = {p2:UInt32}) AND (event = {p3:String}) AND (day >= {p4:Date} AND day <= {p5:Date})
GROUP BY person
HAVING ts_first >= fromUnixTimestamp64Micro({p6:Int64}))
GROUP BY bucket, breakdown)
-- p0 = 0
-- p1 = 'UTC'
-- p2 = 7
-- p3 = 'buy'
-- p4 = '1970-01-02'
-- p5 = '2024-03-04'
-- p6 = 1709251200000000
