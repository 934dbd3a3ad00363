-- Fields of a source that came, went or changed their kind since the month before. grain: source x field
select
    coalesce(n.source, b.source) as source,
    coalesce(n.field, b.field) as field,
    case when b.field is null then 'new' when n.field is null then 'gone' else 'other kind' end as change,
    b.kinds as kinds_before,
    n.kinds as kinds_now
from ingest.source_fields n
full join ingest.source_fields_before b on b.source = n.source and b.field = n.field
-- A source that is new, or that delivered nothing, has no drift.
where coalesce(n.source, b.source) in (select source from ingest.source_fields)
    and coalesce(n.source, b.source) in (select source from ingest.source_fields_before)
    and n.kinds is distinct from b.kinds
order by 1, 2
