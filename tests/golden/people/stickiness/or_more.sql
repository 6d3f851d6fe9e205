SELECT actor AS who, event_count, event_distinct_ids
FROM (SELECT actor, count() AS intervals, sum(events) AS event_count, groupUniqArrayArray({p0:UInt32})(ids) AS event_distinct_ids
FROM (SELECT person AS actor, toInt64(day) AS bucket, count() AS events, groupUniqArray({p0:UInt32})(distinct_id) AS ids
FROM events
WHERE (project = {p1:UInt32}) AND (event = {p2:String}) AND (day >= {p3:Date} AND day <= {p4:Date})
GROUP BY actor, bucket)
GROUP BY actor)
WHERE intervals BETWEEN {p5:UInt32} AND {p6:UInt32}
-- p0 = 100
-- p1 = 7
-- p2 = 'buy'
-- p3 = '2024-03-01'
-- p4 = '2024-03-04'
-- p5 = 2
-- p6 = 4
