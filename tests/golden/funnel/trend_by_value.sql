SELECT kept AS breakdown, is_other, (sumMap(periods, ins, outs) AS summed).1 AS keys, summed.2 AS entered, summed.3 AS converted
FROM (SELECT periods, ins, outs, row_number() OVER (ORDER BY (got, size) DESC, breakdown) AS place, place > {p0:UInt32} AS is_other, if(is_other, '', breakdown) AS kept
FROM (SELECT breakdown, groupArray(period) AS periods, groupArray(entered) AS ins, groupArray(converted) AS outs, sum(entered) AS size, sum(converted) AS got
FROM (SELECT breakdown AS breakdown, entry.1 AS period, sum(entry.2) AS entered, sum(entry.3) AS converted
FROM (SELECT *, arrayJoin(arrayConcat(arrayMap(p -> (p, 1, 0), entered), arrayMap(p -> (p, 0, 1), converted))) AS entry
FROM (SELECT breakdown, arrayDistinct(arrayMap(t -> toInt64(toDate(fromUnixTimestamp64Micro(toInt64(bitShiftRight(t, 3)) + {p1:Int64}, {p2:String}))), arrayFilter((t, r) -> r > 1, ts, reach))) AS entered, arrayDistinct(arrayMap(t -> toInt64(toDate(fromUnixTimestamp64Micro(toInt64(bitShiftRight(t, 3)) + {p1:Int64}, {p2:String}))), arrayFilter((t, r) -> r > 2, ts, reach))) AS converted
FROM (SELECT breakdown, ts, arrayMap((m, a_ts, a_at1, a_at2) -> if(bitTest(m, 0), multiIf(bitShiftRight(a_at2, 3) - bitShiftRight(a_ts, 3) <= {p3:UInt64}, 3, bitShiftRight(a_at1, 3) - bitShiftRight(a_ts, 3) <= {p3:UInt64}, 2, 1), 0), marks, ts, at1, at2) AS reach
FROM (SELECT breakdown, ts, marks, arrayReverseFill((t, m) -> bitAnd(m, 2) != 0, ts, marks) AS at1, arrayReverseFill((t, m) -> bitAnd(m, 2) != 0, after2, marks) AS at2
FROM (SELECT breakdown, ts, marks, arrayReverseFill((t, m) -> bitAnd(m, 4) != 0, ts, marks) AS after2
FROM (SELECT breakdown, arrayPushBack(arraySort(words), 4611686018427387904) AS ts, ts AS marks
FROM (SELECT groupArray(bitShiftLeft(toUInt64(toUnixTimestamp64Micro(ts) - {p1:Int64}), 3) + (ifNull(event = {p4:String}, false) * 1 + ifNull(event = {p5:String}, false) * 2 + ifNull(event = {p6:String}, false) * 4) * 1) AS words, argMinIf(toString(ifNull(nullIf(CAST(properties.`plan`, 'Nullable(String)'), ''), '')), (ts, toString(ifNull(nullIf(CAST(properties.`plan`, 'Nullable(String)'), ''), ''))), toString(ifNull(nullIf(CAST(properties.`plan`, 'Nullable(String)'), ''), '')) != '' AND ((ifNull(event = {p4:String}, false)) OR (ifNull(event = {p5:String}, false)) OR (ifNull(event = {p6:String}, false)))) AS breakdown
FROM events
WHERE (project = {p7:UInt32}) AND (day >= {p8:Date} AND day <= {p9:Date}) AND (event IN {p10:Array(String)})
GROUP BY person)))))))
GROUP BY breakdown, period)
GROUP BY breakdown))
GROUP BY kept, is_other
ORDER BY min(place)
-- p0 = 25
-- p1 = 1708992000000000
-- p2 = 'UTC'
-- p3 = 691199999999
-- p4 = 'a'
-- p5 = 'b'
-- p6 = 'c'
-- p7 = 7
-- p8 = '2024-02-27'
-- p9 = '2024-03-05'
-- p10 = ['a', 'b', 'c']
