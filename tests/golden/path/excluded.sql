WITH (SELECT [(groupArray(text), arrayPopFront(arrayMap((d, n) -> if(has({p0:Array(String)}, n), 0, d), arrayEnumerateDense(arrayPushFront(groupArray(called), '') AS name), name)), arrayDistinct(name))]
FROM (SELECT CAST(x, 'String') AS text, replaceRegexpOne(text, '(?s)(.)/$', '\\1') AS called
FROM (SELECT DISTINCT ifNull(properties.`$current_url`, '') AS x
FROM events
WHERE (project = {p1:UInt32}) AND (day >= {p2:Date} AND day <= {p3:Date}) AND (event = {p4:String}))
ORDER BY called)) AS items, items[1].1 AS texts, items[1].2 AS numbers, items[1].3 AS names, length(names) <= 16777215 AS fits, shown[-1] AS last, arraySort(arrayFilter((s, h) -> h, passed, arrayFlatten(arrayMap((k, w, c) -> arrayWithConstant(c, w < last.2 OR (w = last.2 AND k > last.1)), keys, weights, counts)))) AS hidden SELECT fits, arrayMap(e -> (toUInt64(bitShiftRight(e.1, 48)), names[bitAnd(bitShiftRight(e.1, 24), 16777215)], names[bitAnd(e.1, 16777215)], e.2, e.3, e.4), shown) AS edges, length(keys) - length(shown) AS hidden_edges, length(arrayCompact(hidden)) AS hidden_sessions, length(arrayCompact(h -> bitShiftRight(h, 32), hidden)) AS hidden_people
FROM (SELECT groupArray(key) AS keys, groupArray(length(sessions)) AS counts, counts AS weights, groupArrayArray(sessions) AS passed, arraySlice(arrayPartialSort(e -> (-e.2, e.1), 50, arrayZip(keys, weights, counts, groupArray(microseconds))), 1, 50) AS shown
FROM (SELECT bitOr(bitOr(bitShiftLeft(toUInt64(step), 48), bitShiftLeft(bitAnd(came, 16777215), 24)), bitAnd(went, 16777215)) AS key, groupArray(session) AS sessions, sum(bitShiftRight(went, 24) - bitShiftRight(came, 24)) AS microseconds
FROM (WITH arraySplit((m, before) -> bitShiftRight(m, 24) - bitShiftRight(before, 24) >= 1800000000, moments, arrayShiftRight(moments, 1)) AS sittings SELECT actor, bitOr(bitShiftLeft(toUInt64(actor), 32), number) AS session, arraySlice(arrayFilter((m, next) -> bitAnd(bitXor(m, next), 16777215) != 0, sitting, arrayShiftLeft(sitting, 1, toUInt64(1))), 1, 5) AS path
FROM (SELECT person AS actor, arraySort(groupArray(bitOr(bitShiftLeft(toUInt64(toUnixTimestamp64Micro(ts) - 1708992000000000), 24), transform(ifNull(properties.`$current_url`, ''), texts, numbers, 1)))) AS moments
FROM events
WHERE (project = {p1:UInt32}) AND (day >= {p2:Date} AND day <= {p3:Date}) AND (event = {p4:String}) AND (fits) AND (transform(ifNull(properties.`$current_url`, ''), texts, numbers, 1) != 0)
GROUP BY actor) ARRAY JOIN sittings AS sitting, arrayEnumerate(sittings) AS number) ARRAY JOIN arrayEnumerate(arrayPopBack(path)) AS step, arrayPopBack(path) AS came, arrayPopFront(path) AS went
GROUP BY key))
-- p0 = ['/a', '/b']
-- p1 = 7
-- p2 = '2024-02-27'
-- p3 = '2024-03-05'
-- p4 = '$pageview'
