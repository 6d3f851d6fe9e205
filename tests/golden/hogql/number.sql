-- properties.num * 2
toValidUTF8(CAST(toString((toFloat64OrNull(CAST(properties.`num`, 'Nullable(String)')) * {p0:Int64})), 'Nullable(String)'))
-- p0 = 2
FROM events
