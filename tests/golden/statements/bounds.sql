SELECT count() AS r0
FROM (SELECT toTimeZone(ts, {p0:String}) AS c0
FROM events
WHERE (project = {p1:UInt32}) AND ((day >= toDate(least(greatest(toDateTime64(parseDateTime64BestEffort({p2:String}, 6, {p0:String}), 6, 'UTC'), toDateTime64('1970-01-08 00:00:00', 6, 'UTC')), toDateTime64('2149-01-01 00:00:00', 6, 'UTC'))) - 2) AND (day <= toDate(least(greatest(toDateTime64({p3:Date}, 6, 'UTC'), toDateTime64('1970-01-08 00:00:00', 6, 'UTC')), toDateTime64('2149-01-01 00:00:00', 6, 'UTC'))) + 2))) AS t0
WHERE ((t0.c0 >= parseDateTime64BestEffort({p2:String}, 6, {p0:String})) AND (toDate(toDateTime64(t0.c0, 6, {p0:String})) <= {p3:Date})) LIMIT 101
-- p0 = 'Europe/Berlin'
-- p1 = 7
-- p2 = '2024-03-01'
-- p3 = '2024-03-20'
