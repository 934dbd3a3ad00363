-- The provider billed its own quantities at other rates than the rate book. grain: provider x account x model
with price_steps as (
    select provider, account, model, sum(cost_usd) as cost_usd, max(grade) as grade
    from reconcile.bridge_items
    where step = 'price'
    group by all
),
billed as (
    select provider, account, model, sum(cost_usd_billed) as cost_usd_billed
    from reconcile.cells
    group by all
)
select
    concat_ws('/', s.provider, s.account, s.model) as subject,
    reconcile.share(s.cost_usd, b.cost_usd_billed - s.cost_usd) as figure,
    p.value as threshold,
    s.cost_usd,
    s.grade,
    format('{}: billed {} USD more than its quantities cost at our rates', s.model, round(s.cost_usd, 2)) as summary,
    'contract rate not applied, tier or region, alias moved, price change, our rate card' as likely_causes,
    format('select * from report.prices where model = ''{}''', s.model) as look_at
from price_steps s
join billed b using (provider, account, model)
cross join ingest.policy p
where p.name = 'reconcile.tieout_variance_share'
    and abs(s.cost_usd) > p.value * (b.cost_usd_billed - s.cost_usd)
order by subject
