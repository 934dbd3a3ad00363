-- Inputs of the close that are policy or assumption, not measurement. grain: month x policy field
select c.month, t.name, t.value
from ingest.policy t
cross join ingest.close c
order by t.name
