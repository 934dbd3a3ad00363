-- Attempts where an exact recount differs from the log, or an answer leaves what a right bill may show. grain: attempt x direction
with differing as (
    select attempt_id, provider, model, 'input' as direction, spec, tokens_logged, tokens_recounted, tokens_variance
    from meter.recounts
    where exactness = 'exact' and tokens_variance <> 0
    union all
    select attempt_id, provider, model, 'output', spec, tokens_logged, tokens_recounted, tokens_variance
    from meter.answer_recounts
    -- An exact answer may cost its count alone.
    where exactness in ('exact', 'calibrated') and tokens_logged not between tokens_recounted and tokens_high
)
select
    r.attempt_id, r.direction, a.source, f.file, a.line_no, r.provider, r.model, r.spec,
    r.tokens_logged, r.tokens_recounted, r.tokens_variance
from differing r
join ingest.attempts a on a.attempt_id = r.attempt_id
join ingest.landed_files f on f.file_no = a.file_no
where a.usage_origin = 'provider_reported'
order by r.attempt_id, r.direction
