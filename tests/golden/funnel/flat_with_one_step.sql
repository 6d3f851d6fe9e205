SELECT '' AS breakdown, false AS is_other, [countIf(level >= 1)] AS counts, sumForEach(took) AS sums, quantileExactInclusiveForEach(0.5)(took) AS medians
FROM (SELECT begins, if(best = 0, begins, bitShiftRight(best, 57)) AS level, arrayLastIndex(r -> r = best, rank) AS place, [bitShiftRight(ts[place], 1)] AS times, arraySlice(arrayDifference(times), 2, toInt64(level) - 1) AS took
FROM (SELECT begins, ts, rank, arrayMax(rank) AS best
FROM (SELECT begins, ts, arrayMap((m, a_ts) -> if(bitTest(m, 0), 288230376151711743 - bitShiftRight(a_ts, 1), 0), marks, ts) AS rank
FROM (SELECT begins, arrayPushBack(arraySort(if(begins AND goes_on, words, [])), 4611686018427387904) AS ts, ts AS marks
FROM (SELECT groupArray(bitShiftLeft(toUInt64(toUnixTimestamp64Micro(ts) - {p0:Int64}), 1) + (ifNull(event = {p1:String}, false) * 1) * 1) AS words, max(ifNull(event = {p1:String}, false)) AS begins, 0 AS goes_on
FROM events
WHERE (project = {p2:UInt32}) AND (day >= {p3:Date} AND day <= {p4:Date}) AND (event IN {p5:Array(String)})
GROUP BY person)))))
WHERE level > 0
-- p0 = 1708992000000000
-- p1 = 'a'
-- p2 = 7
-- p3 = '2024-02-27'
-- p4 = '2024-03-05'
-- p5 = ['a']
