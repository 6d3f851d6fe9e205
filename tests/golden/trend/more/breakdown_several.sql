SELECT {p0:UInt16} AS branch, kept AS breakdown, is_other, (sumMap(ks, vs) AS summed).1 AS keys, summed.2 AS values
FROM (SELECT ks, vs, row_number() OVER (ORDER BY arrayExists(v -> isNull(v), breakdown), arraySum(vs) DESC, breakdown) > {p1:UInt32} AS is_other, if(is_other, CAST([], 'Array(Nullable(String))'), breakdown) AS kept
FROM (SELECT grouped.breakdown AS breakdown, groupArray(bucket) AS ks, groupArray(toFloat64(ifNull(value, 0))) AS vs
FROM (SELECT toInt64(day) AS bucket, [CAST(nullIf(CAST(properties.`a`, 'Nullable(String)'), ''), 'Nullable(String)'), CAST(nullIf(persons_value0, ''), 'Nullable(String)')] AS breakdown, count() AS value
FROM events
LEFT ANY JOIN (SELECT person AS persons_key, CAST(properties.`b`, 'Nullable(String)') AS persons_value0
FROM persons FINAL
WHERE project = {p2:UInt32} AND is_deleted = 0) AS persons ON person = persons_key
WHERE (project = {p2:UInt32}) AND (event = {p3:String}) AND (day >= {p4:Date} AND day <= {p5:Date})
GROUP BY day, breakdown) AS grouped
GROUP BY grouped.breakdown))
GROUP BY kept, is_other
-- p0 = 0
-- p1 = 25
-- p2 = 7
-- p3 = 'buy'
-- p4 = '2024-03-01'
-- p5 = '2024-03-04'
