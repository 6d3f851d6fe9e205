SELECT {p0:UInt16} AS branch, CAST([], 'Array(Nullable(String))'), false AS is_other, groupArray(bucket) AS ks, groupArray(toFloat64(ifNull(value, 0))) AS vs
FROM (SELECT toInt64(day) AS bucket, CAST([], 'Array(Nullable(String))') AS breakdown, count() AS value
FROM events
WHERE (project = {p1:UInt32}) AND ((event IN {p2:Array(String)}) AND (((event = {p3:String}) AND (properties.`$current_url` LIKE {p4:String})) OR ((event = {p5:String}) AND (person IN (SELECT person
FROM persons FINAL
WHERE project = {p1:UInt32} AND is_deleted = 0 AND (CAST(properties.`os`, 'Nullable(String)') = {p6:String})))))) AND (day >= {p7:Date} AND day <= {p8:Date})
GROUP BY day, breakdown)
-- p0 = 0
-- p1 = 7
-- p2 = ['buy', 'pay']
-- p3 = 'buy'
-- p4 = '%/basket%'
-- p5 = 'pay'
-- p6 = 'Mac'
-- p7 = '2024-03-01'
-- p8 = '2024-03-04'
