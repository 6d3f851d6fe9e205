SELECT who, event_count, event_distinct_ids
FROM (SELECT who, sum(events) AS event_count, groupUniqArrayArray({p0:UInt32})(ids) AS event_distinct_ids
FROM (SELECT person AS who, ifNull(nullIf(CAST(properties.`plan`, 'Nullable(String)'), ''), '') AS breakdown, count() AS events, CAST([], 'Array(String)') AS ids
FROM events
WHERE ((project = {p1:UInt32}) AND (event = {p2:String}) AND (day >= {p3:Date} AND day <= {p3:Date})) AND (toInt64(day) = {p4:Int64})
GROUP BY who, breakdown)
WHERE NOT has((SELECT groupArray(breakdown)
FROM (SELECT breakdown
FROM (SELECT breakdown, row_number() OVER (ORDER BY arrayExists(v -> isNull(v), breakdown), arraySum(vs) DESC, breakdown) AS place
FROM (SELECT [CAST(nullIf(grouped.breakdown, ''), 'Nullable(String)')] AS breakdown, groupArray(bucket) AS ks, groupArray(toFloat64(ifNull(value, 0))) AS vs
FROM (SELECT toInt64(day) AS bucket, ifNull(nullIf(CAST(properties.`plan`, 'Nullable(String)'), ''), '') AS breakdown, count() AS value
FROM events
WHERE (project = {p1:UInt32}) AND (event = {p2:String}) AND (day >= {p5:Date} AND day <= {p6:Date})
GROUP BY day, breakdown) AS grouped
GROUP BY grouped.breakdown))
WHERE place <= {p7:UInt32})), [CAST(nullIf(breakdown, ''), 'Nullable(String)')])
GROUP BY who)
ORDER BY event_count DESC, who LIMIT {p8:UInt64} OFFSET {p9:UInt64}
-- p0 = 100
-- p1 = 7
-- p2 = 'buy'
-- p3 = '2024-03-02'
-- p4 = 19784
-- p5 = '2024-03-01'
-- p6 = '2024-03-04'
-- p7 = 25
-- p8 = 101
-- p9 = 0
