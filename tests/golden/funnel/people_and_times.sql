SELECT toUInt32(actor) AS person, fromUnixTimestamp64Micro(toInt64(times[{p0:UInt8}]) + {p1:Int64}, 'UTC') AS at, CAST(fromUnixTimestamp64Micro(toInt64(times[{p2:UInt8}]) + {p1:Int64}, 'UTC'), 'Nullable(DateTime64(6, \'UTC\'))') AS previous_at
FROM (SELECT actor, bitShiftRight(best, 57) AS level, arrayLastIndex(r -> r = best, rank) AS place, [bitShiftRight(ts[place], 3), bitShiftRight(at1[place], 3), bitShiftRight(at2[place], 3)] AS times
FROM (SELECT actor, ts, at1, at2, rank, arrayMax(rank) AS best
FROM (SELECT actor, ts, at1, at2, arrayMap((m, a_ts, a_at1, a_at2) -> if(bitTest(m, 0), multiIf(bitShiftRight(a_at2, 3) - bitShiftRight(a_ts, 3) <= {p3:UInt64}, 576460752303423487 - bitShiftRight(a_at2, 3), bitShiftRight(a_at1, 3) - bitShiftRight(a_ts, 3) <= {p3:UInt64}, 432345564227567615 - bitShiftRight(a_at1, 3), 288230376151711743 - bitShiftRight(a_ts, 3)), 0), marks, ts, at1, at2) AS rank
FROM (SELECT actor, ts, marks, arrayReverseFill((t, m) -> bitAnd(m, 2) != 0, ts, marks) AS at1, arrayReverseFill((t, m) -> bitAnd(m, 2) != 0, after2, marks) AS at2
FROM (SELECT actor, ts, marks, arrayReverseFill((t, m) -> bitAnd(m, 4) != 0, ts, marks) AS after2
FROM (SELECT actor, arrayPushBack(arraySort(words), 4611686018427387904) AS ts, ts AS marks
FROM (SELECT groupArray(bitShiftLeft(toUInt64(toUnixTimestamp64Micro(ts) - {p1:Int64}), 3) + (ifNull(event = {p4:String}, false) * 1 + ifNull(event = {p5:String}, false) * 2 + ifNull(event = {p6:String}, false) * 4) * 1) AS words, person AS actor
FROM events
WHERE (project = {p7:UInt32}) AND (day >= {p8:Date} AND day <= {p9:Date}) AND (event IN {p10:Array(String)})
GROUP BY person)))))))
WHERE level >= {p0:UInt8}
-- p0 = 2
-- p1 = 1708992000000000
-- p2 = 1
-- p3 = 691199999999
-- p4 = 'a'
-- p5 = 'b'
-- p6 = 'c'
-- p7 = 7
-- p8 = '2024-02-27'
-- p9 = '2024-03-05'
-- p10 = ['a', 'b', 'c']
