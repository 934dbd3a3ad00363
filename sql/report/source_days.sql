-- Each source day by day: records, silent hours of a log, time that an export covers. grain: month x source x day
with days as (
    select c.month, cast(unnest(range(c.month_start, least(c.month_end, c.as_of), interval 1 day)) as date) as day
    from ingest.close c
),
logs as (
    select source, cast(hour_start as date) as day, sum(attempts) as records, count(*) filter (attempts = 0) as hours_silent
    from ingest.source_hours
    group by all
),
buckets as (
    select source, cast(bucket_start as date) as day, count(distinct (file_no, record_no)) as records
    from ingest.usage_buckets
    group by all
),
lines as (
    select source, cast(charge_period_start as date) as day, count(distinct (file_no, record_no)) as records
    from ingest.billing_lines
    group by all
),
billed as (
    select source, day, sum(records) as records
    from (select * from buckets union all select * from lines)
    group by all
),
sources as (
    select source, side, max(source in (select source from ingest.coverage)) as states_coverage
    from ingest.files
    group by all
)
select
    d.month,
    s.source,
    s.side,
    d.day,
    cast(coalesce(l.records, b.records, 0) as bigint) as records,
    case when s.source in (select source from ingest.source_hours) then coalesce(l.hours_silent, 0) end as hours_silent,
    case when s.states_coverage then not exists (
        select 1
        from ingest.coverage_gaps g
        where g.source = s.source and g.gap_from < d.day + interval 1 day and g.gap_to > d.day
    ) end as is_covered
from sources s
cross join days d
left join logs l on l.source = s.source and l.day = d.day
left join billed b on b.source = s.source and b.day = d.day
order by s.source, d.day
