-- The reference's second count of a sample, for every vocabulary of the month. grain: month x vocabulary
select
    c.month,
    t.vocabulary,
    t.engine,
    t.segments,
    t.segments_sampled,
    t.mismatches,
    t.counted_by
from meter.engine_checks t
cross join ingest.close c
order by t.vocabulary
