-- Why this close is only a draft; no row means complete. grain: problem x source
with until_when as (
    select month_start, least(month_end, as_of) as covered_until, as_of < month_end as is_open
    from ingest.close
),
by_source as (
    select source, sum(records) as records, sum(quarantined) as quarantined, sum(dup_conflict) as conflicts
    from ingest.files
    group by source
),
-- Walk the covered runs in order: a gap is where the next run begins after everything before it has ended.
runs as (
    select
        c.source, c.covers_from, c.covers_to,
        max(c.covers_to) over (
            partition by c.source order by c.covers_from, c.covers_to rows between unbounded preceding and 1 preceding
        ) as covered_before
    from ingest.coverage c
    join ingest.landed_files f on f.file_no = c.file_no
),
gaps as (
    select r.source, coalesce(r.covered_before, u.month_start) as gap_from, r.covers_from as gap_to
    from runs r
    cross join until_when u
    where r.covers_from > coalesce(r.covered_before, u.month_start)
    union all
    select source, max(covers_to), u.covered_until
    from runs
    cross join until_when u
    group by source, u.covered_until
    having max(covers_to) < u.covered_until
)
select 'quarantined' as problem, s.source, format('{} of {} records break a rule', s.quarantined, s.records) as detail
from by_source s
cross join ingest.policy p
where p.name = 'intake.max_quarantined_share' and s.quarantined > p.value * s.records
union all
select 'conflict', source, format('{} records contradict an earlier delivery of the same key', conflicts)
from by_source
where conflicts > 0
union all
select 'coverage', g.source, format('no buckets from {} to {}', g.gap_from, g.gap_to)
from gaps g
cross join until_when u
where g.gap_from < u.covered_until and g.gap_to > u.month_start
union all
select 'open_month', null, 'the month was not over'
from until_when
where is_open
order by all
