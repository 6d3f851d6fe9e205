-- case event when 'a' then 1 when 'b' then 2 else 0 end = 1 ? true : false
if(ifNull((multiIf((toString(event) = {p0:String}), {p1:Int64}, (toString(event) = {p2:String}), {p3:Int64}, {p4:Int64}) = {p1:Int64}), false), true, false)
-- p0 = 'a'
-- p1 = 1
-- p2 = 'b'
-- p3 = 2
-- p4 = 0
FROM events
