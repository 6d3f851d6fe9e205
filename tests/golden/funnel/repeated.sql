SELECT '' AS breakdown, false AS is_other, [countIf(level >= 1), countIf(level >= 2), countIf(level >= 3)] AS counts, sumForEach(took) AS sums, quantileExactInclusiveForEach(0.5)(took) AS medians
FROM (SELECT begins, if(best = 0, begins, bitShiftRight(best, 57)) AS level, arrayFirstIndex((r, t) -> r = best AND t = beginning, rank, ts) AS place, [ts[place], at1[place], at2[place]] AS times, arraySlice(arrayDifference(times), 2, toInt64(level) - 1) AS took
FROM (SELECT begins, ts, at1, at2, rank, best, ts[arrayLastIndex(r -> r = best, rank)] AS beginning
FROM (SELECT begins, ts, at1, at2, rank, arrayMax(rank) AS best
FROM (SELECT begins, ts, at1, at2, arrayMap((m, a_ts, a_at1, a_at2) -> if(bitTest(m, 2), multiIf(a_at2 - a_ts <= {p0:UInt64}, 576460752303423487 - a_at2, a_at1 - a_ts <= {p0:UInt64}, 432345564227567615 - a_at1, 288230376151711743 - a_ts), 0), marks, ts, at1, at2) AS rank
FROM (SELECT begins, ts, marks, arrayShiftLeft(arrayReverseFill((t, m) -> bitAnd(m, 2) != 0, ts, marks), 1, 4611686018427387904) AS at1, arrayShiftLeft(arrayReverseFill((t, m) -> bitAnd(m, 2) != 0, after2, marks), 1, 4611686018427387904) AS at2
FROM (SELECT begins, ts, marks, arrayShiftLeft(arrayReverseFill((t, m) -> bitAnd(m, 1) != 0, ts, marks), 1, 4611686018427387904) AS after2
FROM (SELECT begins, arrayPushBack(arrayMap(w -> bitShiftRight(w, 3), words), 4611686018427387904) AS ts, arrayPushBack(arrayMap(w -> toUInt64(bitShiftLeft(if(bitAnd(bitShiftRight(toUInt64(bitAnd(w, 7)), 0), 7) = 7, 0, bitXor(bitAnd(bitShiftRight(toUInt64(bitAnd(w, 7)), 0), 7), 8 - roundToExp2(7 - bitAnd(bitShiftRight(toUInt64(bitAnd(w, 7)), 0), 7)))), 0) + bitAnd(toUInt64(bitAnd(w, 7)), 0)), words), 0) AS marks
FROM (SELECT begins, arraySort(if(begins AND goes_on, words, [])) AS words
FROM (SELECT groupArray(bitShiftLeft(toUInt64(toUnixTimestamp64Micro(ts) - {p1:Int64}), 3) + (toUInt64(if(toUInt64(ifNull(event = {p2:String}, false) * 4 + ifNull(event = {p3:String}, false) * 2 + ifNull(event = {p2:String}, false) * 1) = 0, 8 - 1, bitXor(toUInt64(ifNull(event = {p2:String}, false) * 4 + ifNull(event = {p3:String}, false) * 2 + ifNull(event = {p2:String}, false) * 1), 8 - roundToExp2(toUInt64(ifNull(event = {p2:String}, false) * 4 + ifNull(event = {p3:String}, false) * 2 + ifNull(event = {p2:String}, false) * 1)))))) * 1) AS words, max(ifNull(event = {p2:String}, false)) AS begins, max(ifNull(event = {p3:String}, false)) AS goes_on
FROM events
WHERE (project = {p4:UInt32}) AND (day >= {p5:Date} AND day <= {p6:Date}) AND (event IN {p7:Array(String)})
GROUP BY person)))))))))
WHERE level > 0
-- p0 = 691199999999
-- p1 = 1708992000000000
-- p2 = 'a'
-- p3 = 'b'
-- p4 = 7
-- p5 = '2024-02-27'
-- p6 = '2024-03-05'
-- p7 = ['a', 'b']
