-- concat(person.properties.plan, ' : ', properties.num)
toValidUTF8(CAST(concat(ifNull(persons_value0, ''), {p0:String}, ifNull(CAST(properties.`num`, 'Nullable(String)'), '')), 'Nullable(String)'))
-- p0 = ' : '
FROM events LEFT ANY JOIN (SELECT person AS persons_key, CAST(properties.`plan`, 'Nullable(String)') AS persons_value0 FROM persons FINAL WHERE project = {p0:UInt32} AND is_deleted = 0) AS persons ON person = persons_key
