SELECT who, event_count, event_distinct_ids
FROM (SELECT who, sum(events) AS event_count, groupUniqArrayArray({p0:UInt32})(ids) AS event_distinct_ids
FROM (SELECT person AS who, arrayJoin(arrayConcat(if(person IN (SELECT person
FROM cohort_people FINAL
WHERE project = {p1:UInt32} AND cohort = {p2:UInt32} AND is_deleted = 0), [[CAST({p3:String}, 'Nullable(String)')]], []))) AS breakdown, count() AS events, CAST([], 'Array(String)') AS ids
FROM events
WHERE ((project = {p1:UInt32}) AND (event = {p4:String}) AND (day >= {p5:Date} AND day <= {p5:Date})) AND (toInt64(day) = {p6:Int64})
GROUP BY who, breakdown)
GROUP BY who)
ORDER BY event_count DESC, who LIMIT {p7:UInt64} OFFSET {p8:UInt64}
-- p0 = 100
-- p1 = 7
-- p2 = 3
-- p3 = '3'
-- p4 = 'buy'
-- p5 = '2024-03-02'
-- p6 = 19784
-- p7 = 101
-- p8 = 0
