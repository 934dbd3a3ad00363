-- How far our count agrees with the provider's meter. grain: provider x operation x model x direction x shape
with recounted as (
    select
        attempt_id, provider, operation, model, 'input' as direction, shape, exactness,
        tokens_logged, tokens_recounted, tokens_low, tokens_high, tokens_variance, uncountable_because
    from meter.recounts
    union all
    select
        attempt_id, provider, operation, model, 'output', 'answer', exactness,
        tokens_logged, tokens_recounted, tokens_recounted, tokens_high, tokens_variance, uncountable_because
    from meter.answer_recounts
)
select
    r.provider,
    r.operation,
    coalesce(r.model, '(none)') as model,
    r.direction,
    r.shape,
    r.exactness,
    count(*) as attempts,
    count(r.tokens_recounted) as attempts_recounted,
    count(*) filter (r.tokens_variance = 0) as attempts_exact,
    count(*) filter (r.tokens_logged between r.tokens_low and r.tokens_high) as attempts_in_band,
    min(r.tokens_variance) as tokens_variance_min,
    max(r.tokens_variance) as tokens_variance_max,
    cast(sum(r.tokens_logged) as bigint) as tokens_logged,
    min(r.uncountable_because) as uncountable_because
from recounted r
join ingest.attempts a on a.attempt_id = r.attempt_id
where a.usage_origin = 'provider_reported' and a.billable_expected is not false
group by all
order by all
