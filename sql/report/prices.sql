-- List, contracted and implied price of each model and token class. grain: month x provider x model x token class
with used as (
    select
        provider, model, token_class,
        sum(coalesce(tokens_provider, tokens_logged)) as tokens,
        sum(cost_usd_billed) as cost_usd_billed,
        min(day) as day_first
    from reconcile.cells
    group by all
)
select
    c.month,
    u.provider,
    u.model,
    u.token_class,
    u.tokens,
    r.usd_per_unit_list * 1000000::decimal(7, 0) as usd_per_million_list,
    r.usd_per_unit * 1000000::decimal(7, 0) as usd_per_million_contract,
    reconcile.usd(reconcile.pico(u.cost_usd_billed) * 1000000 // nullif(u.tokens, 0)) as usd_per_million_implied
from used u
left join ingest.rate_book r
    on r.provider = u.provider
    and r.model = u.model
    and r.service_tier = 'standard'
    and r.token_class = u.token_class
    and cast(u.day_first as timestamptz) >= r.valid_from
    and cast(u.day_first as timestamptz) < r.valid_to
    and r.prompt_tokens_above = 0
    and r.minute_from = 0
cross join ingest.close c
order by u.provider, u.model, u.token_class
