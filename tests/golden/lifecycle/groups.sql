SELECT state.1 AS status, state.2 AS place, count() AS actors
FROM (SELECT arrayJoin(arrayConcat(arrayMap((at, last) -> (multiIf(last = at - 1, 'returning', last = -1 AND created = at, 'new', 'resurrecting'), at), active, arrayPushFront(arrayPopBack(active), -1)), arrayMap(at -> ('dormant', at + 1), arrayFilter((at, next) -> next != at + 1, active, arrayPushBack(arrayPopFront(active), -1))))) AS state
FROM (SELECT arraySort(groupUniqArray(toInt64(indexOf({p0:Array(Int64)}, toInt64(day))))) AS active, toInt64(indexOf({p0:Array(Int64)}, toInt64(toDate(toTimeZone(any(group1_value0), {p1:String}))))) AS created
FROM events
LEFT ANY JOIN (SELECT key AS group1_key, created_at AS group1_value0
FROM groups FINAL
WHERE project = {p2:UInt32} AND type = {p3:UInt8}) AS group1 ON group1 = group1_key
WHERE (project = {p2:UInt32}) AND (event = {p4:String}) AND (day >= {p5:Date} AND day <= {p6:Date}) AND (group1 != '')
GROUP BY group1))
WHERE place BETWEEN 2 AND {p7:Int64}
GROUP BY status, place
-- p0 = [19782, 19783, 19784, 19785, 19786]
-- p1 = 'UTC'
-- p2 = 7
-- p3 = 1
-- p4 = 'buy'
-- p5 = '2024-02-29'
-- p6 = '2024-03-04'
-- p7 = 5
