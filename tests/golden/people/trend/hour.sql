SELECT who, event_count, event_distinct_ids
FROM (SELECT who, sum(events) AS event_count, groupUniqArrayArray({p0:UInt32})(ids) AS event_distinct_ids
FROM (SELECT person AS who, CAST([], 'Array(Nullable(String))') AS breakdown, count() AS events, CAST([], 'Array(String)') AS ids
FROM events
WHERE ((project = {p1:UInt32}) AND (event = {p2:String}) AND (day >= {p3:Date} AND day <= {p3:Date})) AND (toInt64(toUnixTimestamp(toStartOfHour(toTimeZone(ts, {p4:String})))) = {p5:Int64})
GROUP BY who, breakdown)
GROUP BY who)
ORDER BY event_count DESC, who LIMIT {p6:UInt64} OFFSET {p7:UInt64}
-- p0 = 100
-- p1 = 7
-- p2 = 'buy'
-- p3 = '2024-03-02'
-- p4 = 'UTC'
-- p5 = 1709337600
-- p6 = 101
-- p7 = 0
