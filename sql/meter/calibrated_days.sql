-- Closed tokenizers, day by day. A level is compared only where the band is narrower than the tolerance; elsewhere
-- a ratio that moves by more than the tolerance points to another tokenizer or model. grain: model x shape x day
with days as (
    select
        r.provider,
        r.operation,
        coalesce(r.model, '(none)') as model,
        r.shape,
        cast(a.started_at as date) as day,
        count(*) as attempts,
        cast(sum(r.tokens_logged) as bigint) as tokens_logged,
        cast(sum(r.tokens_recounted) as bigint) as tokens_recounted,
        cast(sum(r.tokens_low) as bigint) as tokens_low,
        cast(sum(r.tokens_high) as bigint) as tokens_high,
        bool_and(cast(a.started_at as date) between k.first_day and k.last_day) as band_measured
    from meter.recounts r
    join ingest.attempts a on a.attempt_id = r.attempt_id
    join meter.calibrations k on k.spec = r.spec and k.shape = r.shape
    where r.exactness = 'calibrated' and r.tokens_logged > 0 and r.tokens_recounted > 0
        and a.usage_origin = 'provider_reported' and a.billable_expected is not false
    group by all
),
earlier as (
    select
        *,
        sum(attempts) over before as attempts_before,
        sum(tokens_logged) over before / sum(tokens_recounted) over before as ratio_before
    from days
    window before as (
        partition by provider, operation, model, shape order by day rows between unbounded preceding and 1 preceding
    )
),
policy as (
    select
        max(value) filter (name = 'reconcile.tieout_variance_share') as tolerance,
        max(value) filter (name = 'trend.min_attempts') as min_attempts
    from ingest.policy
)
select
    d.* exclude (attempts_before, ratio_before, band_measured),
    cast((d.tokens_high - d.tokens_low) / 2 / d.tokens_recounted as decimal(18, 6)) as band_share,
    cast(d.tokens_logged / d.tokens_recounted as decimal(18, 6)) as ratio,
    cast(d.ratio_before as decimal(18, 6)) as ratio_before,
    d.band_measured,
    case
        when band_share <= p.tolerance and d.tokens_logged between d.tokens_low and d.tokens_high then 'within'
        when band_share <= p.tolerance and d.band_measured then 'outside'
        -- The tokenizer may have changed since the band was measured: a grade of its own, and no error.
        when band_share <= p.tolerance then 'outdated'
        when least(d.attempts, d.attempts_before) >= p.min_attempts
            and abs(ratio / d.ratio_before - 1) > p.tolerance then 'changed'
        else 'too_wide'
    end as finding
from earlier d
cross join policy p
order by d.provider, d.operation, d.model, d.shape, d.day
