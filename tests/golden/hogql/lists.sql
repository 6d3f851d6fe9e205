-- properties.num in (5, 7.5) or event not in ('a', 'b') or properties.x in (null)
((toFloat64OrNull(CAST(properties.`num`, 'Nullable(String)')) IN ({p0:Int64}, {p1:Float64})) OR (toString(event) NOT IN ({p2:String}, {p3:String})) OR (CAST(properties.`x`, 'Nullable(String)') IN (NULL)))
-- p0 = 5
-- p1 = 7.5
-- p2 = 'a'
-- p3 = 'b'
FROM events
