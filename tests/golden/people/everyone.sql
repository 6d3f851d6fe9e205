SELECT who, event_count, event_distinct_ids
FROM (SELECT person AS who, toUInt64(0) AS event_count, CAST([], 'Array(String)') AS event_distinct_ids
FROM persons FINAL
WHERE project = {p0:UInt32} AND is_deleted = 0) AS found
LEFT ANY JOIN (SELECT person AS known, created_at
FROM persons FINAL
WHERE project = {p0:UInt32} AND is_deleted = 0) AS known ON who = known
WHERE who IN (SELECT 1)
ORDER BY created_at DESC, who LIMIT {p1:UInt64} OFFSET {p2:UInt64}
-- p0 = 7
-- p1 = 101
-- p2 = 0
