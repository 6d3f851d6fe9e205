SELECT DISTINCT actor AS who
FROM (SELECT breakdown, actor, bitShiftRight(best, 57) AS level, arrayLastIndex(r -> r = best, rank) AS place, [bitShiftRight(ts[place], 3), bitShiftRight(at1[place], 3), bitShiftRight(at2[place], 3)] AS times
FROM (SELECT breakdown, actor, ts, at1, at2, rank, arrayMax(rank) AS best
FROM (SELECT breakdown, actor, ts, at1, at2, arrayMap((m, a_ts, a_at1, a_at2) -> if(bitTest(m, 0), multiIf(bitShiftRight(a_at2, 3) - bitShiftRight(a_ts, 3) <= {p0:UInt64}, 576460752303423487 - bitShiftRight(a_at2, 3), bitShiftRight(a_at1, 3) - bitShiftRight(a_ts, 3) <= {p0:UInt64}, 432345564227567615 - bitShiftRight(a_at1, 3), 288230376151711743 - bitShiftRight(a_ts, 3)), 0), marks, ts, at1, at2) AS rank
FROM (SELECT breakdown, actor, ts, marks, arrayReverseFill((t, m) -> bitAnd(m, 2) != 0, ts, marks) AS at1, arrayReverseFill((t, m) -> bitAnd(m, 2) != 0, after2, marks) AS at2
FROM (SELECT breakdown, actor, ts, marks, arrayReverseFill((t, m) -> bitAnd(m, 4) != 0, ts, marks) AS after2
FROM (SELECT breakdown, actor, arrayPushBack(arraySort(words), 4611686018427387904) AS ts, ts AS marks
FROM (SELECT groupArray(bitShiftLeft(toUInt64(toUnixTimestamp64Micro(ts) - {p1:Int64}), 3) + (ifNull(event = {p2:String}, false) * 1 + ifNull(event = {p3:String}, false) * 2 + ifNull(event = {p4:String}, false) * 4) * 1) AS words, argMinIf(toString(ifNull(nullIf(CAST(properties.`plan`, 'Nullable(String)'), ''), '')), (ts, toString(ifNull(nullIf(CAST(properties.`plan`, 'Nullable(String)'), ''), ''))), toString(ifNull(nullIf(CAST(properties.`plan`, 'Nullable(String)'), ''), '')) != '' AND ((ifNull(event = {p2:String}, false)) OR (ifNull(event = {p3:String}, false)) OR (ifNull(event = {p4:String}, false)))) AS breakdown, person AS actor
FROM events
WHERE (project = {p5:UInt32}) AND (day >= {p6:Date} AND day <= {p7:Date}) AND (event IN {p8:Array(String)})
GROUP BY person)))))))
WHERE (level = {p9:UInt8}) AND (breakdown = {p10:String})
ORDER BY who LIMIT {p11:UInt64} OFFSET {p12:UInt64}
-- p0 = 691199999999
-- p1 = 1708992000000000
-- p2 = 'a'
-- p3 = 'b'
-- p4 = 'c'
-- p5 = 7
-- p6 = '2024-02-27'
-- p7 = '2024-03-05'
-- p8 = ['a', 'b', 'c']
-- p9 = 1
-- p10 = 'free'
-- p11 = 101
-- p12 = 100
