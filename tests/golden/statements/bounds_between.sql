SELECT count() AS r0
FROM (SELECT toTimeZone(ts, {p0:String}) AS c0
FROM events
WHERE (project = {p1:UInt32}) AND ((day >= toDate(least(greatest(toDateTime64(parseDateTime64BestEffort({p2:String}, 6, {p0:String}), 6, 'UTC'), toDateTime64('1970-01-08 00:00:00', 6, 'UTC')), toDateTime64('2149-01-01 00:00:00', 6, 'UTC'))) - 2) AND (day <= toDate(least(greatest(toDateTime64((fromUnixTimestamp64Micro({p3:Int64}, {p0:String}) - toIntervalDay({p4:Int64})), 6, 'UTC'), toDateTime64('1970-01-08 00:00:00', 6, 'UTC')), toDateTime64('2149-01-01 00:00:00', 6, 'UTC'))) + 2))) AS t0
WHERE (t0.c0 BETWEEN parseDateTime64BestEffort({p2:String}, 6, {p0:String}) AND (fromUnixTimestamp64Micro({p3:Int64}, {p0:String}) - toIntervalDay({p4:Int64}))) LIMIT 101
-- p0 = 'Europe/Berlin'
-- p1 = 7
-- p2 = '2024-03-01'
-- p3 = 1710948600000000
-- p4 = 1
