-- count(distinct properties.a, event) + uniq(person_id) + count(*) filter (where properties.paid)
ifNotFinite(toFloat64(((uniqExact(CAST(properties.`a`, 'Nullable(String)'), toString(event)) + uniqExact(persons_value0)) + countIf((CAST(properties.`paid`, 'Nullable(String)') IN ('true', '1'))))), 0)
FROM events LEFT ANY JOIN (SELECT person AS persons_key, toString(uuid) AS persons_value0 FROM persons FINAL WHERE project = {p0:UInt32} AND is_deleted = 0) AS persons ON person = persons_key
