-- How many attempts each log shows in each hour of the month, silent hours included. grain: source x hour
with hours as (
    select unnest(range(month_start, least(month_end, as_of), interval 1 hour)) as hour_start
    from ingest.close
),
counted as (
    select source, date_trunc('hour', started_at) as hour_start, count(*) as attempts
    from ingest.attempts
    group by all
)
select s.source, h.hour_start, coalesce(c.attempts, 0) as attempts
from (select distinct source from ingest.attempts) s
cross join hours h
left join counted c on c.source = s.source and c.hour_start = h.hour_start
order by s.source, h.hour_start
