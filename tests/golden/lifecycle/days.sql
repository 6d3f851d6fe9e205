SELECT state.1 AS status, state.2 AS place, count() AS actors
FROM (SELECT arrayJoin(arrayConcat(arrayMap((at, last) -> (multiIf(last = at - 1, 'returning', last = -1 AND created = at, 'new', 'resurrecting'), at), active, arrayPushFront(arrayPopBack(active), -1)), arrayMap(at -> ('dormant', at + 1), arrayFilter((at, next) -> next != at + 1, active, arrayPushBack(arrayPopFront(active), -1))))) AS state
FROM (SELECT arraySort(arrayMap(b -> toInt64(indexOf({p0:Array(Int64)}, b)), buckets)) AS active, toInt64(indexOf({p0:Array(Int64)}, toInt64(toDate(toTimeZone(created_at, {p1:String}))))) AS created
FROM (SELECT person AS actor, groupUniqArray(toInt64(day)) AS buckets
FROM events
WHERE (project = {p2:UInt32}) AND (event = {p3:String}) AND (day >= {p4:Date} AND day <= {p5:Date})
GROUP BY actor) AS grouped
LEFT ANY JOIN (SELECT person AS key, created_at
FROM persons FINAL
WHERE project = {p2:UInt32} AND is_deleted = 0) AS known ON actor = key))
WHERE place BETWEEN 2 AND {p6:Int64}
GROUP BY status, place
-- p0 = [19782, 19783, 19784, 19785, 19786]
-- p1 = 'UTC'
-- p2 = 7
-- p3 = 'buy'
-- p4 = '2024-02-29'
-- p5 = '2024-03-04'
-- p6 = 5
