SELECT {p0:UInt16} AS branch, kept AS breakdown, is_other, (sumMap(ks, vs) AS summed).1 AS keys, summed.2 AS values
FROM (SELECT ks, vs, row_number() OVER (ORDER BY arrayExists(v -> isNull(v), breakdown), arraySum(vs) DESC, breakdown) > {p1:UInt32} AS is_other, if(is_other, CAST([], 'Array(Nullable(String))'), breakdown) AS kept
FROM (SELECT [CAST(nullIf(max(name), ''), 'Nullable(String)')] AS breakdown, groupArrayIf(bucket, has_value) AS ks, groupArrayIf(toFloat64(ifNull(value, 0)), has_value) AS vs
FROM (SELECT breakdown AS code, bucket, value, '' AS name, true AS has_value
FROM (SELECT toInt64(day) AS bucket, greatest(arrayElement((SELECT arrayEnumerateDense(arrayPushFront(if(empty(ks) OR (least = 1 AND greatest = length(ks) AND arrayMin(arrayDifference(ks)) = 0), hs, arrayConcat(arrayResize([toUInt64(0)], pairs[1].1 - 1), arrayFlatten(arrayMap((pair, following) -> arrayResize([pair.2], following - pair.1), arraySort(arrayZip(ks, hs)) AS pairs, arrayPushBack(arrayPopFront(pairs.1), pairs[-1].1 + 1))))), 0))
FROM (SELECT groupArray(person) AS ks, groupArray(hash) AS hs, min(person) AS least, max(person) AS greatest
FROM (SELECT person, bitXor(cityHash64(ifNull(if(isNull(dynamicElement(properties.`os`, 'String')), CAST(properties.`os`, 'Nullable(String)'), dynamicElement(properties.`os`, 'String')), '')), cityHash64('')) * (is_deleted = 0) AS hash
FROM persons FINAL
WHERE project = {p2:UInt32}
ORDER BY person))), person + 1), {p3:UInt32}) AS breakdown, count() AS value
FROM events
WHERE (project = {p2:UInt32}) AND (event = {p4:String}) AND (day >= {p5:Date} AND day <= {p6:Date})
GROUP BY bucket, breakdown)
UNION ALL SELECT code, 0, 0, name, false
FROM (SELECT toUInt32(row_number() OVER (ORDER BY first) + {p3:UInt32}) AS code, name
FROM (SELECT bitXor(cityHash64(ifNull(if(isNull(dynamicElement(properties.`os`, 'String')), CAST(properties.`os`, 'Nullable(String)'), dynamicElement(properties.`os`, 'String')), '')), cityHash64('')) AS hash, any(ifNull(if(isNull(dynamicElement(properties.`os`, 'String')), CAST(properties.`os`, 'Nullable(String)'), dynamicElement(properties.`os`, 'String')), '')) AS name, min(person) AS first
FROM persons FINAL
WHERE project = {p2:UInt32} AND is_deleted = 0 AND ifNull(if(isNull(dynamicElement(properties.`os`, 'String')), CAST(properties.`os`, 'Nullable(String)'), dynamicElement(properties.`os`, 'String')), '') != ''
GROUP BY hash))) AS grouped
GROUP BY code
HAVING notEmpty(ks)))
GROUP BY kept, is_other
-- p0 = 0
-- p1 = 25
-- p2 = 7
-- p3 = 1
-- p4 = 'buy'
-- p5 = '2024-03-01'
-- p6 = '2024-03-04'
