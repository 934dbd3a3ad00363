-- The provider billed its own quantities at other rates than the rate book. grain: provider x account x model
-- Usage without any price is a flag of its own.
with price_steps as (
    select provider, account, model, sum(cost_usd) as cost_usd, max(grade) as grade
    from reconcile.bridge_items
    where step = 'price' and cause_code <> 'D35'
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
    format(
        '{}: billed {} USD {} than its quantities cost at our rates',
        s.model, redflags.dollars(abs(s.cost_usd)), case when s.cost_usd > 0 then 'more' else 'less' end
    ) as summary,
    'contract rate not applied, tier or region, alias moved, price change, our rate card' as likely_causes,
    format(
        'select * from report.prices where month = {} and provider = {} and model = {}',
        redflags.quoted(c.month), redflags.quoted(s.provider), redflags.quoted(s.model)
    ) as look_at
from price_steps s
join billed b using (provider, account, model)
cross join ingest.close c
cross join ingest.policy p
cross join (select value from ingest.policy where name = 'reconcile.materiality_usd') least_usd
where p.name = 'reconcile.tieout_variance_share'
    and abs(s.cost_usd) > p.value * abs(b.cost_usd_billed - s.cost_usd)
    and abs(s.cost_usd) >= least_usd.value
order by subject
