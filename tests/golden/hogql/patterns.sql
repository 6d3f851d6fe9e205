-- properties.url like '%/p/%' or properties.url !~ '^https' or match(event, '(?i)x')
(ifNull((CAST(properties.`url`, 'Nullable(String)') LIKE {p0:String}), false) OR ifNull((NOT match(CAST(properties.`url`, 'Nullable(String)'), {p1:String})), true) OR (match(toString(event), {p2:String})))
-- p0 = '%/p/%'
-- p1 = '^https'
-- p2 = '(?i)x'
FROM events
