-- Runs of hours in which a log is silent though silence is rare in it. grain: source x gap
-- What is expected there is the log's own average for that hour of a working day, or of a weekend.
with typical as (
    select
        source, isodow(hour_start) >= 6 as is_weekend, hour(hour_start) as hour_of_day,
        sum(attempts) as attempts, count(*) as hours
    from ingest.source_hours
    group by all
),
silent as (
    select
        h.source, h.hour_start, t.attempts * 1000 // t.hours as thousandths_expected,
        h.hour_start - to_hours(row_number() over (partition by h.source order by h.hour_start)) as run
    from ingest.source_hours h
    join typical t
        on t.source = h.source and t.is_weekend = (isodow(h.hour_start) >= 6) and t.hour_of_day = hour(h.hour_start)
    where h.attempts = 0
),
runs as (
    select
        source, min(hour_start) as gap_from, max(hour_start) + interval 1 hour as gap_to, count(*) as hours,
        cast(sum(thousandths_expected) // 1000 as bigint) as attempts_expected
    from silent
    group by source, run
),
totals as (
    select source, count(*) as hours, count(*) filter (attempts = 0) as hours_silent
    from ingest.source_hours
    group by source
)
select r.source, r.gap_from, r.gap_to, r.attempts_expected
from runs r
join totals t using (source)
cross join (select value from ingest.policy where name = 'intake.min_gap_attempts') least_attempts
cross join (select value from ingest.policy where name = 'intake.max_silent_share') most_silent
where r.attempts_expected >= least_attempts.value
    -- Where a log is often silent anyway, one more silent hour says nothing.
    and t.hours_silent - r.hours <= most_silent.value * (t.hours - r.hours)
order by r.source, r.gap_from
