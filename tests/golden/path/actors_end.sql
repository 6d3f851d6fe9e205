WITH (SELECT [(groupArray(text), arrayPopFront(arrayEnumerateDense(arrayPushFront(groupArray(called), '') AS name)), arrayDistinct(name))]
FROM (SELECT CAST(x, 'String') AS text, replaceRegexpOne(text, '(?s)(.)/$', '\\1') AS called
FROM (SELECT DISTINCT ifNull(properties.`$current_url`, '') AS x
FROM events
WHERE (project = {p0:UInt32}) AND (day >= {p1:Date} AND day <= {p2:Date}) AND (event = {p3:String}))
ORDER BY called)) AS items, items[1].1 AS texts, items[1].2 AS numbers, items[1].3 AS names, length(names) <= 16777215 AS fits SELECT fits, arraySlice(arraySort(groupUniqArray(actor)), {p4:Int64}, {p4:Int64}) AS actors
FROM (WITH arraySplit((m, before) -> bitShiftRight(m, 24) - bitShiftRight(before, 24) >= 1800000000, moments, arrayShiftRight(moments, 1)) AS sittings SELECT actor, bitOr(bitShiftLeft(toUInt64(actor), 32), number) AS session, arraySlice(arrayFilter((m, next) -> bitAnd(bitXor(m, next), 16777215) != 0, sitting, arrayShiftLeft(sitting, 1, toUInt64(1))), 1, 5) AS path
FROM (SELECT person AS actor, arraySort(groupArray(bitOr(bitShiftLeft(toUInt64(toUnixTimestamp64Micro(ts) - 1708992000000000), 24), transform(ifNull(properties.`$current_url`, ''), texts, numbers, 1)))) AS moments
FROM events
WHERE (project = {p0:UInt32}) AND (day >= {p1:Date} AND day <= {p2:Date}) AND (event = {p3:String}) AND (fits)
GROUP BY actor) ARRAY JOIN sittings AS sitting, arrayEnumerate(sittings) AS number)
WHERE (length(path) >= 3 AND bitAnd(path[3], 16777215) = indexOf(names, {p5:String}))
-- p0 = 7
-- p1 = '2024-02-27'
-- p2 = '2024-03-05'
-- p3 = '$pageview'
-- p4 = 101
-- p5 = '/b'
