-- The invoice by model; the parts add up to the invoice to the cent. grain: month x provider x account x model
select c.month, t.provider, t.account, t.member as model, t.cost_usd
from reconcile.allocation t
cross join ingest.close c
where t.dimension = 'model'
order by t.provider, t.account, t.member
