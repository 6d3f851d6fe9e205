-- arrayExists(x -> arrayExists(y -> x = y, ['a']), splitByChar(',', properties.tags))
arrayExists((x0) -> arrayExists((x1) -> (x0 = x1), [{p0:String}]), splitByChar({p1:String}, ifNull(CAST(properties.`tags`, 'Nullable(String)'), '')))
-- p0 = 'a'
-- p1 = ','
FROM events
