WITH (SELECT (arrayFilter((t, s) -> s = 0, text, source) AS text0, arrayFilter((n, s) -> s = 0, number, source) AS number0, number0[indexOf(text0, '')], arrayFilter((t, s) -> s = 1, text, source) AS text1, arrayFilter((n, s) -> s = 1, number, source) AS number1, number1[indexOf(text1, '')], arrayFilter((t, s) -> s = 2, text, source) AS text2, arrayFilter((n, s) -> s = 2, number, source) AS number2, number2[indexOf(text2, '')], arrayDistinct(name))
FROM (SELECT arraySort((s, n) -> n, sources, called) AS source, arraySort((t, n) -> n, texts, called) AS text, arraySort(called) AS name, arrayMap(d -> toUInt64(d - 1), arrayEnumerateDense(name)) AS number
FROM (SELECT arrayConcat(groupArray(source), {p0:Array(UInt8)}) AS sources, arrayConcat(groupArray(toString(x)), {p1:Array(String)}) AS texts, arrayConcat(groupArray(multiIf(source = 0, arrayMap(n -> multiIf(n LIKE {p2:String}, {p3:String}, n LIKE {p4:String}, {p5:String}, n), [replaceRegexpOne(toString(x), '(?s)(.)/$', '\\1')])[1], source = 1, arrayMap(n -> multiIf(n LIKE {p2:String}, {p3:String}, n LIKE {p4:String}, {p5:String}, n), [toString(x)])[1], arrayMap(n -> multiIf(n LIKE {p2:String}, {p3:String}, n LIKE {p4:String}, {p5:String}, n), [toString(x)])[1])), {p6:Array(String)}, [arrayMap(n -> multiIf(n LIKE {p2:String}, {p3:String}, n LIKE {p4:String}, {p5:String}, n), [replaceRegexpOne('', '(?s)(.)/$', '\\1')])[1], arrayMap(n -> multiIf(n LIKE {p2:String}, {p3:String}, n LIKE {p4:String}, {p5:String}, n), [''])[1], arrayMap(n -> multiIf(n LIKE {p2:String}, {p3:String}, n LIKE {p4:String}, {p5:String}, n), [''])[1]]) AS called
FROM (SELECT DISTINCT 0 AS source, properties.`$current_url` AS x
FROM events
WHERE (project = {p7:UInt32}) AND (day >= {p8:Date} AND day <= {p9:Date}) AND (event = {p10:String})
UNION ALL SELECT DISTINCT 1 AS source, properties.`$screen_name` AS x
FROM events
WHERE (project = {p7:UInt32}) AND (day >= {p8:Date} AND day <= {p9:Date}) AND (event = {p11:String})
UNION ALL SELECT DISTINCT 2 AS source, event AS x
FROM events
WHERE (project = {p7:UInt32}) AND (day >= {p8:Date} AND day <= {p9:Date}) AND ((NOT (event = {p10:String})) AND (NOT (event = {p11:String}))))
WHERE isNotNull(x)))) AS items SELECT length(items.10) <= 16777215 AS fits, arrayMap(e -> (toUInt64(bitShiftRight(e.1, 48)), items.10[bitAnd(bitShiftRight(e.1, 24), 16777215) + 1], items.10[bitAnd(e.1, 16777215) + 1], e.2, e.3, e.4), shown) AS edges, arraySum(is_hidden) AS hidden_edges, length(arrayCompact(hidden)) AS hidden_sessions, length(arrayCompact(h -> bitShiftRight(h, 32), hidden)) AS hidden_people
FROM (SELECT shown, shown[-1].2 AS least, shown[-1].1 AS final, arrayMap((w, k) -> w < least OR (w = least AND k > final), weights, keys) AS is_hidden, arraySort(arrayFilter((s, h) -> h, passed, arrayFlatten(arrayMap((c, h) -> arrayWithConstant(c, h), counts, is_hidden)))) AS hidden
FROM (SELECT *, arraySlice(arrayPartialSort(e -> (-e.2, e.1), 50, arrayZip(keys, weights, counts, times)), 1, 50) AS shown
FROM (SELECT groupArray(key) AS keys, groupArray(length(sessions)) AS counts, arrayMap(c -> toInt64(c), counts) AS weights, groupArray(microseconds) AS times, groupArrayArray(sessions) AS passed
FROM (SELECT bitOr(bitOr(bitShiftLeft(toUInt64(step), 48), bitShiftLeft(bitAnd(came, 16777215), 24)), bitAnd(went, 16777215)) AS key, groupArray(bitOr(bitShiftLeft(toUInt64(actor), 32), session)) AS sessions, sum(toInt64(bitShiftRight(went, 24)) - toInt64(bitShiftRight(came, 24))) AS microseconds
FROM (SELECT actor, session, arraySlice(arrayFilter((m, next) -> bitAnd(bitXor(m, next), 16777215) != 0, sitting, arrayShiftLeft(sitting, 1)), 1, 5) AS path
FROM (SELECT actor, arraySplit((m, gap) -> gap >= 1800000000, moments, arrayDifference(arrayMap(m -> toInt64(bitShiftRight(m, 24)), moments))) AS sittings
FROM (SELECT person AS actor, arraySort(groupArray(bitOr(bitShiftLeft(toUInt64(toUnixTimestamp64Micro(ts) - 1708992000000000), 24), if(event = {p10:String}, transform(properties.`$current_url`, items.1, items.2, items.3), if(event = {p11:String}, transform(properties.`$screen_name`, items.4, items.5, items.6), transform(event, items.7, items.8, items.9)))))) AS moments
FROM events
WHERE (project = {p7:UInt32}) AND (day >= {p8:Date} AND day <= {p9:Date}) AND (length(items.10) <= 16777215)
GROUP BY actor
HAVING length(moments) >= 2)) ARRAY JOIN sittings AS sitting, arrayEnumerate(sittings) AS session
WHERE length(sitting) >= 2) ARRAY JOIN arrayEnumerate(arrayPopBack(path)) AS step, arrayPopBack(path) AS came, arrayPopFront(path) AS went
GROUP BY key))))
-- p0 = [255, 0, 1, 2]
-- p1 = ['', '', '', '']
-- p2 = '%100\\%\\_\\\\%'
-- p3 = '100%_\\'
-- p4 = '%/a/%'
-- p5 = '/a/*'
-- p6 = ['']
-- p7 = 7
-- p8 = '2024-02-27'
-- p9 = '2024-03-05'
-- p10 = '$pageview'
-- p11 = '$screen'
