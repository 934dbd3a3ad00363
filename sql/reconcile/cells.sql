-- The working paper: each token class of each model and day, from all sides.
-- grain: provider x account x model x token class x day
with
-- 1. What each side says, by tier: a tier has a price of its own.
sides as (
    select
        provider, account, model, token_class, day, service_tier,
        tokens_logged, cost_usd_expected, case when cost_usd_expected is null then tokens_logged end as tokens_unpriced
    from reconcile.rated_tokens
    union all by name
    select
        provider, account, model, token_class, cast(bucket_start as date) as day, service_tier, tokens_usage_export
    from ingest.usage_buckets
    where reconcile.is_token_class(token_class) and tokens_usage_export > 0
    union all by name
    select
        provider, account, x_model as model, x_token_class as token_class, cast(charge_period_start as date) as day,
        x_service_tier as service_tier, consumed_quantity as tokens_billed, billed_cost as cost_usd_billed
    from ingest.billing_lines
    where reconcile.is_token_line(charge_category, charge_class, x_model, x_token_class)
),
summed as (
    select
        provider, account, model, token_class, day, service_tier,
        coalesce(sum(tokens_logged), 0) as tokens_logged,
        coalesce(sum(cost_usd_expected), 0) as cost_usd_expected,
        coalesce(sum(tokens_unpriced), 0) as tokens_unpriced,
        sum(tokens_usage_export) as tokens_usage_export,
        cast(sum(tokens_billed) as decimal(38, 6)) as tokens_billed,
        sum(cost_usd_billed) as cost_usd_billed
    from sides
    group by all
),
models as (
    select
        s.provider, s.account, s.model,
        count(s.tokens_usage_export) > 0 as is_exported,
        -- Charged by any line that names it: a charge for all classes together names none.
        count(b.x_model) > 0 as is_charged
    from summed s
    left join (
        select distinct provider, account, x_model
        from ingest.billing_lines
        where charge_category = 'Usage' and charge_class is distinct from 'Correction'
            and x_token_class is distinct from 'web_search'
    ) b on b.provider = s.provider and b.account = s.account and b.x_model = s.model
    group by all
),
-- 2. A document that covers the day and does not show a tier says 0; one that does not cover it says nothing.
heard as (
    select
        s.provider, s.account, s.model, s.token_class, s.day, s.service_tier,
        s.tokens_logged, s.cost_usd_expected, s.tokens_unpriced,
        case
            -- A model that is charged and nowhere in the export is of an endpoint this export does not cover.
            when v.has_usage_export and u.day is null and (m.is_exported or not m.is_charged)
                then coalesce(s.tokens_usage_export, 0)
        end as tokens_usage_export,
        case when v.has_billed_quantities and c.day is null then coalesce(s.tokens_billed, 0) end as tokens_billed,
        case when v.has_token_lines and c.day is null then coalesce(s.cost_usd_billed, 0) end as cost_usd_billed
    from summed s
    join models m using (provider, account, model)
    join reconcile.evidence v using (provider, account)
    left join reconcile.uncovered_days u
        on u.provider = s.provider and u.account = s.account and u.document = 'usage' and u.day = s.day
    left join reconcile.uncovered_days c
        on c.provider = s.provider and c.account = s.account and c.document = 'cost' and c.day = s.day
),
compared as (
    select
        h.*,
        cast(coalesce(tokens_usage_export, tokens_billed) as bigint) as tokens_provider,
        -- A provider that names no tier but standard was not asked for tiers: then the log decides.
        bool_or(service_tier <> 'standard' and coalesce(tokens_usage_export, tokens_billed) > 0)
            over (partition by provider, account) as names_tiers,
        first_value(service_tier) over (
            partition by provider, account, model, token_class, day
            order by tokens_logged desc, coalesce(tokens_usage_export, tokens_billed, 0) desc, service_tier
        ) as service_tier_most
    from heard h
),
-- 3. One more token is priced in the first price band, at the first price of the day.
day_prices as (
    select
        t.provider, t.model, t.service_tier, t.token_class, t.day,
        min_by(p.usd_per_unit_list, (p.valid_from, p.minute_from)) as usd_per_unit_list,
        min_by(p.usd_per_unit, (p.valid_from, p.minute_from)) as usd_per_unit
    from (select distinct provider, model, service_tier, token_class, day from summed) t
    join ingest.rate_book p
        on p.provider = t.provider
        and p.model = t.model
        and p.service_tier = t.service_tier
        and p.token_class = t.token_class
        and p.valid_from < cast(t.day + 1 as timestamptz)
        and p.valid_to > cast(t.day as timestamptz)
        and p.prompt_tokens_above = 0
    group by all
),
differences as (
    select
        provider, account, model, token_class, day,
        case when names_tiers then service_tier else service_tier_most end as service_tier,
        sum(tokens_provider - tokens_logged) as tokens_more
    from compared
    group by all
),
more as (
    select
        provider, account, model, token_class, day,
        sum(coalesce(cast(tokens_more as decimal(18, 0)) * usd_per_unit, 0)) as cost_usd
    from differences
    left join day_prices using (provider, model, service_tier, token_class, day)
    group by all
),
joined as (
    select
        provider, account, model, token_class, day, service_tier_most as service_tier,
        sum(tokens_logged) as tokens_logged,
        sum(tokens_usage_export) as tokens_usage_export,
        sum(tokens_billed) as tokens_billed,
        sum(tokens_provider) as tokens_provider,
        sum(cost_usd_expected) as cost_usd_expected,
        sum(tokens_unpriced) as tokens_unpriced,
        sum(cost_usd_billed) as cost_usd_billed
    from compared
    group by all
),
-- 4. A recount is of all input: cached classes are taken as logged, the rest is compared with uncached input.
recounted as (
    select
        a.provider, a.account, coalesce(a.response_model, a.request_model, '(none)') as model,
        cast(a.started_at as date) as day,
        'uncached_input' as token_class,
        sum(r.tokens_recounted - a.tokens_input_total + a.tokens_uncached_input) as tokens_recounted
    from ingest.attempts a
    join meter.recounts r on r.attempt_id = a.attempt_id
    where a.billable_expected is not false and a.usage_origin <> 'missing'
    group by all
    having count(*) = count(r.tokens_recounted) filter (r.exactness = 'exact')
)
select
    j.provider,
    j.account,
    j.model,
    j.token_class,
    j.day,
    cast(j.tokens_logged as bigint) as tokens_logged,
    cast(r.tokens_recounted as bigint) as tokens_recounted,
    cast(j.tokens_usage_export as bigint) as tokens_usage_export,
    j.tokens_billed,
    cast(j.tokens_provider as bigint) as tokens_provider,
    j.service_tier,
    p.usd_per_unit_list,
    p.usd_per_unit,
    j.cost_usd_expected,
    cast(j.tokens_unpriced as bigint) as tokens_unpriced,
    case when j.tokens_provider is not null then j.cost_usd_expected + m.cost_usd end as cost_usd_provider,
    j.cost_usd_billed
from joined j
join more m using (provider, account, model, token_class, day)
left join recounted r using (provider, account, model, token_class, day)
left join day_prices p using (provider, model, service_tier, token_class, day)
order by j.provider, j.account, j.model, j.token_class, j.day
