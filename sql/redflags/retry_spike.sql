-- Retries became more frequent within two weeks. grain: provider x account
-- Two windows of 14 days; few attempts never raise a flag, and the change must exceed chance.
with windows as (
    select
        a.provider, a.account, a.attempt_id,
        coalesce(a.attempt_number > 1, false) or coalesce(a.retries_collapsed > 0, false) as is_retry,
        a.started_at >= least(c.month_end, c.as_of) - interval 14 day as is_recent
    from ingest.attempts a
    cross join ingest.close c
    where a.started_at >= least(c.month_end, c.as_of) - interval 28 day
),
counted as (
    select
        provider, account,
        count(*) filter (is_recent) as recent,
        count(*) filter (is_recent and is_retry) as recent_retries,
        count(*) filter (not is_recent) as earlier,
        count(*) filter (not is_recent and is_retry) as earlier_retries
    from windows
    group by all
),
rates as (
    select
        *,
        reconcile.share(recent_retries, recent) - reconcile.share(earlier_retries, earlier) as points_more,
        (recent_retries + earlier_retries) / (recent + earlier) as rate
    from counted
),
spent as (
    select r.provider, r.account, sum(r.cost_usd_expected) as cost_usd
    from reconcile.rated_tokens r
    join windows w on w.attempt_id = r.attempt_id
    where w.is_recent and w.is_retry
    group by all
),
bounds as (
    select
        max(value) filter (name = 'trend.retry_rate_points') as points,
        max(value) filter (name = 'trend.min_attempts') as min_attempts,
        max(value) filter (name = 'trend.min_sigma') as sigma
    from ingest.policy
)
select
    concat_ws('/', r.provider, r.account) as subject,
    r.points_more as figure,
    b.points as threshold,
    coalesce(s.cost_usd, 0) as cost_usd,
    'B' as grade,
    format(
        '{}: {} of {} attempts were retries in the last 14 days, {} of {} in the 14 days before',
        r.provider, r.recent_retries, r.recent, r.earlier_retries, r.earlier
    ) as summary,
    'provider errors and rate limits, client timeouts, nested retries of SDK and application' as likely_causes,
    -- Attempts are not published: the query reads the record, in the home's folder.
    format(
        'select * from ''lake/{}/v*/ingest/attempts.parquet'' where provider = {} and account = {} '
        || 'and (attempt_number > 1 or retries_collapsed > 0)',
        c.month, redflags.quoted(r.provider), redflags.quoted(r.account)
    ) as look_at
from rates r
cross join bounds b
cross join ingest.close c
left join spent s using (provider, account)
where r.recent >= b.min_attempts
    and r.earlier >= b.min_attempts
    and r.points_more > b.points
    and r.points_more > b.sigma * sqrt(r.rate * (1 - r.rate) * (1.0 / r.recent + 1.0 / r.earlier))
order by subject
