SELECT {p0:UInt16} AS branch, kept AS breakdown, is_other, (sumMap(ks, vs) AS summed).1 AS keys, summed.2 AS values
FROM (SELECT ks, vs, row_number() OVER (ORDER BY arrayExists(v -> isNull(v), breakdown), arraySum(vs) DESC, breakdown) > {p1:UInt32} AS is_other, if(is_other, CAST([], 'Array(Nullable(String))'), breakdown) AS kept
FROM (SELECT [CAST(nullIf(arrayElement((SELECT arrayPushFront(groupArray(name), '')
FROM (SELECT ifNull(if(isNull(dynamicElement(properties.`os`, 'String')), CAST(properties.`os`, 'Nullable(String)'), assumeNotNull(dynamicElement(properties.`os`, 'String'))), '') AS name
FROM persons FINAL
WHERE project = {p2:UInt32} AND person IN (SELECT arrayJoin(arrayFilter((place, nth) -> nth = 1, arrayEnumerate(codes), arrayEnumerateUniq(codes))) - 1
FROM (SELECT (SELECT arrayEnumerateDense(arrayPushFront(if(ks[1] = 1 AND ks[-1] = length(ks), hs, arrayFlatten(arrayMap((hash, step) -> arrayResize([hash], -step), arraySort((hash, k) -> k, hs, ks), arrayPopFront(arrayDifference(arrayPushFront(arraySort(ks), 0)))))), 0))
FROM (SELECT groupArray(person) AS ks, groupArray(hash) AS hs
FROM (SELECT person, if(isNull(dynamicElement(properties.`os`, 'String')), bitXor(cityHash64(ifNull(CAST(properties.`os`, 'Nullable(String)'), '')), cityHash64('')), bitXor(cityHash64(ifNull(assumeNotNull(dynamicElement(properties.`os`, 'String')), '')), cityHash64(''))) * (is_deleted = 0) AS hash
FROM persons FINAL
WHERE project = {p2:UInt32}
ORDER BY person))) AS codes))
ORDER BY person)), grouped.breakdown), ''), 'Nullable(String)')] AS breakdown, groupArray(bucket) AS ks, groupArray(toFloat64(ifNull(value, 0))) AS vs
FROM (SELECT toInt64(day) AS bucket, greatest(arrayElement((SELECT arrayEnumerateDense(arrayPushFront(if(ks[1] = 1 AND ks[-1] = length(ks), hs, arrayFlatten(arrayMap((hash, step) -> arrayResize([hash], -step), arraySort((hash, k) -> k, hs, ks), arrayPopFront(arrayDifference(arrayPushFront(arraySort(ks), 0)))))), 0))
FROM (SELECT groupArray(person) AS ks, groupArray(hash) AS hs
FROM (SELECT person, if(isNull(dynamicElement(properties.`os`, 'String')), bitXor(cityHash64(ifNull(CAST(properties.`os`, 'Nullable(String)'), '')), cityHash64('')), bitXor(cityHash64(ifNull(assumeNotNull(dynamicElement(properties.`os`, 'String')), '')), cityHash64(''))) * (is_deleted = 0) AS hash
FROM persons FINAL
WHERE project = {p2:UInt32}
ORDER BY person))), person + 1), {p3:UInt32}) AS breakdown, count() AS value
FROM events
WHERE (project = {p2:UInt32}) AND (event = {p4:String}) AND (day >= {p5:Date} AND day <= {p6:Date})
GROUP BY day, breakdown) AS grouped
GROUP BY grouped.breakdown))
GROUP BY kept, is_other
-- p0 = 0
-- p1 = 25
-- p2 = 7
-- p3 = 1
-- p4 = 'buy'
-- p5 = '2024-03-01'
-- p6 = '2024-03-04'
