-- The invoice is far from what our logs and rates predict. grain: provider x account
select
    concat_ws('/', m.provider, m.account) as subject,
    reconcile.share(m.cost_usd_variance, m.cost_usd_expected) as figure,
    p.value as threshold,
    m.cost_usd_variance as cost_usd,
    'B' as grade,
    format('{} billed {} USD; our logs and rates say {} USD', m.provider, round(m.cost_usd_billed, 2), round(m.cost_usd_expected, 2)) as summary,
    'the largest steps of the variance bridge, top down' as likely_causes,
    format('select * from report.variance_bridge where provider = ''{}'' order by abs(cost_usd) desc', m.provider) as look_at
from reconcile.month_close m
cross join ingest.policy p
where p.name = 'reconcile.invoice_variance_share'
    and m.status not in ('no_bill', 'no_invoice')
    and abs(m.cost_usd_variance) > p.value * m.cost_usd_expected
    -- A small bill is not out of bounds because it was rounded to the cent.
    and abs(m.cost_usd_variance) > m.cost_usd_rounding_bound
order by subject
