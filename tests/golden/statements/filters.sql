SELECT t0.c0 AS r0
FROM (SELECT toString(event) AS c0, (day >= {p0:Date} AND day <= {p1:Date}) AND (person IN (SELECT person
FROM persons FINAL
WHERE project = {p2:UInt32} AND is_deleted = 0 AND (CAST(properties.`plan`, 'Nullable(String)') = {p3:String}))) AS c1
FROM events
WHERE project = {p2:UInt32}) AS t0
WHERE t0.c1 LIMIT 101
-- p0 = '2024-03-01'
-- p1 = '2024-03-05'
-- p2 = 7
-- p3 = 'pro'
