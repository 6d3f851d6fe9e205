SELECT who, event_count, event_distinct_ids
FROM (SELECT who, sum(events) AS event_count, groupUniqArrayArray({p0:UInt32})(ids) AS event_distinct_ids
FROM (SELECT person AS who, ifNull(nullIf(CAST(properties.`plan`, 'Nullable(String)'), ''), '') AS breakdown, count() AS events, CAST([], 'Array(String)') AS ids
FROM events
WHERE ((project = {p1:UInt32}) AND (event = {p2:String}) AND (day >= {p3:Date} AND day <= {p3:Date})) AND (toInt64(day) = {p4:Int64})
GROUP BY who, breakdown)
WHERE arrayMap(v -> ifNull(v, ''), [CAST(nullIf(breakdown, ''), 'Nullable(String)')]) = {p5:Array(String)}
GROUP BY who)
ORDER BY event_count DESC, who LIMIT {p6:UInt64} OFFSET {p7:UInt64}
-- p0 = 100
-- p1 = 7
-- p2 = 'buy'
-- p3 = '2024-03-02'
-- p4 = 19784
-- p5 = ['free']
-- p6 = 101
-- p7 = 0
