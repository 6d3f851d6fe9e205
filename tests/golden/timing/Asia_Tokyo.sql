SELECT part, value, loads, percentiles, fetched, cached, interactions, frustrating, count() OVER (PARTITION BY part) AS many
FROM (SELECT place.1 AS part, place.2 AS value, count() AS loads, quantilesExactInclusiveIf(0.5, 0.75, 0.95, 0.99)(time_to_see_data_ms, has_time) AS percentiles, sum(insights_fetched) AS fetched, sum(least(insights_fetched_cached, insights_fetched)) AS cached, countIf(is_primary_interaction) AS interactions, countIf(is_primary_interaction AND time_to_see_data_ms >= {p0:UInt64}) AS frustrating
FROM (SELECT arrayJoin([('total', ''), ('insight', toString(insight)), ('context', toString(context)), ('day', toString(toDate(toTimeZone(timestamp, {p1:String}))))]) AS place, time_to_see_data_ms, has_time, is_primary_interaction, insights_fetched, insights_fetched_cached
FROM metrics_time_to_see_data FINAL
WHERE (project = {p2:UInt32}) AND (day >= {p3:Date} AND day <= {p4:Date}) AND (timestamp >= fromUnixTimestamp64Micro({p5:Int64})) AND (timestamp <= fromUnixTimestamp64Micro({p6:Int64})) AND (insight = {p7:String}) AND (context = {p7:String}) AND (type = {p7:String}) AND (status = {p7:String}) AND (session_id = {p7:String}))
GROUP BY place)
ORDER BY part, loads DESC, value LIMIT {p8:UInt64} BY part
-- p0 = 5000
-- p1 = 'Asia/Tokyo'
-- p2 = 7
-- p3 = '2024-03-05'
-- p4 = '2024-03-13'
-- p5 = 1709650800000000
-- p6 = 1710341999999999
-- p7 = "'; DROP TABLE events --"
-- p8 = 10001
