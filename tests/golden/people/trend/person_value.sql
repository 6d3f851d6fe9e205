SELECT who, event_count, event_distinct_ids
FROM (SELECT who, sum(events) AS event_count, groupUniqArrayArray({p0:UInt32})(ids) AS event_distinct_ids
FROM (SELECT person AS who, greatest(arrayElement((SELECT arrayEnumerateDense(arrayPushFront(if(ks[1] = 1 AND ks[-1] = length(ks), hs, arrayFlatten(arrayMap((hash, step) -> arrayResize([hash], -step), arraySort((hash, k) -> k, hs, ks), arrayPopFront(arrayDifference(arrayPushFront(arraySort(ks), 0)))))), 0))
FROM (SELECT groupArray(person) AS ks, groupArray(hash) AS hs
FROM (SELECT person, if(isNull(dynamicElement(properties.`os`, 'String')), bitXor(cityHash64(ifNull(CAST(properties.`os`, 'Nullable(String)'), '')), cityHash64('')), bitXor(cityHash64(ifNull(assumeNotNull(dynamicElement(properties.`os`, 'String')), '')), cityHash64(''))) * (is_deleted = 0) AS hash
FROM persons FINAL
WHERE project = {p1:UInt32}
ORDER BY person))), person + 1), {p2:UInt32}) AS breakdown, count() AS events, CAST([], 'Array(String)') AS ids
FROM events
WHERE ((project = {p1:UInt32}) AND (event = {p3:String}) AND (day >= {p4:Date} AND day <= {p4:Date})) AND (toInt64(day) = {p5:Int64})
GROUP BY who, breakdown)
WHERE arrayMap(v -> ifNull(v, ''), [CAST(nullIf(arrayElement((SELECT arrayPushFront(groupArray(name), '')
FROM (SELECT ifNull(if(isNull(dynamicElement(properties.`os`, 'String')), CAST(properties.`os`, 'Nullable(String)'), assumeNotNull(dynamicElement(properties.`os`, 'String'))), '') AS name
FROM persons FINAL
WHERE project = {p1:UInt32} AND person IN (SELECT arrayJoin(arrayFilter((place, nth) -> nth = 1, arrayEnumerate(codes), arrayEnumerateUniq(codes))) - 1
FROM (SELECT (SELECT arrayEnumerateDense(arrayPushFront(if(ks[1] = 1 AND ks[-1] = length(ks), hs, arrayFlatten(arrayMap((hash, step) -> arrayResize([hash], -step), arraySort((hash, k) -> k, hs, ks), arrayPopFront(arrayDifference(arrayPushFront(arraySort(ks), 0)))))), 0))
FROM (SELECT groupArray(person) AS ks, groupArray(hash) AS hs
FROM (SELECT person, if(isNull(dynamicElement(properties.`os`, 'String')), bitXor(cityHash64(ifNull(CAST(properties.`os`, 'Nullable(String)'), '')), cityHash64('')), bitXor(cityHash64(ifNull(assumeNotNull(dynamicElement(properties.`os`, 'String')), '')), cityHash64(''))) * (is_deleted = 0) AS hash
FROM persons FINAL
WHERE project = {p1:UInt32}
ORDER BY person))) AS codes))
ORDER BY person)), breakdown), ''), 'Nullable(String)')]) = {p6:Array(String)}
GROUP BY who)
ORDER BY event_count DESC, who LIMIT {p7:UInt64} OFFSET {p8:UInt64}
-- p0 = 100
-- p1 = 7
-- p2 = 1
-- p3 = 'buy'
-- p4 = '2024-03-02'
-- p5 = 19784
-- p6 = ['Linux']
-- p7 = 101
-- p8 = 0
