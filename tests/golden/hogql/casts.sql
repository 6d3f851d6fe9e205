-- properties.num::int + properties.num::float > 1 and cast(event as text) = f'{event}!'
(ifNull(((toInt64OrNull(toString(trunc(toFloat64OrNull(CAST(properties.`num`, 'Nullable(String)'))))) + toFloat64OrNull(CAST(properties.`num`, 'Nullable(String)'))) > {p0:Int64}), false) AND (toString(event) = concat(toString(event), {p1:String})))
-- p0 = 1
-- p1 = '!'
FROM events
