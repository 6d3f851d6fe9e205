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
FROM (SELECT groupArray(key) AS keys, groupArray(length(sessions)) AS counts, arrayMap(c -> if((c >= 2) AND (c <= 9), toInt64(c), -1), counts) AS weights, groupArrayArray(sessions) AS passed, arrayFilter(e -> e.2 > 0, arraySlice(arrayPartialSort(e -> (-e.2, e.1), 50, arrayZip(keys, weights, counts, groupArray(microseconds))), 1, 50)) AS shown
FROM (SELECT bitOr(bitOr(bitShiftLeft(toUInt64(step), 48), bitShiftLeft(bitAnd(came, 16777215), 24)), bitAnd(went, 16777215)) AS key, groupArray(session) AS sessions, sum(bitShiftRight(went, 24) - bitShiftRight(came, 24)) AS microseconds
FROM (WITH arraySplit((m, before) -> bitShiftRight(m, 24) - bitShiftRight(before, 24) >= 1800000000, moments, arrayShiftRight(moments, 1)) AS sittings SELECT actor, bitOr(bitShiftLeft(toUInt64(actor), 32), number) AS session, arraySlice(arrayFilter((m, next) -> bitAnd(bitXor(m, next), 16777215) != 0, sitting, arrayShiftLeft(sitting, 1, toUInt64(1))), 1, 5) AS path
FROM (SELECT person AS actor, arraySort(groupArray(bitOr(bitShiftLeft(toUInt64(toUnixTimestamp64Micro(ts) - 1708992000000000), 24), if(event = {p3:String}, transform(concat('0', ifNull(properties.`$current_url`, '')), texts, numbers, 1), if(event = {p4:String}, transform(concat('1', ifNull(properties.`$screen_name`, '')), texts, numbers, 1), transform(concat('2', event), texts, numbers, 1)))))) AS moments
FROM events
WHERE (project = {p0:UInt32}) AND (day >= {p1:Date} AND day <= {p2:Date}) AND (fits)
GROUP BY actor) ARRAY JOIN sittings AS sitting, arrayEnumerate(sittings) AS number) ARRAY JOIN arrayEnumerate(arrayPopBack(path)) AS step, arrayPopBack(path) AS came, arrayPopFront(path) AS went
GROUP BY key))
-- p0 = 7
-- p1 = '2024-02-27'
-- p2 = '2024-03-05'
-- p3 = '$pageview'
-- p4 = '$screen'
