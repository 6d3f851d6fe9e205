SELECT {p0:UInt16} AS branch, kept AS breakdown, is_other, (sumMap(ks, vs) AS summed).1 AS keys, summed.2 AS values
FROM (SELECT ks, vs, row_number() OVER (ORDER BY arrayExists(v -> isNull(v), breakdown), arraySum(vs) DESC, breakdown) > {p1:UInt32} AS is_other, if(is_other, CAST([], 'Array(Nullable(String))'), breakdown) AS kept
FROM (SELECT [CAST(nullIf(grouped.breakdown, ''), 'Nullable(String)')] AS breakdown, groupArray(bucket) AS ks, groupArray(toFloat64(ifNull(value, 0))) AS vs
FROM (SELECT toInt64(day) AS bucket, ifNull(if(isNull(if(isFinite(toFloat64OrNull(nullIf(CAST(properties.`price`, 'Nullable(String)'), ''))), toFloat64OrNull(nullIf(CAST(properties.`price`, 'Nullable(String)'), '')), NULL) AS bin_x0), NULL, concat('[', toString(((SELECT (min(if(isFinite(toFloat64OrNull(nullIf(CAST(properties.`price`, 'Nullable(String)'), ''))), toFloat64OrNull(nullIf(CAST(properties.`price`, 'Nullable(String)'), '')), NULL)), max(if(isFinite(toFloat64OrNull(nullIf(CAST(properties.`price`, 'Nullable(String)'), ''))), toFloat64OrNull(nullIf(CAST(properties.`price`, 'Nullable(String)'), '')), NULL)))
FROM events
WHERE (project = {p2:UInt32}) AND (event = {p3:String}) AND (day >= {p4:Date} AND day <= {p5:Date})) AS bin_ends0).1 + ((bin_ends0.2 - bin_ends0.1) / {p6:UInt32} AS bin_width0) * (toUInt32(least({p7:UInt32}, ifNotFinite(floor((bin_x0 - bin_ends0.1) / bin_width0), {p7:UInt32}))) AS bin_place0)), ',', toString(if(bin_place0 = {p7:UInt32}, bin_ends0.2 + 0.01, bin_ends0.1 + bin_width0 * (bin_place0 + 1))), ']')), '') AS breakdown, count() AS value
FROM events
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
-- p6 = 4
-- p7 = 3
