-- List, contracted and implied price of each model and token class. grain: month x provider x model x token class
with used as (
    select
        provider, model, token_class,
        sum(coalesce(tokens_provider, tokens_logged)) as tokens,
        sum(coalesce(tokens_provider, tokens_logged)) filter (cost_usd_billed is not null) as tokens_charged,
        sum(cost_usd_billed) as cost_usd_billed,
        min_by(usd_per_unit_list, (day, account)) as usd_per_unit_list,
        sum(tokens_unpriced) as tokens_unpriced,
        sum(coalesce(cost_usd_provider, cost_usd_expected)) as cost_usd
    from reconcile.cells
    group by all
)
select
    c.month,
    u.provider,
    u.model,
    u.token_class,
    u.tokens,
    u.usd_per_unit_list * 1000000::decimal(7, 0) as usd_per_million_list,
    case when u.tokens_unpriced = 0 then
        reconcile.usd(reconcile.pico(u.cost_usd) * 1000000 // nullif(u.tokens, 0))
    end as usd_per_million_contract,
    reconcile.usd(reconcile.pico(u.cost_usd_billed) * 1000000 // nullif(u.tokens_charged, 0)) as usd_per_million_implied
from used u
cross join ingest.close c
order by u.provider, u.model, u.token_class
