-- Attempts where an exact recount differs from the log, or an answer leaves its range. grain: month x attempt x direction
select
    c.month,
    t.attempt_id,
    t.direction,
    t.source,
    t.file,
    t.line_no,
    t.provider,
    t.model,
    t.spec,
    t.tokens_logged,
    t.tokens_recounted,
    t.tokens_variance
from meter.recount_exceptions t
cross join ingest.close c
order by t.attempt_id, t.direction
