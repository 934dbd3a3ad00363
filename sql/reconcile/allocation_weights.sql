-- Who caused the billed cost, before rounding to cents. grain: provider x account x model x team x workload
-- A cell's billed cost is shared by tokens; what no log shows is a member of its own, never spread.
with basis as (
    select
        *,
        reconcile.pico(coalesce(
            cost_usd_billed,
            cost_usd_expected + coalesce(cast(tokens_provider - tokens_logged as decimal(18, 0)) * usd_per_unit, 0)
        )) as cost_pico,
        greatest(coalesce(tokens_provider, tokens_logged) - tokens_logged, 0) as tokens_unlogged
    from reconcile.cells
),
shares as (
    select
        provider, account, model, token_class, day,
        coalesce(team, '(none)') as team, coalesce(workload, '(none)') as workload,
        sum(tokens_logged) as tokens
    from reconcile.rated_tokens
    group by all
    union all
    select
        provider, account, model, token_class, day, '(unlogged)', '(unlogged)',
        -- A charge without any tokens is nobody's traffic.
        case when tokens_logged = 0 and tokens_unlogged = 0 then 1 else tokens_unlogged end
    from basis
    where tokens_unlogged > 0 or tokens_logged = 0
),
weighed as (
    select
        s.provider, s.account, s.model, s.team, s.workload,
        b.cost_pico * cast(s.tokens as hugeint) // sum(cast(s.tokens as hugeint)) over cell as weight_pico
    from shares s
    join basis b using (provider, account, model, token_class, day)
    window cell as (partition by s.provider, s.account, s.model, s.token_class, s.day)
),
whole_document as (
    select provider, account, model, '(shared)' as team, '(shared)' as workload, reconcile.pico(cost_usd) as weight_pico
    from reconcile.bridge_items
    where token_class = '(all)' and cause_code <> 'D45'
)
select provider, account, model, team, workload, sum(weight_pico) as weight_pico
from (select * from weighed union all select * from whole_document)
group by all
having sum(weight_pico) <> 0
order by all
