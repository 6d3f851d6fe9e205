SELECT t0.c0 AS r0
FROM (SELECT toString(event) AS c0, person AS c1
FROM events
WHERE project = {p0:UInt32}) AS t0
WHERE ((t0.c1 IN (SELECT person
FROM persons FINAL
WHERE project = {p0:UInt32} AND is_deleted = 0 AND (CAST(properties.`plan`, 'Nullable(String)') = {p1:String}))) AND (NOT (t0.c1 IN (SELECT person
FROM cohort_people FINAL
WHERE project = {p0:UInt32} AND cohort = {p2:UInt32} AND is_deleted = 0)))) LIMIT 101
-- p0 = 7
-- p1 = 'pro'
-- p2 = 2
