SELECT t0.c0 AS r0, t0.c1 AS r1, t0.c2 AS r2, t0.c3 AS r3
FROM (SELECT if(isFinite(toFloat64OrNull(CAST(properties.`price`, 'Nullable(String)'))), toFloat64OrNull(CAST(properties.`price`, 'Nullable(String)')), NULL) AS c0, CAST(if(isNull(CAST(properties.`ok`, 'Nullable(String)')), NULL, CAST(properties.`ok`, 'Nullable(String)') = 'true'), 'Nullable(Bool)') AS c1, parseDateTime64BestEffortOrNull(persons_value0, 6, {p0:String}) AS c2, CAST(properties.`plan`, 'Nullable(String)') AS c3
FROM events
LEFT ANY JOIN (SELECT person AS persons_key, CAST(properties.`since`, 'Nullable(String)') AS persons_value0
FROM persons FINAL
WHERE project = {p1:UInt32} AND is_deleted = 0) AS persons ON person = persons_key
WHERE project = {p1:UInt32}) AS t0 LIMIT 101
-- p0 = 'Europe/Berlin'
-- p1 = 7
