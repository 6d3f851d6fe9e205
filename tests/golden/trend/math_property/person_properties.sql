SELECT {p0:UInt16} AS branch, CAST([], 'Array(Nullable(String))'), false AS is_other, groupArray(bucket) AS ks, groupArray(if(isNaN(toFloat64(ifNull(value, 0))), 0, toFloat64(ifNull(value, 0)))) AS vs
FROM (SELECT toInt64(day) AS bucket, CAST([], 'Array(Nullable(String))') AS breakdown, avg(if(isFinite(toFloat64OrNull(persons_value0)), toFloat64OrNull(persons_value0), NULL)) AS value
FROM events
LEFT ANY JOIN (SELECT person AS persons_key, CAST(properties.`os`, 'Nullable(String)') AS persons_value0
FROM persons FINAL
WHERE project = {p1:UInt32} AND is_deleted = 0) AS persons ON person = persons_key
WHERE (project = {p1:UInt32}) AND (event = {p2:String}) AND (day >= {p3:Date} AND day <= {p4:Date})
GROUP BY day, breakdown)
-- p0 = 0
-- p1 = 7
-- p2 = 'buy'
-- p3 = '2024-03-01'
-- p4 = '2024-03-04'
