SELECT count() AS r0
FROM (SELECT toTimeZone(ts, {p0:String}) AS c0, toString(event) AS c1
FROM events
WHERE project = {p1:UInt32}) AS t0
WHERE ((t0.c0 >= parseDateTime64BestEffort({p2:String}, 6, {p0:String})) OR (t0.c1 = {p3:String})) LIMIT 101
-- p0 = 'Europe/Berlin'
-- p1 = 7
-- p2 = '2024-03-01'
-- p3 = 'a'
