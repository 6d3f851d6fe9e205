SELECT state.1 AS status, state.2 AS place, count() AS actors
FROM (SELECT arrayJoin(arrayConcat(arrayMap((at, last) -> (multiIf(last = at - 1, 'returning', last = -1 AND created = at, 'new', 'resurrecting'), at), active, arrayPushFront(arrayPopBack(active), -1)), arrayMap(at -> ('dormant', at + 1), arrayFilter((at, next) -> next != at + 1, active, arrayPushBack(arrayPopFront(active), -1))))) AS state
FROM (SELECT arraySort(arrayMap(b -> toInt64(indexOf({p0:Array(Int64)}, b)), buckets)) AS active, toInt64(indexOf({p0:Array(Int64)}, toInt64(toUnixTimestamp(toStartOfHour(toTimeZone(created_at, {p1:String})))))) AS created
FROM (SELECT person AS actor, groupUniqArray(toInt64(toUnixTimestamp(toStartOfHour(toTimeZone(ts, {p1:String}))))) AS buckets
FROM events
WHERE (project = {p2:UInt32}) AND (event = {p3:String}) AND ((day >= {p4:Date} AND day <= {p5:Date}) AND (ts >= fromUnixTimestamp64Micro({p6:Int64})) AND (ts <= fromUnixTimestamp64Micro({p7:Int64})))
GROUP BY actor) AS grouped
LEFT ANY JOIN (SELECT person AS key, created_at
FROM persons FINAL
WHERE project = {p2:UInt32} AND is_deleted = 0) AS known ON actor = key))
WHERE place BETWEEN 2 AND {p8:Int64}
GROUP BY status, place
-- p0 = [1709247600, 1709251200, 1709254800, 1709258400, 1709262000, 1709265600, 1709269200, 1709272800, 1709276400, 1709280000, 1709283600, 1709287200, 1709290800, 1709294400, 1709298000, 1709301600, 1709305200, 1709308800, 1709312400, 1709316000, 1709319600, 1709323200, 1709326800, 1709330400, 1709334000, 1709337600, 1709341200, 1709344800, 1709348400, 1709352000, 1709355600, 1709359200, 1709362800, 1709366400, 1709370000, 1709373600, 1709377200, 1709380800, 1709384400, 1709388000, 1709391600, 1709395200, 1709398800, 1709402400, 1709406000, 1709409600, 1709413200, 1709416800, 1709420400, 1709424000, 1709427600, 1709431200, 1709434800, 1709438400, 1709442000, 1709445600, 1709449200, 1709452800, 1709456400, 1709460000, 1709463600, 1709467200, 1709470800, 1709474400, 1709478000, 1709481600, 1709485200, 1709488800, 1709492400, 1709496000, 1709499600, 1709503200, 1709506800, 1709510400]
-- p1 = 'UTC'
-- p2 = 7
-- p3 = 'buy'
-- p4 = '2024-02-29'
-- p5 = '2024-03-04'
-- p6 = 1709247600000000
-- p7 = 1709513999999999
-- p8 = 74
