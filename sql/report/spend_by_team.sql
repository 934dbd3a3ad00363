-- The invoice by team; the parts add up to the invoice to the cent. grain: month x provider x account x team
select c.month, t.provider, t.account, t.member as team, t.cost_usd
from reconcile.allocation t
cross join ingest.close c
where t.dimension = 'team'
order by t.provider, t.account, t.member
