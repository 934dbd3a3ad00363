-- Time of the month that an export says nothing about. grain: source x gap
with until_when as (
    select month_start, least(month_end, as_of) as covered_until
    from ingest.close
),
-- Walk the covered runs in order: a gap is where the next run begins after everything before it has ended.
runs as (
    select
        source, covers_from, covers_to,
        max(covers_to) over (
            partition by source order by covers_from, covers_to rows between unbounded preceding and 1 preceding
        ) as covered_before
    from ingest.coverage
),
edges as (
    select r.source, coalesce(r.covered_before, u.month_start) as gap_from, r.covers_from as gap_to
    from runs r
    cross join until_when u
    union all
    select r.source, max(r.covers_to), u.covered_until
    from runs r
    cross join until_when u
    group by r.source, u.covered_until
)
select e.source, greatest(e.gap_from, u.month_start) as gap_from, least(e.gap_to, u.covered_until) as gap_to
from edges e
cross join until_when u
where greatest(e.gap_from, u.month_start) < least(e.gap_to, u.covered_until)
order by all
