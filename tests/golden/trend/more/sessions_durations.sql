SELECT {p0:UInt16} AS branch, CAST([], 'Array(Nullable(String))'), false AS is_other, groupArray(bucket) AS ks, groupArray(if(isNaN(toFloat64(ifNull(value, 0))), 0, toFloat64(ifNull(value, 0)))) AS vs
FROM (SELECT bucket, breakdown, avg(duration) AS value
FROM (SELECT toInt64(day) AS bucket, CAST([], 'Array(Nullable(String))') AS breakdown, session
FROM events
WHERE (project = {p1:UInt32}) AND (event = {p2:String}) AND (day >= {p3:Date} AND day <= {p4:Date}) AND session != 0
GROUP BY day, breakdown, session) AS active
LEFT ANY JOIN (SELECT session AS whole, toFloat64(dateDiff('second', min(ts), max(ts))) AS duration
FROM events
WHERE project = {p1:UInt32} AND session != 0
GROUP BY session) AS lasting ON session = whole
GROUP BY bucket, breakdown)
-- p0 = 0
-- p1 = 7
-- p2 = 'buy'
-- p3 = '2024-03-01'
-- p4 = '2024-03-04'
