-- Every billable token class of every attempt, priced at our rates. grain: attempt x token class
-- A price band holds for the whole request, by all of its prompt tokens; no price is NULL, never zero.
with billable as (
    select
        attempt_id, provider, account, coalesce(response_model, request_model, '(none)') as model, service_tier,
        started_at, cast(started_at as date) as day, team, workload, tokens_input_total,
        extract(hour from started_at) * 60 + extract(minute from started_at) as minute_of_day,
        tokens_uncached_input, tokens_cache_read, tokens_cache_write_5m, tokens_cache_write_30m,
        tokens_cache_write_1h, tokens_cache_write_12h, tokens_output
    from ingest.attempts
    where billable_expected is not false and usage_origin <> 'missing'
),
classes as (
    unpivot billable
    on tokens_uncached_input as 'uncached_input', tokens_cache_read as 'cache_read',
        tokens_cache_write_5m as 'cache_write_5m', tokens_cache_write_30m as 'cache_write_30m',
        tokens_cache_write_1h as 'cache_write_1h', tokens_cache_write_12h as 'cache_write_12h',
        tokens_output as 'output'
    into name token_class value tokens_logged
)
select
    c.attempt_id,
    c.provider,
    c.account,
    c.model,
    c.service_tier,
    c.token_class,
    c.day,
    c.team,
    c.workload,
    c.tokens_logged,
    r.usd_per_unit_list,
    r.usd_per_unit,
    cast(c.tokens_logged as decimal(18, 0)) * r.usd_per_unit as cost_usd_expected
from classes c
left join ingest.rate_book r
    on r.provider = c.provider
    and r.model = c.model
    and r.service_tier = c.service_tier
    and r.token_class = c.token_class
    and c.started_at >= r.valid_from
    and c.started_at < r.valid_to
    and greatest(coalesce(c.tokens_input_total, 0), 1) > r.prompt_tokens_above
    and (r.prompt_tokens_upto is null or coalesce(c.tokens_input_total, 0) <= r.prompt_tokens_upto)
    and c.minute_of_day >= r.minute_from
    and c.minute_of_day < r.minute_upto
where c.tokens_logged > 0
order by c.attempt_id, c.token_class
