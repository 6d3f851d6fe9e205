-- properties.num > 5 and properties.plan != 'free' and not (properties.a = properties.b)
(ifNull((toFloat64OrNull(CAST(properties.`num`, 'Nullable(String)')) > {p0:Int64}), false) AND ifNull((CAST(properties.`plan`, 'Nullable(String)') != {p1:String}), true) AND not((CAST(properties.`a`, 'Nullable(String)') <=> CAST(properties.`b`, 'Nullable(String)'))))
-- p0 = 5
-- p1 = 'free'
FROM events
