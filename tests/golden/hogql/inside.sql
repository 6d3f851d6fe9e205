-- properties.o.a['b c'][2] = 'x' or JSONExtractString(properties.o, 'a', 'b') = 'y'
(ifNull((JSONExtract(CAST(properties.`o`, 'Nullable(String)'), {p0:String}, {p1:String}, {p2:Int64}, 'Nullable(String)') = {p3:String}), false) OR ifNull((JSONExtractString(CAST(properties.`o`, 'Nullable(String)'), {p0:String}, {p4:String}) = {p5:String}), false))
-- p0 = 'a'
-- p1 = 'b c'
-- p2 = 2
-- p3 = 'x'
-- p4 = 'b'
-- p5 = 'y'
FROM events
