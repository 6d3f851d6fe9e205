WITH (SELECT (text, number, number[indexOf(text, '')], arrayDistinct(name))
FROM (SELECT arraySort((t, n) -> n, texts, called) AS text, arraySort(called) AS name, arrayMap(d -> toUInt64(d - 1), arrayEnumerateDense(name)) AS number
FROM (SELECT arrayConcat(groupArray(source), {p0:Array(UInt8)}) AS sources, arrayConcat(groupArray(toString(x)), {p1:Array(String)}) AS texts, arrayConcat(groupArray(toString(x)), {p2:Array(String)}, ['']) AS called
FROM (SELECT DISTINCT 0 AS source, properties.`$screen_name` AS x
FROM events
WHERE (project = {p3:UInt32}) AND (day >= {p4:Date} AND day <= {p5:Date}) AND (event = {p6:String}))
WHERE isNotNull(x)))) AS items SELECT length(items.4) <= 16777215 AS fits, arrayMap(e -> (toUInt64(bitShiftRight(e.1, 48)), items.4[bitAnd(bitShiftRight(e.1, 24), 16777215) + 1], items.4[bitAnd(e.1, 16777215) + 1], e.2, e.3, e.4), shown) AS edges, arraySum(is_hidden) AS hidden_edges, length(arrayCompact(hidden)) AS hidden_sessions, length(arrayCompact(h -> bitShiftRight(h, 32), hidden)) AS hidden_people
FROM (SELECT shown, shown[-1].2 AS least, shown[-1].1 AS final, arrayMap((w, k) -> w < least OR (w = least AND k > final), weights, keys) AS is_hidden, arraySort(arrayFilter((s, h) -> h, passed, arrayFlatten(arrayMap((c, h) -> arrayWithConstant(c, h), counts, is_hidden)))) AS hidden
FROM (SELECT *, arraySlice(arrayPartialSort(e -> (-e.2, e.1), 50, arrayZip(keys, weights, counts, times)), 1, 50) AS shown
FROM (SELECT groupArray(key) AS keys, groupArray(length(sessions)) AS counts, arrayMap(c -> toInt64(c), counts) AS weights, groupArray(microseconds) AS times, groupArrayArray(sessions) AS passed
FROM (SELECT bitOr(bitOr(bitShiftLeft(toUInt64(step), 48), bitShiftLeft(bitAnd(came, 16777215), 24)), bitAnd(went, 16777215)) AS key, groupArray(bitOr(bitShiftLeft(toUInt64(actor), 32), session)) AS sessions, sum(toInt64(bitShiftRight(went, 24)) - toInt64(bitShiftRight(came, 24))) AS microseconds
FROM (SELECT actor, session, arraySlice(arrayFilter((m, next) -> bitAnd(bitXor(m, next), 16777215) != 0, sitting, arrayShiftLeft(sitting, 1)), 1, 5) AS path
FROM (SELECT actor, arraySplit((m, gap) -> gap >= 1800000000, moments, arrayDifference(arrayMap(m -> toInt64(bitShiftRight(m, 24)), moments))) AS sittings
FROM (SELECT person AS actor, arraySort(groupArray(bitOr(bitShiftLeft(toUInt64(toUnixTimestamp64Micro(ts) - 1708992000000000), 24), transform(properties.`$screen_name`, items.1, items.2, items.3)))) AS moments
FROM events
WHERE (project = {p3:UInt32}) AND (day >= {p4:Date} AND day <= {p5:Date}) AND (event = {p6:String}) AND (length(items.4) <= 16777215)
GROUP BY actor
HAVING length(moments) >= 2)) ARRAY JOIN sittings AS sitting, arrayEnumerate(sittings) AS session
WHERE length(sitting) >= 2) ARRAY JOIN arrayEnumerate(arrayPopBack(path)) AS step, arrayPopBack(path) AS came, arrayPopFront(path) AS went
GROUP BY key))))
-- p0 = [255, 0]
-- p1 = ['', '']
-- p2 = ['']
-- p3 = 7
-- p4 = '2024-02-27'
-- p5 = '2024-03-05'
-- p6 = '$screen'
