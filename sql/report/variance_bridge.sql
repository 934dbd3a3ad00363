-- From our logs to the invoice, step by step; the sum is exact. grain: month x provider x account x model x cause
select
    c.month,
    t.provider,
    t.account,
    t.model,
    t.step_no,
    t.step,
    t.cause_code,
    t.cause,
    t.tokens,
    t.cost_usd,
    t.grade,
    t.items
from reconcile.variance_bridge t
cross join ingest.close c
order by t.provider, t.account, t.step_no, t.cause_code, t.model
