-- Fields of a source that came, went or changed their kind since the month before. grain: month x source x field
select c.month, t.*
from ingest.schema_changes t
cross join ingest.close c
order by t.source, t.field
