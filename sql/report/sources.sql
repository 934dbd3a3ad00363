-- Every delivered file: each record has exactly one disposition. grain: month x file
select
    c.month,
    t.source,
    t.side,
    t.format,
    t.file,
    t.sha256,
    t.bytes_delivered,
    t.bytes_decoded,
    t.already_seen,
    t.records,
    t.loaded,
    t.dup_exact,
    t.dup_conflict,
    t.quarantined,
    t.out_of_period,
    t.superseded,
    t.not_usage,
    t.blank
from ingest.files t
cross join ingest.close c
order by t.file_no
