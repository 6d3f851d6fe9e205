WITH (SELECT (text, number, number[indexOf(text, '')], arrayDistinct(name))
FROM (SELECT arraySort((t, n) -> n, texts, called) AS text, arraySort(called) AS name, arrayMap(d -> toUInt64(d - 1), arrayEnumerateDense(name)) AS number
FROM (SELECT arrayConcat(groupArray(source), {p0:Array(UInt8)}) AS sources, arrayConcat(groupArray(toString(x)), {p1:Array(String)}) AS texts, arrayConcat(groupArray(replaceRegexpOne(toString(x), '(?s)(.)/$', '\\1')), {p2:Array(String)}, [replaceRegexpOne('', '(?s)(.)/$', '\\1')]) AS called
FROM (SELECT DISTINCT 0 AS source, properties.`$current_url` AS x
FROM events
WHERE (project = {p3:UInt32}) AND (day >= {p4:Date} AND day <= {p5:Date}) AND (event = {p6:String}))
WHERE isNotNull(x)))) AS items SELECT length(items.4) <= 16777215 AS fits, arraySlice(arraySort(groupUniqArray(actor)), {p7:Int64}, {p7:Int64}) AS actors
FROM (SELECT actor, session, arraySlice(arrayFilter((m, next) -> bitAnd(bitXor(m, next), 16777215) != 0, sitting, arrayShiftLeft(sitting, 1)), 1, 5) AS path
FROM (SELECT actor, arraySplit((m, gap) -> gap >= 1800000000, moments, arrayDifference(arrayMap(m -> toInt64(bitShiftRight(m, 24)), moments))) AS sittings
FROM (SELECT person AS actor, arraySort(groupArray(bitOr(bitShiftLeft(toUInt64(toUnixTimestamp64Micro(ts) - 1708992000000000), 24), transform(properties.`$current_url`, items.1, items.2, items.3)))) AS moments
FROM events
WHERE (project = {p3:UInt32}) AND (day >= {p4:Date} AND day <= {p5:Date}) AND (event = {p6:String}) AND (length(items.4) <= 16777215)
GROUP BY actor)) ARRAY JOIN sittings AS sitting, arrayEnumerate(sittings) AS session)
WHERE ((length(path) >= 1 AND toInt64(bitAnd(path[1], 16777215)) = (toInt64(indexOf(items.4, {p8:String})) - 1))) AND (length(path) > 1)
-- p0 = [255, 0]
-- p1 = ['', '']
-- p2 = ['']
-- p3 = 7
-- p4 = '2024-02-27'
-- p5 = '2024-03-05'
-- p6 = '$pageview'
-- p7 = 101
-- p8 = '/a'
