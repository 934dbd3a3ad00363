-- The working paper: each token class of each model and day, from all sides.
-- grain: provider x account x model x token class x day
with logged as (
    select
        provider, account, model, token_class, day,
        sum(tokens_logged) as tokens_logged,
        coalesce(sum(cost_usd_expected), 0) as cost_usd_expected,
        coalesce(sum(tokens_logged) filter (cost_usd_expected is null), 0) as tokens_unpriced,
        max_by(service_tier, tokens_logged) as service_tier
    from reconcile.rated_tokens
    group by all
),
-- A recount is of all input: cached classes are taken as logged, the rest is compared with uncached input.
recounted as (
    select
        a.provider, a.account, coalesce(a.response_model, a.request_model, '(none)') as model,
        cast(a.started_at as date) as day,
        count(*) = count(r.tokens_recounted) filter (r.exactness = 'exact') as is_complete,
        sum(r.tokens_recounted - a.tokens_input_total + a.tokens_uncached_input) as tokens_recounted
    from ingest.attempts a
    join meter.recounts r on r.attempt_id = a.attempt_id
    where a.billable_expected is not false and a.usage_origin <> 'missing'
    group by all
),
exported as (
    select
        provider, account, model, token_class, cast(bucket_start as date) as day,
        sum(tokens_usage_export) as tokens_usage_export,
        max_by(service_tier, tokens_usage_export) as service_tier
    from ingest.usage_buckets
    where token_class <> 'web_search'
    group by all
    having sum(tokens_usage_export) > 0
),
charged as (
    select
        provider, account, x_model as model, x_token_class as token_class, cast(charge_period_start as date) as day,
        sum(consumed_quantity) as tokens_billed,
        sum(billed_cost) as cost_usd_billed,
        max_by(x_service_tier, billed_cost) as service_tier
    from ingest.billing_lines
    where x_model is not null and x_token_class <> 'web_search' and charge_category = 'Usage'
    group by all
),
known as (
    select provider, account, model, token_class, day from logged
    union select provider, account, model, token_class, day from exported
    union select provider, account, model, token_class, day from charged
),
joined as (
    select
        provider, account, model, token_class, day,
        coalesce(l.tokens_logged, 0) as tokens_logged,
        case when token_class = 'uncached_input' and r.is_complete then r.tokens_recounted end as tokens_recounted,
        case when v.has_usage_export then coalesce(e.tokens_usage_export, 0) end as tokens_usage_export,
        case when v.has_billed_quantities then coalesce(c.tokens_billed, 0) end as tokens_billed,
        coalesce(l.cost_usd_expected, 0) as cost_usd_expected,
        coalesce(l.tokens_unpriced, 0) as tokens_unpriced,
        case when v.has_billing_lines then coalesce(c.cost_usd_billed, 0) end as cost_usd_billed,
        coalesce(e.service_tier, l.service_tier, c.service_tier) as service_tier
    from known k
    join reconcile.evidence v using (provider, account)
    left join logged l using (provider, account, model, token_class, day)
    left join recounted r using (provider, account, model, day)
    left join exported e using (provider, account, model, token_class, day)
    left join charged c using (provider, account, model, token_class, day)
)
select
    j.provider,
    j.account,
    j.model,
    j.token_class,
    j.day,
    j.tokens_logged,
    cast(j.tokens_recounted as bigint) as tokens_recounted,
    j.tokens_usage_export,
    j.tokens_billed,
    cast(coalesce(j.tokens_usage_export, j.tokens_billed) as bigint) as tokens_provider,
    p.usd_per_unit,
    j.cost_usd_expected,
    j.tokens_unpriced,
    j.cost_usd_billed
from joined j
-- One more token is priced in the first price band, at the price that holds when the day begins.
left join ingest.rate_book p
    on p.provider = j.provider
    and p.model = j.model
    and p.service_tier = j.service_tier
    and p.token_class = j.token_class
    and cast(j.day as timestamptz) >= p.valid_from
    and cast(j.day as timestamptz) < p.valid_to
    and p.prompt_tokens_above = 0
    and p.minute_from = 0
order by j.provider, j.account, j.model, j.token_class, j.day
