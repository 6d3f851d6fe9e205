SELECT '' AS breakdown, false AS is_other, [countIf(level >= 1), countIf(level >= 2), countIf(level >= 3)] AS counts, sumForEach(took) AS sums, quantileExactInclusiveForEach(0.5)(took) AS medians
FROM (SELECT bitShiftRight(best, 57) AS level, arrayLastIndex(r -> r = best, rank) AS place, [bitShiftRight(ts[place], 5), bitShiftRight(at1[place], 5), bitShiftRight(at2[place], 5)] AS times, arraySlice(arrayDifference(times), 2, toInt64(level) - 1) AS took
FROM (SELECT ts, at1, at2, rank, arrayMax(rank) AS best
FROM (SELECT ts, at1, at2, arrayMap((m, a_ts, a_at1, a_at2, a_out0) -> if((bitTest(m, 1)) AND (bitShiftRight(a_out0, 5) >= least(bitShiftRight(a_at1, 5), bitShiftRight(a_ts, 5) + {p0:UInt64} + 1)), multiIf(bitShiftRight(a_at2, 5) - bitShiftRight(a_ts, 5) <= {p0:UInt64}, 576460752303423487 - bitShiftRight(a_at2, 5), bitShiftRight(a_at1, 5) - bitShiftRight(a_ts, 5) <= {p0:UInt64}, 432345564227567615 - bitShiftRight(a_at1, 5), 288230376151711743 - bitShiftRight(a_ts, 5)), 0), marks, ts, at1, at2, out0) AS rank
FROM (SELECT ts, marks, out0, arrayMap((t, w, n) -> if(w - n <= 1, t, 4611686018427387904), after1, when1, moments) AS at1, arrayMap((t, w, n) -> if(w - n <= 1, t, 4611686018427387904), after2, when2, moments) AS at2
FROM (SELECT ts, marks, moments, out0 AS out0, arrayReverseFill(t -> t != 4611686018427387904, here1) AS after1, arrayReverseFill(t -> t != 4611686018427387904, here2) AS after2, arrayShiftLeft(arrayReverseFill((v, t) -> t != 4611686018427387904, moments, here1), 1, 4611686018427387904) AS when1, arrayShiftLeft(arrayReverseFill((v, t) -> t != 4611686018427387904, moments, here2), 1, 4611686018427387904) AS when2
FROM (SELECT ts, marks, moments, out0, arrayMap((m, t) -> if(bitAnd(m, 4) != 0, t, 4611686018427387904), marks, ts) AS here1, arrayMap((m, t) -> if(bitAnd(m, 4) != 0, t, 4611686018427387904), marks, arrayMap((t, w, n) -> if(w - n <= 1, t, 4611686018427387904), after2, when2, moments)) AS here2
FROM (SELECT ts, marks, moments, out0 AS out0, arrayReverseFill(t -> t != 4611686018427387904, here2) AS after2, arrayShiftLeft(arrayReverseFill((v, t) -> t != 4611686018427387904, moments, here2), 1, 4611686018427387904) AS when2
FROM (SELECT ts, marks, moments, out0, arrayMap((m, t) -> if(bitAnd(m, 8) != 0, t, 4611686018427387904), marks, ts) AS here2
FROM (SELECT ts, marks, out0, arrayCumSum(arrayMap(d -> d != 0, arrayDifference(arrayMap(t -> bitShiftRight(t, 5), ts)))) AS moments
FROM (SELECT ts, marks, arrayShiftLeft(arrayReverseFill((t, m) -> bitAnd(m, 1) != 0, ts, marks), 1, 4611686018427387904) AS out0
FROM (SELECT arrayPushBack(arraySort(words), 4611686018427387904) AS ts, ts AS marks
FROM (SELECT groupArray(bitShiftLeft(toUInt64(toUnixTimestamp64Micro(ts) - {p1:Int64}), 5) + (ifNull(event = {p2:String}, false) * 1 + ifNull(event = {p3:String}, false) * 2 + ifNull(event = {p4:String}, false) * 4) * 2 + ifNull(event = {p5:String}, false) * 1 + if(ifNull(event = {p5:String}, false), 0, 16)) AS words
FROM events
WHERE (project = {p6:UInt32}) AND (day >= {p7:Date} AND day <= {p8:Date})
GROUP BY person))))))))))))
WHERE level > 0
-- p0 = 691199999999
-- p1 = 1708992000000000
-- p2 = 'a'
-- p3 = 'b'
-- p4 = 'c'
-- p5 = 'help'
-- p6 = 7
-- p7 = '2024-02-27'
-- p8 = '2024-03-05'
