-- From our logs to the invoice, step by step. grain: provider x account x model x cause
select
    i.provider,
    i.account,
    i.model,
    c.step_no,
    c.step,
    c.cause_code,
    c.cause,
    sum(i.tokens) as tokens,
    sum(i.cost_usd) as cost_usd,
    max(i.grade) as grade,
    count(*) as items,
    c.is_break
from reconcile.bridge_items i
join reconcile.causes c on c.cause_code = i.cause_code
group by all
order by i.provider, i.account, c.step_no, c.cause_code, i.model
