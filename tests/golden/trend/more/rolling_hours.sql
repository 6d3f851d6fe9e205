SELECT {p0:UInt16} AS branch, grouped.breakdown AS breakdown, false AS is_other, groupArray(bucket) AS ks, groupArray(toFloat64(ifNull(value, 0))) AS vs
FROM (SELECT bucket, breakdown, groupBitmapMerge(active) AS value
FROM (SELECT at + {p1:Int64} * arrayJoin(range({p2:UInt32})) AS bucket, breakdown, active
FROM (SELECT toInt64(toUnixTimestamp(toStartOfHour(toTimeZone(ts, {p3:String})))) AS at, CAST([], 'Array(Nullable(String))') AS breakdown, groupBitmapState(person) AS active
FROM events
WHERE (project = {p4:UInt32}) AND (event = {p5:String}) AND ((day >= {p6:Date} AND day <= {p7:Date}) AND (ts <= fromUnixTimestamp64Micro({p8:Int64})))
GROUP BY at, breakdown))
WHERE bucket BETWEEN {p9:Int64} AND {p10:Int64} AND (bucket - {p9:Int64}) % {p11:Int64} = 0
GROUP BY bucket, breakdown) AS grouped
GROUP BY grouped.breakdown
-- p0 = 0
-- p1 = 3600
-- p2 = 168
-- p3 = 'UTC'
-- p4 = 7
-- p5 = 'buy'
-- p6 = '2024-02-23'
-- p7 = '2024-03-04'
-- p8 = 1709510400000000
-- p9 = 1709251200
-- p10 = 1709510400
-- p11 = 1
