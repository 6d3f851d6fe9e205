SELECT t0.c0 AS r0, t0.c1 AS r1
FROM (SELECT distinct_id AS c0, persons_value0 AS c1
FROM person_distinct_ids FINAL
LEFT ANY JOIN (SELECT person AS persons_key, toString(uuid) AS persons_value0
FROM persons FINAL
WHERE project = {p0:UInt32} AND is_deleted = 0) AS persons ON person = persons_key
WHERE project = {p0:UInt32}) AS t0 LIMIT 101
-- p0 = 7
