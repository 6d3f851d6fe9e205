SELECT {p0:UInt16} AS branch, kept AS breakdown, is_other, (sumMap(ks, vs) AS summed).1 AS keys, summed.2 AS values
FROM (SELECT ks, vs, row_number() OVER (ORDER BY arrayExists(v -> isNull(v), breakdown), arraySum(vs) DESC, breakdown) > {p1:UInt32} AS is_other, if(is_other, CAST([], 'Array(Nullable(String))'), breakdown) AS kept
FROM (SELECT [CAST(nullIf(grouped.breakdown, ''), 'Nullable(String)')] AS breakdown, groupArray(bucket) AS ks, groupArray(toFloat64(ifNull(value, 0))) AS vs
FROM (SELECT toInt64(toDate(toTimeZone(ts_first, {p2:String}))) AS bucket, breakdown, count() AS value
FROM (SELECT min(ts) AS ts_first, argMinIf(ifNull(nullIf(CAST(properties.`k`, 'Nullable(String)'), ''), ''), ts, ifNull(true, false)) AS breakdown
FROM events
WHERE (project = {p3:UInt32}) AND (event = {p4:String}) AND (day >= {p5:Date} AND day <= {p6:Date})
GROUP BY person
HAVING ts_first >= fromUnixTimestamp64Micro({p7:Int64}))
GROUP BY bucket, breakdown) AS grouped
GROUP BY grouped.breakdown))
GROUP BY kept, is_other
-- p0 = 0
-- p1 = 25
-- p2 = 'UTC'
-- p3 = 7
-- p4 = 'buy'
-- p5 = '1970-01-02'
-- p6 = '2024-03-04'
-- p7 = 1709251200000000
