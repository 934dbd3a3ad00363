-- Differences that someone must resolve. grain: provider x account x model x cause
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
    min(i.day) as day_first,
    max(i.day) as day_last
from reconcile.variance_bridge b
join reconcile.bridge_items i
    on i.provider = b.provider and i.account = b.account and i.model = b.model and i.cause_code = b.cause_code
where b.is_break
group by all
order by abs(cost_usd) desc, break_id
