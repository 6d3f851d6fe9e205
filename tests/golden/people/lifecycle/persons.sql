SELECT actor AS who, events AS event_count, ids AS event_distinct_ids
FROM (SELECT actor, events, ids, arrayJoin(arrayConcat(arrayMap((at, last) -> (multiIf(last = at - 1, 'returning', last = -1 AND created = at, 'new', 'resurrecting'), at), active, arrayPushFront(arrayPopBack(active), -1)), arrayMap(at -> ('dormant', at + 1), arrayFilter((at, next) -> next != at + 1, active, arrayPushBack(arrayPopFront(active), -1))))) AS state
FROM (SELECT arraySort(arrayMap(b -> toInt64(indexOf({p0:Array(Int64)}, b)), buckets)) AS active, toInt64(indexOf({p0:Array(Int64)}, toInt64(toDate(toTimeZone(created_at, {p1:String}))))) AS created, actor, events, ids
FROM (SELECT person AS actor, groupUniqArray(toInt64(day)) AS buckets, countIf(toInt64(day) = {p2:Int64}) AS events, groupUniqArrayIf({p3:UInt32})(distinct_id, toInt64(day) = {p2:Int64}) AS ids
FROM events
WHERE (project = {p4:UInt32}) AND (event = {p5:String}) AND (day >= {p6:Date} AND day <= {p7:Date})
GROUP BY actor) AS grouped
LEFT ANY JOIN (SELECT person AS key, created_at
FROM persons FINAL
WHERE project = {p4:UInt32} AND is_deleted = 0) AS known ON actor = key))
WHERE state.1 = {p8:String} AND state.2 = {p9:Int64}
-- p0 = [19782, 19783, 19784, 19785, 19786]
-- p1 = 'UTC'
-- p2 = 19784
-- p3 = 100
-- p4 = 7
-- p5 = 'buy'
-- p6 = '2024-02-29'
-- p7 = '2024-03-04'
-- p8 = 'returning'
-- p9 = 3
