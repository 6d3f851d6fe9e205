SELECT state.1 AS status, state.2 AS place, count() AS actors
FROM (SELECT arrayJoin(arrayConcat(arrayMap((at, last) -> (multiIf(last = at - 1, 'returning', last = -1 AND created = at, 'new', 'resurrecting'), at), active, arrayPushFront(arrayPopBack(active), -1)), arrayMap(at -> ('dormant', at + 1), arrayFilter((at, next) -> next != at + 1, active, arrayPushBack(arrayPopFront(active), -1))))) AS state
FROM (SELECT arraySort(arrayMap(b -> toInt64(indexOf({p0:Array(Int64)}, b)), buckets)) AS active, toInt64(indexOf({p0:Array(Int64)}, toInt64(toDate(toTimeZone(created_at, {p1:String}))))) AS created
FROM (SELECT person AS actor, groupUniqArray(toInt64(day)) AS buckets
FROM events
WHERE (project = {p2:UInt32}) AND ((event IN {p3:Array(String)}) AND ((event = {p4:String}) OR (event = {p5:String}))) AND (day >= {p6:Date} AND day <= {p7:Date}) AND ((person IN (SELECT person
FROM persons FINAL
WHERE project = {p2:UInt32} AND is_deleted = 0 AND (isNotNull(CAST(properties.`email`, 'Nullable(String)'))))) AND (cityHash64(person) % {p8:UInt32} < {p9:UInt32}))
GROUP BY actor) AS grouped
LEFT ANY JOIN (SELECT person AS key, created_at
FROM persons FINAL
WHERE project = {p2:UInt32} AND is_deleted = 0) AS known ON actor = key))
WHERE place BETWEEN 2 AND {p10:Int64}
GROUP BY status, place
-- p0 = [19782, 19783, 19784, 19785, 19786]
-- p1 = 'UTC'
-- p2 = 7
-- p3 = ['buy', 'pay']
-- p4 = 'buy'
-- p5 = 'pay'
-- p6 = '2024-02-29'
-- p7 = '2024-03-04'
-- p8 = 1000000
-- p9 = 100000
-- p10 = 5
