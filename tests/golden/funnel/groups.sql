SELECT '' AS breakdown, false AS is_other, [countIf(level >= 1), countIf(level >= 2), countIf(level >= 3)] AS counts, sumForEach(took) AS sums, quantileExactInclusiveForEach(0.5)(took) AS medians
FROM (SELECT begins, if(best = 0, begins, bitShiftRight(best, 57)) AS level, arrayLastIndex(r -> r = best, rank) AS place, [bitShiftRight(ts[place], 3), bitShiftRight(at1[place], 3), bitShiftRight(at2[place], 3)] AS times, arraySlice(arrayDifference(times), 2, toInt64(level) - 1) AS took
FROM (SELECT begins, ts, at1, at2, rank, arrayMax(rank) AS best
FROM (SELECT begins, ts, at1, at2, arrayMap((m, a_ts, a_at1, a_at2) -> if(bitTest(m, 0), multiIf(bitShiftRight(a_at2, 3) - bitShiftRight(a_ts, 3) <= {p0:UInt64}, 576460752303423487 - bitShiftRight(a_at2, 3), bitShiftRight(a_at1, 3) - bitShiftRight(a_ts, 3) <= {p0:UInt64}, 432345564227567615 - bitShiftRight(a_at1, 3), 288230376151711743 - bitShiftRight(a_ts, 3)), 0), marks, ts, at1, at2) AS rank
FROM (SELECT begins, ts, marks, arrayReverseFill((t, m) -> bitAnd(m, 2) != 0, ts, marks) AS at1, arrayReverseFill((t, m) -> bitAnd(m, 2) != 0, after2, marks) AS at2
FROM (SELECT begins, ts, marks, arrayReverseFill((t, m) -> bitAnd(m, 4) != 0, ts, marks) AS after2
FROM (SELECT begins, arrayPushBack(arraySort(if(begins AND goes_on, words, [])), 4611686018427387904) AS ts, ts AS marks
FROM (SELECT groupArray(bitShiftLeft(toUInt64(toUnixTimestamp64Micro(ts) - {p1:Int64}), 3) + (ifNull(event = {p2:String}, false) * 1 + ifNull(event = {p3:String}, false) * 2 + ifNull(event = {p4:String}, false) * 4) * 1) AS words, max(ifNull(event = {p2:String}, false)) AS begins, max(ifNull(event = {p3:String}, false)) AS goes_on
FROM events
WHERE (project = {p5:UInt32}) AND (day >= {p6:Date} AND day <= {p7:Date}) AND (event IN {p8:Array(String)}) AND (group1 != '')
GROUP BY group1)))))))
WHERE level > 0
-- p0 = 691199999999
-- p1 = 1708992000000000
-- p2 = 'a'
-- p3 = 'b'
-- p4 = 'c'
-- p5 = 7
-- p6 = '2024-02-27'
-- p7 = '2024-03-05'
-- p8 = ['a', 'b', 'c']
