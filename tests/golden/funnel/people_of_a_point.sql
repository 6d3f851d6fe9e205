SELECT DISTINCT actor AS who
FROM (SELECT actor, arrayDistinct(arrayMap(t -> toInt64(toDate(fromUnixTimestamp64Micro(toInt64(bitShiftRight(t, 3)) + {p0:Int64}, {p1:String}))), arrayFilter((t, r) -> r > 0, ts, reach))) AS entered, arrayDistinct(arrayMap(t -> toInt64(toDate(fromUnixTimestamp64Micro(toInt64(bitShiftRight(t, 3)) + {p0:Int64}, {p1:String}))), arrayFilter((t, r) -> r > 2, ts, reach))) AS converted
FROM (SELECT actor, ts, arrayMap((m, a_ts, a_at1, a_at2) -> if(bitTest(m, 0), multiIf(bitShiftRight(a_at2, 3) - bitShiftRight(a_ts, 3) <= {p2:UInt64}, 3, bitShiftRight(a_at1, 3) - bitShiftRight(a_ts, 3) <= {p2:UInt64}, 2, 1), 0), marks, ts, at1, at2) AS reach
FROM (SELECT actor, ts, marks, arrayReverseFill((t, m) -> bitAnd(m, 2) != 0, ts, marks) AS at1, arrayReverseFill((t, m) -> bitAnd(m, 2) != 0, after2, marks) AS at2
FROM (SELECT actor, ts, marks, arrayReverseFill((t, m) -> bitAnd(m, 4) != 0, ts, marks) AS after2
FROM (SELECT actor, arrayPushBack(arraySort(words), 4611686018427387904) AS ts, ts AS marks
FROM (SELECT groupArray(bitShiftLeft(toUInt64(toUnixTimestamp64Micro(ts) - {p0:Int64}), 3) + (ifNull(event = {p3:String}, false) * 1 + ifNull(event = {p4:String}, false) * 2 + ifNull(event = {p5:String}, false) * 4) * 1) AS words, person AS actor
FROM events
WHERE (project = {p6:UInt32}) AND (day >= {p7:Date} AND day <= {p8:Date}) AND (event IN {p9:Array(String)})
GROUP BY person))))))
WHERE (has(entered, {p10:Int64})) AND (has(converted, {p10:Int64}))
ORDER BY who LIMIT {p11:UInt64} OFFSET {p12:UInt64}
-- p0 = 1708992000000000
-- p1 = 'UTC'
-- p2 = 691199999999
-- p3 = 'a'
-- p4 = 'b'
-- p5 = 'c'
-- p6 = 7
-- p7 = '2024-02-27'
-- p8 = '2024-03-05'
-- p9 = ['a', 'b', 'c']
-- p10 = 19784
-- p11 = 101
-- p12 = 0
