SELECT {p0:UInt16} AS branch, grouped.breakdown AS breakdown, false AS is_other, groupArray(bucket) AS ks, groupArray(toFloat64(ifNull(value, 0))) AS vs
FROM (SELECT bucket, breakdown, groupBitmapMerge(active) AS value
FROM (SELECT at + {p1:Int64} * arrayJoin(range({p2:UInt32})) AS bucket, breakdown, active
FROM (SELECT toInt64(day) AS at, CAST([], 'Array(Nullable(String))') AS breakdown, groupBitmapState(person) AS active
FROM events
WHERE (project = {p3:UInt32}) AND (event = {p4:String}) AND (day >= {p5:Date} AND day <= {p6:Date})
GROUP BY at, breakdown))
WHERE bucket BETWEEN {p7:Int64} AND {p8:Int64} AND (bucket - {p7:Int64}) % {p9:Int64} = 0
GROUP BY bucket, breakdown) AS grouped
GROUP BY grouped.breakdown
-- p0 = 0
-- p1 = 1
-- p2 = 30
-- p3 = 7
-- p4 = 'buy'
-- p5 = '2024-01-27'
-- p6 = '2024-03-04'
-- p7 = 19778
-- p8 = 19785
-- p9 = 7
