SELECT '' AS breakdown, false AS is_other, [countIf(level >= 1), countIf(level >= 2)] AS counts, sumForEach(took) AS sums, quantileExactInclusiveForEach(0.5)(took) AS medians
FROM (SELECT begins, if(best = 0, begins, bitShiftRight(best, 57)) AS level, arrayFirstIndex((r, t) -> r = best AND bitShiftRight(t, 2) = beginning, rank, ts) AS place, [bitShiftRight(ts[place], 2), bitShiftRight(at1[place], 2)] AS times, arraySlice(arrayDifference(times), 2, toInt64(level) - 1) AS took
FROM (SELECT begins, ts, at1, rank, best, bitShiftRight(ts[arrayLastIndex(r -> r = best, rank)], 2) AS beginning
FROM (SELECT begins, ts, at1, rank, arrayMax(rank) AS best
FROM (SELECT begins, ts, at1, arrayMap((m, a_ts, a_at1) -> if(bitAnd(m, 3) != 0, multiIf(bitShiftRight(a_at1, 2) - bitShiftRight(a_ts, 2) <= {p0:UInt64}, 432345564227567615 - bitShiftRight(a_at1, 2), 288230376151711743 - bitShiftRight(a_ts, 2)), 0), marks, ts, at1) AS rank
FROM (SELECT begins, ts, marks, arrayMap(f -> f[2], filled) AS at1
FROM (SELECT begins, ts, marks, arrayMap((t0, t1) -> arraySort([t0, t1]), next1_0_1, arrayMap((t0, t1, t2) -> greatest(t0, t1, t2), next1_0, next1_1, next2_0_1)) AS filled
FROM (SELECT begins, ts, marks, next1_0, next1_1, next1_0_1, arrayReverseFill((t, m) -> bitAnd(m, 3) != 0, arrayShiftLeft(next1_0_1, 1, 4611686018427387904), marks) AS next2_0_1
FROM (SELECT begins, ts, marks, arrayReverseFill((t, m) -> bitAnd(m, 1) != 0, ts, marks) AS next1_0, arrayReverseFill((t, m) -> bitAnd(m, 2) != 0, ts, marks) AS next1_1, arrayReverseFill((t, m) -> bitAnd(m, 3) != 0, ts, marks) AS next1_0_1
FROM (SELECT begins, arrayPushBack(arraySort(if(begins AND goes_on, words, [])), 4611686018427387904) AS ts, ts AS marks
FROM (SELECT groupArray(bitShiftLeft(toUInt64(toUnixTimestamp64Micro(ts) - {p1:Int64}), 2) + (ifNull(event = {p2:String}, false) * 1 + ifNull(true, false) * 2) * 1) AS words, 1 AS begins, count() > 1 AS goes_on
FROM events
WHERE (project = {p3:UInt32}) AND (day >= {p4:Date} AND day <= {p5:Date})
GROUP BY person))))))))))
WHERE level > 0
-- p0 = 691199999999
-- p1 = 1708992000000000
-- p2 = 'a'
-- p3 = 7
-- p4 = '2024-02-27'
-- p5 = '2024-03-05'
