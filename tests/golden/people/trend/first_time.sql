SELECT who, event_count, event_distinct_ids
FROM (SELECT who, sum(events) AS event_count, groupUniqArrayArray({p0:UInt32})(ids) AS event_distinct_ids
FROM (SELECT who, breakdown, events, ids
FROM (SELECT min(ts) AS ts_first, CAST([], 'Array(Nullable(String))') AS breakdown, person AS who, toUInt64(1) AS events, [argMinIf(distinct_id, ts, ifNull(CAST(properties.`plan`, 'Nullable(String)') = {p1:String}, false))] AS ids
FROM events
WHERE (project = {p2:UInt32}) AND (event = {p3:String}) AND (day >= {p4:Date} AND day <= {p5:Date})
GROUP BY person
HAVING (ts_first >= fromUnixTimestamp64Micro({p6:Int64})) AND (minIf(ts, ifNull(CAST(properties.`plan`, 'Nullable(String)') = {p1:String}, false)) = ts_first AND countIf(ifNull(CAST(properties.`plan`, 'Nullable(String)') = {p1:String}, false)) > 0))
WHERE toInt64(toDate(toTimeZone(ts_first, {p7:String}))) = {p8:Int64})
GROUP BY who)
ORDER BY event_count DESC, who LIMIT {p9:UInt64} OFFSET {p10:UInt64}
-- p0 = 100
-- p1 = 'free'
-- p2 = 7
-- p3 = 'buy'
-- p4 = '1970-01-02'
-- p5 = '2024-03-02'
-- p6 = 1709337600000000
-- p7 = 'UTC'
-- p8 = 19784
-- p9 = 101
-- p10 = 200
