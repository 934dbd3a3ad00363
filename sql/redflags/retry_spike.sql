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
        recent_retries / nullif(recent, 0) as recent_rate,
        earlier_retries / nullif(earlier, 0) as earlier_rate,
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
    cast(r.recent_rate - r.earlier_rate as decimal(24, 6)) as figure,
    b.points as threshold,
    coalesce(s.cost_usd, 0) as cost_usd,
    'B' as grade,
    format(
        '{}: {} of {} attempts were retries in the last 14 days, {} of {} in the 14 days before',
        r.provider, r.recent_retries, r.recent, r.earlier_retries, r.earlier
    ) as summary,
    'provider errors and rate limits, client timeouts, nested retries of SDK and application' as likely_causes,
    format('select * from report.lcpr order by attempts desc -- provider {}', r.provider) as look_at
from rates r
cross join bounds b
left join spent s using (provider, account)
where r.recent >= b.min_attempts
    and r.earlier >= b.min_attempts
    and r.recent_rate - r.earlier_rate > b.points
    and r.recent_rate - r.earlier_rate > b.sigma * sqrt(r.rate * (1 - r.rate) * (1.0 / r.recent + 1.0 / r.earlier))
order by subject
