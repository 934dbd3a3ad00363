-- Loaded cost per successful request. grain: month x workload
select
    c.month,
    t.workload,
    t.attempts,
    t.requests_successful,
    t.token_cost_usd,
    t.repair_cost_usd,
    t.engineering_cost_usd,
    t.lcpr_usd,
    t.confidence
from reconcile.lcpr t
cross join ingest.close c
order by t.workload
