-- Usage without a price: our side of the bill is incomplete. grain: provider x account x model
select
    concat_ws('/', provider, account, model) as subject,
    cast(sum(greatest(tokens_logged, coalesce(tokens_provider, 0))) as decimal(24, 6)) as figure,
    cast(0 as decimal(24, 6)) as threshold,
    coalesce(sum(cost_usd_billed), 0) as cost_usd,
    'C' as grade,
    format('{}: {} tokens have no price', model, sum(greatest(tokens_logged, coalesce(tokens_provider, 0)))) as summary,
    'model missing in the price catalogue, tier without a price, alias; add a contract row' as likely_causes,
    format('select * from report.token_tieout where model = ''{}''', model) as look_at
from reconcile.cells
where tokens_unpriced > 0 or (usd_per_unit is null and tokens_provider > 0)
group by provider, account, model
order by subject
