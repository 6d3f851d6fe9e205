-- coalesce(properties.a, properties.b, 0) > 1 and properties.c is not null and 1 is distinct from null
(ifNull((coalesce(toFloat64(toFloat64OrNull(CAST(properties.`a`, 'Nullable(String)'))), toFloat64(toFloat64OrNull(CAST(properties.`b`, 'Nullable(String)'))), toFloat64({p0:Int64})) > {p1:Int64}), false) AND isNotNull(CAST(properties.`c`, 'Nullable(String)')) AND isNotNull({p1:Int64}))
-- p0 = 0
-- p1 = 1
FROM events
