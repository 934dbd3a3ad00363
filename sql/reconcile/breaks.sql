-- Differences that someone must resolve. grain: provider x account x model x cause
-- Immaterial differences stay in the bridge; nobody has to resolve them.
with days as (
    select provider, account, model, cause_code, min(day) as day_first, max(day) as day_last
    from reconcile.bridge_items
    group by all
)
select
    concat_ws('/', b.provider, b.account, b.model, b.cause_code) as break_id,
    b.provider,
    b.account,
    b.model,
    b.step,
    b.cause_code,
    b.cause,
    b.cost_usd,
    b.grade,
    b.items,
    d.day_first,
    d.day_last
from reconcile.variance_bridge b
join days d using (provider, account, model, cause_code)
cross join ingest.policy p
where b.is_break and p.name = 'reconcile.materiality_usd' and abs(b.cost_usd) >= p.value
order by abs(b.cost_usd) desc, break_id
