-- The invoice is far from what our logs and rates predict. grain: provider x account
-- Tax, credits, logged calls and rounding are named and no surprise: they belong to the prediction.
with surprising as (
    select provider, account, sum(cost_usd) as cost_usd
    from reconcile.variance_bridge
    where is_break
    group by all
)
select
    concat_ws('/', m.provider, m.account) as subject,
    reconcile.share(s.cost_usd, m.cost_usd_billed - s.cost_usd) as figure,
    p.value as threshold,
    s.cost_usd,
    'B' as grade,
    format(
        '{} billed {} USD; our logs and rates, with the tax and credits it names, say {} USD',
        m.provider, redflags.dollars(m.cost_usd_billed), redflags.dollars(m.cost_usd_billed - s.cost_usd)
    ) as summary,
    'the largest steps of the variance bridge, top down' as likely_causes,
    format(
        'select * from report.variance_bridge where month = {} and provider = {} and account = {} '
        || 'order by abs(cost_usd) desc',
        redflags.quoted(c.month), redflags.quoted(m.provider), redflags.quoted(m.account)
    ) as look_at
from reconcile.month_close m
join reconcile.evidence v using (provider, account)
join surprising s using (provider, account)
cross join ingest.close c
cross join ingest.policy p
cross join (select value from ingest.policy where name = 'reconcile.materiality_usd') least_usd
where p.name = 'reconcile.invoice_variance_share'
    and v.invoices > 0
    and abs(s.cost_usd) > p.value * abs(m.cost_usd_billed - s.cost_usd)
    and abs(s.cost_usd) >= least_usd.value
    -- A small bill is not out of bounds because it was rounded to the cent.
    and abs(s.cost_usd) > m.cost_usd_rounding_bound
order by subject
