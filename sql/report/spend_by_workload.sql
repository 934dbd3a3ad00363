-- The invoice by workload; the parts add up to the invoice to the cent. grain: month x provider x account x workload
select c.month, t.provider, t.account, t.member as workload, t.cost_usd
from reconcile.allocation t
cross join ingest.close c
where t.dimension = 'workload'
order by t.provider, t.account, t.member
