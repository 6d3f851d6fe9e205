SELECT '' AS breakdown, false AS is_other, (sumMap(periods, ins, outs) AS summed).1 AS keys, summed.2 AS entered, summed.3 AS converted
FROM (SELECT breakdown, groupArray(period) AS periods, groupArray(entered) AS ins, groupArray(converted) AS outs, sum(entered) AS size, sum(converted) AS got
FROM (SELECT '' AS breakdown, entry.1 AS period, sum(entry.2) AS entered, sum(entry.3) AS converted
FROM (SELECT *, arrayJoin(arrayConcat(arrayMap(p -> (p, 1, 0), entered), arrayMap(p -> (p, 0, 1), converted))) AS entry
FROM (SELECT arrayDistinct(arrayMap(t -> toInt64(toStartOfWeek(toDate(fromUnixTimestamp64Micro(toInt64(bitShiftRight(t, 3)) + {p0:Int64}, {p1:String})), 1)), arrayFilter((t, r) -> r > 0, ts, reach))) AS entered, arrayDistinct(arrayMap(t -> toInt64(toStartOfWeek(toDate(fromUnixTimestamp64Micro(toInt64(bitShiftRight(t, 3)) + {p0:Int64}, {p1:String})), 1)), arrayFilter((t, r) -> r > 2, ts, reach))) AS converted
FROM (SELECT ts, arrayMap((m, a_ts, a_at1, a_at2) -> if(bitTest(m, 0), multiIf(bitShiftRight(a_at2, 3) - bitShiftRight(a_ts, 3) <= {p2:UInt64}, 3, bitShiftRight(a_at1, 3) - bitShiftRight(a_ts, 3) <= {p2:UInt64}, 2, 1), 0), marks, ts, at1, at2) AS reach
FROM (SELECT ts, marks, arrayReverseFill((t, m) -> bitAnd(m, 2) != 0, ts, marks) AS at1, arrayReverseFill((t, m) -> bitAnd(m, 2) != 0, after2, marks) AS at2
FROM (SELECT ts, marks, arrayReverseFill((t, m) -> bitAnd(m, 4) != 0, ts, marks) AS after2
FROM (SELECT arrayPushBack(arraySort(words), 4611686018427387904) AS ts, ts AS marks
FROM (SELECT groupArray(bitShiftLeft(toUInt64(toUnixTimestamp64Micro(ts) - {p0:Int64}), 3) + (ifNull(event = {p3:String}, false) * 1 + ifNull(event = {p4:String}, false) * 2 + ifNull(event = {p5:String}, false) * 4) * 1) AS words
FROM events
WHERE (project = {p6:UInt32}) AND ((day >= {p7:Date} AND day <= {p8:Date}) AND (ts >= fromUnixTimestamp64Micro({p0:Int64})) AND (ts <= fromUnixTimestamp64Micro({p9:Int64}))) AND (event IN {p10:Array(String)})
GROUP BY person)))))))
GROUP BY breakdown, period)
GROUP BY breakdown)
-- p0 = 1708959600000000
-- p1 = 'Asia/Tokyo'
-- p2 = 691199999999
-- p3 = 'a'
-- p4 = 'b'
-- p5 = 'c'
-- p6 = 7
-- p7 = '2024-02-25'
-- p8 = '2024-03-07'
-- p9 = 1709650799999999
-- p10 = ['a', 'b', 'c']
