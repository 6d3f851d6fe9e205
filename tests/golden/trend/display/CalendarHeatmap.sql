SELECT {p0:UInt16} AS branch, CAST([], 'Array(Nullable(String))'), false AS is_other, groupArray(bucket) AS ks, groupArray(toFloat64(ifNull(value, 0))) AS vs
FROM (SELECT toInt64(weekday * 100 + hour) AS bucket, CAST([], 'Array(Nullable(String))') AS breakdown, count() AS value
FROM (SELECT toUInt16(toDayOfWeek(toTimeZone(ts, {p1:String}))) AS weekday, toUInt16(toHour(toTimeZone(ts, {p1:String})) + 1) AS hour, person AS actor
FROM events
WHERE (project = {p2:UInt32}) AND (event = {p3:String}) AND (day >= {p4:Date} AND day <= {p5:Date}))
GROUP BY GROUPING SETS ((weekday, hour), (weekday), (hour), ()))
-- p0 = 0
-- p1 = 'UTC'
-- p2 = 7
-- p3 = 'buy'
-- p4 = '2024-03-01'
-- p5 = '2024-03-04'
