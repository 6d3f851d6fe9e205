SELECT who, event_count, event_distinct_ids
FROM (SELECT who, sum(events) AS event_count, groupUniqArrayArray({p0:UInt32})(ids) AS event_distinct_ids
FROM (SELECT person AS who, CAST([], 'Array(Nullable(String))') AS breakdown, count() AS events, CAST([], 'Array(String)') AS ids
FROM events
WHERE ((project = {p1:UInt32}) AND (event = {p2:String}) AND ((day >= {p3:Date} AND day <= {p4:Date}) AND (ts >= fromUnixTimestamp64Micro({p5:Int64})) AND (ts <= fromUnixTimestamp64Micro({p6:Int64})))) AND (toInt64(toStartOfWeek(toDate(toTimeZone(ts, {p7:String})), 1)) = {p8:Int64})
GROUP BY who, breakdown)
GROUP BY who)
ORDER BY event_count DESC, who LIMIT {p9:UInt64} OFFSET {p10:UInt64}
-- p0 = 100
-- p1 = 7
-- p2 = 'buy'
-- p3 = '2024-02-28'
-- p4 = '2024-03-05'
-- p5 = 1709218800000000
-- p6 = 1709477999999999
-- p7 = 'Asia/Tokyo'
-- p8 = 19779
-- p9 = 101
-- p10 = 0
