-- Why a close is only a draft; no row means complete. grain: month x problem x source
select c.month, t.problem, t.source, t.detail
from ingest.completeness t
cross join ingest.close c
order by t.problem, t.source, t.detail
