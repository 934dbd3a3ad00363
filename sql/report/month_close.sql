-- One line per provider and account: expected, billed, explained, unexplained. grain: month x provider x account
select
    c.month,
    t.provider,
    t.account,
    t.invoice_ids,
    t.attempts,
    t.cost_usd_expected,
    t.cost_usd_billed,
    t.cost_usd_variance,
    t.cost_usd_explained,
    t.cost_usd_unexplained,
    t.cost_usd_rounding_bound,
    t.tokens_logged,
    t.tokens_provider,
    t.coverage_share,
    t.status
from reconcile.month_close t
cross join ingest.close c
order by t.provider, t.account
