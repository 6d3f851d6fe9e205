SELECT toUnixTimestamp64Micro(min(first))
FROM (SELECT minOrNull(ts) AS first
FROM events
WHERE (project = {p0:UInt32}) AND (event = {p1:String})
UNION ALL SELECT minOrNull(ts) AS first
FROM events
WHERE (project = {p0:UInt32}) AND ((event IN {p2:Array(String)}) AND (((event = {p1:String}) AND (properties.`$current_url` LIKE {p3:String})) OR ((event = {p4:String}) AND (person IN (SELECT person
FROM persons FINAL
WHERE project = {p0:UInt32} AND is_deleted = 0 AND (CAST(properties.`os`, 'Nullable(String)') = {p5:String})))))))
-- p0 = 7
-- p1 = 'buy'
-- p2 = ['buy', 'pay']
-- p3 = '%/basket%'
-- p4 = 'pay'
-- p5 = 'Mac'
