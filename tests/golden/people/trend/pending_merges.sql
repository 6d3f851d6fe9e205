SELECT who, event_count, event_distinct_ids
FROM (SELECT who, sum(events) AS event_count, groupUniqArrayArray({p0:UInt32})(ids) AS event_distinct_ids
FROM (SELECT transform(person, (SELECT groupArray(person)
FROM (SELECT person, survivor
FROM person_merges FINAL
WHERE project = {p1:UInt32} AND is_deleted = 0
ORDER BY person)), (SELECT groupArray(survivor)
FROM (SELECT person, survivor
FROM person_merges FINAL
WHERE project = {p1:UInt32} AND is_deleted = 0
ORDER BY person)), person) AS who, CAST([], 'Array(Nullable(String))') AS breakdown, count() AS events, CAST([], 'Array(String)') AS ids
FROM events
WHERE ((project = {p1:UInt32}) AND (event = {p2:String}) AND (day >= {p3:Date} AND day <= {p3:Date})) AND (toInt64(day) = {p4:Int64})
GROUP BY who, breakdown)
GROUP BY who)
ORDER BY event_count DESC, who LIMIT {p5:UInt64} OFFSET {p6:UInt64}
-- p0 = 100
-- p1 = 7
-- p2 = 'buy'
-- p3 = '2024-03-02'
-- p4 = 19784
-- p5 = 101
-- p6 = 0
