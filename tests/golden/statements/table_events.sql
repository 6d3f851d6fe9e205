SELECT t0.c0 AS r0, t0.c1 AS r1, t0.c2 AS r2, t0.c3 AS r3, t0.c4 AS r4, t0.c5 AS r5, t0.c6 AS r6
FROM (SELECT toString(uuid) AS c0, toString(event) AS c1, replaceRegexpAll(toJSONString(properties), {p0:String}, '') AS c2, toTimeZone(ts, {p1:String}) AS c3, distinct_id AS c4, elements_chain AS c5, persons_value0 AS c6
FROM events
LEFT ANY JOIN (SELECT person AS persons_key, toString(uuid) AS persons_value0
FROM persons FINAL
WHERE project = {p2:UInt32} AND is_deleted = 0) AS persons ON person = persons_key
WHERE project = {p2:UInt32}) AS t0 LIMIT 101
-- p0 = ',"(\\$browser|\\$browser_version|\\$current_url|\\$device_type|\\$geoip_city_name|\\$geoip_country_code|\\$host|\\$lib|\\$lib_version|\\$os|\\$os_version|\\$pathname|\\$raw_user_agent|\\$referrer|\\$referring_domain|\\$screen_name|\\$session_id|\\$timezone)":null|"(\\$browser|\\$browser_version|\\$current_url|\\$device_type|\\$geoip_city_name|\\$geoip_country_code|\\$host|\\$lib|\\$lib_version|\\$os|\\$os_version|\\$pathname|\\$raw_user_agent|\\$referrer|\\$referring_domain|\\$screen_name|\\$session_id|\\$timezone)":null,?'
-- p1 = 'Europe/Berlin'
-- p2 = 7
