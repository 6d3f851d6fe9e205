WITH (SELECT [(groupArray(text), arrayPopFront(arrayEnumerateDense(arrayPushFront(groupArray(called), '') AS name)), arrayDistinct(name))]
FROM (SELECT CAST(x, 'String') AS text, substring(replaceRegexpOne(text, '(?s)^(0.+)/$', '\\1'), 2) AS called
FROM (SELECT DISTINCT concat('0', ifNull(properties.`$current_url`, '')) AS x
FROM events
WHERE (project = {p0:UInt32}) AND (day >= {p1:Date} AND day <= {p2:Date}) AND (event = {p3:String})
UNION ALL SELECT DISTINCT concat('1', ifNull(properties.`$screen_name`, '')) AS x
FROM events
WHERE (project = {p0:UInt32}) AND (day >= {p1:Date} AND day <= {p2:Date}) AND (event = {p4:String})
UNION ALL SELECT DISTINCT concat('2', event) AS x
FROM events
WHERE (project = {p0:UInt32}) AND (day >= {p1:Date} AND day <= {p2:Date}) AND ((NOT (event = {p3:String})) AND (NOT (event = {p4:String}))))
ORDER BY called)) AS items, items[1].1 AS texts, items[1].2 AS numbers, items[1].3 AS names, length(names) <= 16777215 AS fits, shown[-1] AS last, arraySort(arrayFilter((s, h) -> h, passed, arrayFlatten(arrayMap((k, w, c) -> arrayWithConstant(c, w < last.2 OR (w = last.2 AND k > last.1)), keys, weights, counts)))) AS hidden SELECT fits, arrayMap(e -> (toUInt64(bitShiftRight(e.1, 48)), names[bitAnd(bitShiftRight(e.1, 24), 16777215)], names[bitAnd(e.1, 16777215)], e.2, e.3, e.4), shown) AS edges, length(keys) - length(shown) AS hidden_edges, length(arrayCompact(hidden)) AS hidden_sessions, length(arrayCompact(h -> bitShiftRight(h, 32), hidden)) AS hidden_people
FROM (SELECT groupArray(key) AS keys, groupArray(length(sessions)) AS counts, counts AS weights, groupArrayArray(sessions) AS passed, arraySlice(arrayPartialSort(e -> (-e.2, e.1), 50, arrayZip(keys, weights, counts, groupArray(microseconds))), 1, 50) AS shown
FROM (SELECT bitOr(bitOr(bitShiftLeft(toUInt64(step), 48), bitShiftLeft(bitAnd(came, 16777215), 24)), bitAnd(went, 16777215)) AS key, groupArray(session) AS sessions, sum(bitShiftRight(went, 24) - bitShiftRight(came, 24)) AS microseconds
FROM (WITH arraySplit((m, before) -> bitShiftRight(m, 24) - bitShiftRight(before, 24) >= 604800000000, moments, arrayShiftRight(moments, 1)) AS sittings SELECT actor, bitOr(bitShiftLeft(toUInt64(actor), 32), number) AS session, arraySlice(arrayFilter((m, next) -> bitAnd(bitXor(m, next), 16777215) != 0, sitting, arrayShiftLeft(sitting, 1, toUInt64(1))), 1, 5) AS path
FROM (SELECT actor, arrayFilter(m -> (bitShiftRight(m, 24) >= since) AND (bitShiftRight(m, 24) <= until + 0), moments) AS moments
FROM (SELECT person AS actor, arraySort(groupArray(bitOr(bitShiftLeft(toUInt64(toUnixTimestamp64Micro(ts) - 1708992000000000), 24), if(event = {p3:String}, transform(concat('0', ifNull(properties.`$current_url`, '')), texts, numbers, 1), if(event = {p4:String}, transform(concat('1', ifNull(properties.`$screen_name`, '')), texts, numbers, 1), transform(concat('2', event), texts, numbers, 1)))))) AS moments
FROM events
WHERE (project = {p0:UInt32}) AND (day >= {p1:Date} AND day <= {p2:Date}) AND (fits)
GROUP BY actor) AS done INNER JOIN (SELECT person AS reached, toUnixTimestamp64Micro(assumeNotNull(previous_at)) - 1708992000000000 AS since, toUnixTimestamp64Micro(at) - 1708992000000000 AS until
FROM (SELECT toUInt32(actor) AS person, fromUnixTimestamp64Micro(toInt64(times[{p5:UInt8}]) + {p6:Int64}, 'UTC') AS at, CAST(fromUnixTimestamp64Micro(toInt64(times[{p7:UInt8}]) + {p6:Int64}, 'UTC'), 'Nullable(DateTime64(6, \'UTC\'))') AS previous_at
FROM (SELECT actor, bitShiftRight(best, 57) AS level, arrayLastIndex(r -> r = best, rank) AS place, [bitShiftRight(ts[place], 2), bitShiftRight(at1[place], 2)] AS times
FROM (SELECT actor, ts, at1, rank, arrayMax(rank) AS best
FROM (SELECT actor, ts, at1, arrayMap((m, a_ts, a_at1) -> if(bitTest(m, 0), multiIf(bitShiftRight(a_at1, 2) - bitShiftRight(a_ts, 2) <= {p8:UInt64}, 432345564227567615 - bitShiftRight(a_at1, 2), 288230376151711743 - bitShiftRight(a_ts, 2)), 0), marks, ts, at1) AS rank
FROM (SELECT actor, ts, marks, arrayReverseFill((t, m) -> bitAnd(m, 2) != 0, ts, marks) AS at1
FROM (SELECT actor, arrayPushBack(arraySort(words), 4611686018427387904) AS ts, ts AS marks
FROM (SELECT groupArray(bitShiftLeft(toUInt64(toUnixTimestamp64Micro(ts) - {p6:Int64}), 2) + (ifNull(event = {p9:String}, false) * 1 + ifNull(event = {p10:String}, false) * 2) * 1) AS words, person AS actor
FROM events
WHERE (project = {p0:UInt32}) AND (day >= {p1:Date} AND day <= {p2:Date}) AND (event IN {p11:Array(String)})
GROUP BY person))))))
WHERE level >= {p5:UInt8})
WHERE isNotNull(previous_at)) AS step ON actor = reached) ARRAY JOIN sittings AS sitting, arrayEnumerate(sittings) AS number) ARRAY JOIN arrayEnumerate(arrayPopBack(path)) AS step, arrayPopBack(path) AS came, arrayPopFront(path) AS went
GROUP BY key))
-- p0 = 7
-- p1 = '2024-02-27'
-- p2 = '2024-03-05'
-- p3 = '$pageview'
-- p4 = '$screen'
-- p5 = 2
-- p6 = 1708992000000000
-- p7 = 1
-- p8 = 604800000000
-- p9 = 'a'
-- p10 = 'b'
-- p11 = ['a', 'b']
