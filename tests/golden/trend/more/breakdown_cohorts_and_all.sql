SELECT {p0:UInt16} AS branch, kept AS breakdown, is_other, (sumMap(ks, vs) AS summed).1 AS keys, summed.2 AS values
FROM (SELECT ks, vs, row_number() OVER (ORDER BY arrayExists(v -> isNull(v), breakdown), arraySum(vs) DESC, breakdown) > {p1:UInt32} AS is_other, if(is_other, CAST([], 'Array(Nullable(String))'), breakdown) AS kept
FROM (SELECT grouped.breakdown AS breakdown, groupArray(bucket) AS ks, groupArray(toFloat64(ifNull(value, 0))) AS vs
FROM (SELECT toInt64(day) AS bucket, arrayJoin(arrayConcat(if(person IN (SELECT person
FROM persons FINAL
WHERE project = {p2:UInt32} AND is_deleted = 0 AND (CAST(properties.`os`, 'Nullable(String)') = {p3:String})), [[CAST({p4:String}, 'Nullable(String)')]], []))) AS breakdown, count() AS value
FROM events
WHERE (project = {p2:UInt32}) AND (event = {p5:String}) AND (day >= {p6:Date} AND day <= {p7:Date})
GROUP BY day, breakdown) AS grouped
GROUP BY grouped.breakdown))
GROUP BY kept, is_other
UNION ALL SELECT {p8:UInt16} AS branch, kept AS breakdown, is_other, (sumMap(ks, vs) AS summed).1 AS keys, summed.2 AS values
FROM (SELECT ks, vs, row_number() OVER (ORDER BY arrayExists(v -> isNull(v), breakdown), arraySum(vs) DESC, breakdown) > {p1:UInt32} AS is_other, if(is_other, CAST([], 'Array(Nullable(String))'), breakdown) AS kept
FROM (SELECT grouped.breakdown AS breakdown, groupArray(bucket) AS ks, groupArray(toFloat64(ifNull(value, 0))) AS vs
FROM (SELECT toInt64(day) AS bucket, [CAST({p9:String}, 'Nullable(String)')] AS breakdown, count() AS value
FROM events
WHERE (project = {p2:UInt32}) AND (event = {p5:String}) AND (day >= {p6:Date} AND day <= {p7:Date})
GROUP BY day, breakdown) AS grouped
GROUP BY grouped.breakdown))
GROUP BY kept, is_other
-- p0 = 0
-- p1 = 25
-- p2 = 7
-- p3 = 'Mac'
-- p4 = '1'
-- p5 = 'buy'
-- p6 = '2024-03-01'
-- p7 = '2024-03-04'
-- p8 = 1
-- p9 = 'all'
