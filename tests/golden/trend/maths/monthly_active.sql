SELECT {p0:UInt16} AS branch, CAST([], 'Array(Nullable(String))'), false AS is_other, groupArray(bucket) AS ks, groupArray(toFloat64(ifNull(value, 0))) AS vs
FROM (SELECT bucket, breakdown, groupBitmapMerge(active) AS value
FROM (SELECT arrayJoin(arrayFilter(key -> key >= at AND key < at + {p1:Int64}, {p2:Array(Int64)})) AS bucket, breakdown, active
FROM (SELECT toInt64(day) AS at, CAST([], 'Array(Nullable(String))') AS breakdown, groupBitmapState(person) AS active
FROM events
WHERE (project = {p3:UInt32}) AND (event = {p4:String}) AND (day >= {p5:Date} AND day <= {p6:Date})
GROUP BY day, breakdown))
GROUP BY bucket, breakdown)
-- p0 = 0
-- p1 = 30
-- p2 = [19783, 19784, 19785, 19786]
-- p3 = 7
-- p4 = 'buy'
-- p5 = '2024-02-01'
-- p6 = '2024-03-04'
