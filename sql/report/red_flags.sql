-- What must someone look at today. grain: month x flag x subject
select c.month, t.*, 'open' as status
from redflags.fired t
cross join ingest.close c
order by t.flag, t.subject
