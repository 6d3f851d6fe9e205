SELECT '' AS breakdown, false AS is_other, [countIf(level >= 1), countIf(level >= 2)] AS counts, sumForEach(took) AS sums, quantileExactInclusiveForEach(0.5)(took) AS medians
FROM (SELECT begins, if(best = 0, begins, bitShiftRight(best, 57)) AS level, arrayLastIndex(r -> r = best, rank) AS place, [bitShiftRight(ts[place], 2), bitShiftRight(at1[place], 2)] AS times, arraySlice(arrayDifference(times), 2, toInt64(level) - 1) AS took
FROM (SELECT begins, ts, at1, rank, arrayMax(rank) AS best
FROM (SELECT begins, ts, at1, arrayMap((m, a_ts, a_at1) -> if(bitTest(m, 0), multiIf(bitShiftRight(a_at1, 2) - bitShiftRight(a_ts, 2) <= {p0:UInt64}, 432345564227567615 - bitShiftRight(a_at1, 2), 288230376151711743 - bitShiftRight(a_ts, 2)), 0), marks, ts, at1) AS rank
FROM (SELECT begins, ts, marks, arrayReverseFill((t, m) -> bitAnd(m, 2) != 0, ts, marks) AS at1
FROM (SELECT begins, arrayPushBack(arraySort(if(begins AND goes_on, words, [])), 4611686018427387904) AS ts, ts AS marks
FROM (SELECT groupArray(bitShiftLeft(toUInt64(toUnixTimestamp64Micro(ts) - {p1:Int64}), 2) + (ifNull(((event = {p2:String}) AND (CAST(properties.`plan`, 'Nullable(String)') = {p3:String})) AND ((person, ts) IN (SELECT person, min(ts)
FROM events
WHERE (project = {p4:UInt32}) AND (event = {p2:String})
GROUP BY person)), false) * 1 + ifNull((event IN {p5:Array(String)}) AND ((event = {p6:String}) OR (event = {p7:String})), false) * 2) * 1) AS words, max(ifNull(((event = {p2:String}) AND (CAST(properties.`plan`, 'Nullable(String)') = {p3:String})) AND ((person, ts) IN (SELECT person, min(ts)
FROM events
WHERE (project = {p4:UInt32}) AND (event = {p2:String})
GROUP BY person)), false)) AS begins, max(ifNull((event IN {p5:Array(String)}) AND ((event = {p6:String}) OR (event = {p7:String})), false)) AS goes_on
FROM events
WHERE (project = {p4:UInt32}) AND (day >= {p8:Date} AND day <= {p9:Date}) AND ((event IN {p10:Array(String)}) AND ((((event = {p2:String}) AND (CAST(properties.`plan`, 'Nullable(String)') = {p3:String})) AND ((person, ts) IN (SELECT person, min(ts)
FROM events
WHERE (project = {p4:UInt32}) AND (event = {p2:String})
GROUP BY person))) OR ((event IN {p5:Array(String)}) AND ((event = {p6:String}) OR (event = {p7:String})))))
GROUP BY person))))))
WHERE level > 0
-- p0 = 691199999999
-- p1 = 1708992000000000
-- p2 = 'up'
-- p3 = 'free'
-- p4 = 7
-- p5 = ['buy', 'pay']
-- p6 = 'buy'
-- p7 = 'pay'
-- p8 = '2024-02-27'
-- p9 = '2024-03-05'
-- p10 = ['buy', 'pay', 'up']
