SELECT t0.c0 AS r0, t0.c1 AS r1
FROM (SELECT cohort AS c0, persons_value0 AS c1
FROM (SELECT toUInt32({p0:UInt32}) AS cohort, person
FROM (SELECT person
FROM persons FINAL
WHERE project = {p1:UInt32} AND is_deleted = 0 AND (CAST(properties.`plan`, 'Nullable(String)') = {p2:String}))
UNION ALL SELECT toUInt32({p3:UInt32}) AS cohort, person
FROM (SELECT person
FROM cohort_people FINAL
WHERE project = {p1:UInt32} AND cohort = {p3:UInt32} AND is_deleted = 0)) AS members
LEFT ANY JOIN (SELECT person AS persons_key, toString(uuid) AS persons_value0
FROM persons FINAL
WHERE project = {p1:UInt32} AND is_deleted = 0) AS persons ON person = persons_key) AS t0 LIMIT 101
-- p0 = 1
-- p1 = 7
-- p2 = 'pro'
-- p3 = 2
