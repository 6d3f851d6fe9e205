SELECT kept AS breakdown, is_other, sumForEach(counts) AS counts, sumForEach(sums) AS sums, quantileExactInclusiveForEachMerge(0.5)(middle) AS medians
FROM (SELECT counts, sums, middle, row_number() OVER (ORDER BY arrayReverse(counts) DESC, breakdown) AS place, place > {p0:UInt32} AS is_other, if(is_other, '', breakdown) AS kept
FROM (SELECT breakdown, [countIf(level >= 1), countIf(level >= 2), countIf(level >= 3)] AS counts, sumForEach(took) AS sums, quantileExactInclusiveForEachState(0.5)(took) AS middle
FROM (SELECT breakdown, begins, if(best = 0, begins, bitShiftRight(best, 57)) AS level, arrayLastIndex(r -> r = best, rank) AS place, [bitShiftRight(ts[place], 3), bitShiftRight(at1[place], 3), bitShiftRight(at2[place], 3)] AS times, arraySlice(arrayDifference(times), 2, toInt64(level) - 1) AS took
FROM (SELECT breakdown, begins, ts, at1, at2, rank, arrayMax(rank) AS best
FROM (SELECT breakdown, begins, ts, at1, at2, arrayMap((m, a_ts, a_at1, a_at2) -> if(bitTest(m, 0), multiIf(bitShiftRight(a_at2, 3) - bitShiftRight(a_ts, 3) <= {p1:UInt64}, 576460752303423487 - bitShiftRight(a_at2, 3), bitShiftRight(a_at1, 3) - bitShiftRight(a_ts, 3) <= {p1:UInt64}, 432345564227567615 - bitShiftRight(a_at1, 3), 288230376151711743 - bitShiftRight(a_ts, 3)), 0), marks, ts, at1, at2) AS rank
FROM (SELECT breakdown, begins, ts, marks, arrayReverseFill((t, m) -> bitAnd(m, 2) != 0, ts, marks) AS at1, arrayReverseFill((t, m) -> bitAnd(m, 2) != 0, after2, marks) AS at2
FROM (SELECT breakdown, begins, ts, marks, arrayReverseFill((t, m) -> bitAnd(m, 4) != 0, ts, marks) AS after2
FROM (SELECT breakdown, begins, arrayPushBack(arraySort(if(begins AND goes_on, words, [])), 4611686018427387904) AS ts, ts AS marks
FROM (SELECT groupArray(bitShiftLeft(toUInt64(toUnixTimestamp64Micro(ts) - {p2:Int64}), 3) + (ifNull(event = {p3:String}, false) * 1 + ifNull(event = {p4:String}, false) * 2 + ifNull(event = {p5:String}, false) * 4) * 1) AS words, arrayJoin(arrayConcat(if(person IN (SELECT person
FROM cohort_people FINAL
WHERE project = {p6:UInt32} AND cohort = {p7:UInt32} AND is_deleted = 0), [{p8:String}], []), [{p9:String}], CAST([], 'Array(String)'))) AS breakdown, max(ifNull(event = {p3:String}, false)) AS begins, max(ifNull(event = {p4:String}, false)) AS goes_on
FROM events
WHERE (project = {p6:UInt32}) AND (day >= {p10:Date} AND day <= {p11:Date}) AND (event IN {p12:Array(String)})
GROUP BY arrayJoin(arrayConcat(if(person IN (SELECT person
FROM cohort_people FINAL
WHERE project = {p6:UInt32} AND cohort = {p7:UInt32} AND is_deleted = 0), [{p8:String}], []), [{p9:String}], CAST([], 'Array(String)'))), person)))))))
WHERE level > 0
GROUP BY breakdown))
GROUP BY kept, is_other
ORDER BY min(place)
-- p0 = 25
-- p1 = 691199999999
-- p2 = 1708992000000000
-- p3 = 'a'
-- p4 = 'b'
-- p5 = 'c'
-- p6 = 7
-- p7 = 3
-- p8 = '3'
-- p9 = 'all'
-- p10 = '2024-02-27'
-- p11 = '2024-03-05'
-- p12 = ['a', 'b', 'c']
