-- How far the provider's clock is ahead of the log's, by answers that name both. grain: month x source x provider
with measured as (
    select source, provider, started_at, epoch_us(provider_created_at) - epoch_us(started_at) as microseconds
    from ingest.attempts
    where provider_created_at is not null
),
typical as (
    select source, provider, count(*) as attempts, quantile_disc(microseconds, 0.5) as microseconds
    from measured
    group by all
)
select
    c.month,
    t.source,
    t.provider,
    t.attempts,
    t.microseconds // 1000 as milliseconds_ahead,
    count(m.started_at) filter (
        m.started_at + to_microseconds(t.microseconds) < c.month_start
        or m.started_at + to_microseconds(t.microseconds) >= c.month_end
    ) as attempts_of_another_month
from typical t
join measured m using (source, provider)
cross join ingest.close c
group by all
order by t.source, t.provider
