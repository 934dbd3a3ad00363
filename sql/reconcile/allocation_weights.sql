-- Who caused the billed cost, before rounding to cents. grain: provider x account x model x team x workload
-- A cell's billed cost is shared by what each part costs at our rates, or by tokens where a price is missing;
-- what no log shows is a member of its own, never spread.
with basis as (
    select
        provider, account, model, token_class, day,
        reconcile.pico(coalesce(cost_usd_billed, cost_usd_provider, cost_usd_expected)) as cost_pico,
        tokens_logged = 0 as is_unlogged,
        tokens_unpriced = 0 and reconcile.pico(cost_usd_expected) > 0 as is_priced,
        greatest(coalesce(tokens_provider, tokens_logged) - tokens_logged, 0) as tokens_more,
        greatest(coalesce(cost_usd_provider, cost_usd_expected) - cost_usd_expected, 0) as cost_usd_more
    from reconcile.cells
),
logged as (
    select
        provider, account, model, token_class, day,
        coalesce(team, '(none)') as team, coalesce(workload, '(none)') as workload,
        sum(tokens_logged) as tokens, coalesce(sum(cost_usd_expected), 0) as cost_usd
    from reconcile.rated_tokens
    group by all
),
parts as (
    select
        b.*, l.team, l.workload,
        case when b.is_priced then reconcile.pico(l.cost_usd) else cast(l.tokens as hugeint) end as part
    from basis b
    join logged l using (provider, account, model, token_class, day)
    union all
    select
        b.*, '(unlogged)', '(unlogged)',
        -- A charge without any tokens is nobody's traffic.
        case
            when b.is_priced then reconcile.pico(b.cost_usd_more)
            when b.is_unlogged then 1
            else cast(b.tokens_more as hugeint)
        end
    from basis b
    where b.tokens_more > 0 or b.is_unlogged
),
-- Twelve digits of a part are enough, and the products below stay within whole numbers of 38 digits.
scaled as (
    select * replace (part // greatest(sum(part) over cell // 1000000000000, 1) as part)
    from parts
    window cell as (partition by provider, account, model, token_class, day)
),
-- Each part goes from the sum of the parts before it to the sum with it: nothing is lost by rounding.
weighed as (
    select
        provider, account, model, team, workload,
        sum(part) over (cell order by team, workload rows unbounded preceding) as part_to,
        sum(part) over cell as whole,
        cost_pico * part_to // whole - cost_pico * (part_to - part) // whole as weight_pico
    from scaled
    window cell as (partition by provider, account, model, token_class, day)
),
whole_document as (
    select provider, account, model, '(shared)' as team, '(shared)' as workload, reconcile.pico(cost_usd) as weight_pico
    from reconcile.bridge_items
    where token_class = '(all)' and cause_code <> 'D45'
)
select provider, account, model, team, workload, sum(weight_pico) as weight_pico
from (select * from whole_document union all by name select * exclude (part_to, whole) from weighed)
group by all
having sum(weight_pico) <> 0
order by all
