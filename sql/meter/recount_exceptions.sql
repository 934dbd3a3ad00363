-- Attempts where an exact recount differs from the log, one by one. grain: attempt
select
    r.attempt_id, a.source, f.file, a.line_no, r.provider, r.model, r.spec,
    r.tokens_logged, r.tokens_recounted, r.tokens_variance
from meter.recounts r
join ingest.attempts a on a.attempt_id = r.attempt_id
join ingest.landed_files f on f.file_no = a.file_no
where r.exactness = 'exact' and r.tokens_variance <> 0 and a.usage_origin = 'provider_reported'
order by r.attempt_id
