-- toStartOfMonth(timestamp) = '2024-03-01' and timestamp > now() - interval 7 day
((toStartOfMonth(toTimeZone(ts, {p0:String})) = parseDateTime64BestEffort({p1:String}, 6, {p0:String})) AND ifNull((toTimeZone(ts, {p0:String}) > (fromUnixTimestamp64Micro({p2:Int64}, {p0:String}) - toIntervalDay({p3:Int64}))), false))
-- p0 = 'Asia/Tokyo'
-- p1 = '2024-03-01'
-- p2 = 1709640000000000
-- p3 = 7
FROM events
