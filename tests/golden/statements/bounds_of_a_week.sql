SELECT count() AS r0
FROM (SELECT toTimeZone(ts, {p0:String}) AS c0
FROM events
WHERE (project = {p1:UInt32}) AND (day >= toDate(least(greatest(toDateTime64(parseDateTime64BestEffort({p2:String}, 6, {p0:String}), 6, 'UTC'), toDateTime64('1970-01-08 00:00:00', 6, 'UTC')), toDateTime64('2149-01-01 00:00:00', 6, 'UTC'))) - 2)) AS t0
WHERE (toStartOfWeek(t0.c0, 0) = parseDateTime64BestEffort({p2:String}, 6, {p0:String})) LIMIT 101
-- p0 = 'Europe/Berlin'
-- p1 = 7
-- p2 = '2024-03-03'
