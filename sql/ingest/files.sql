-- One row per file: its records by disposition; the table's CHECK makes the sum exact. grain: file
with record_dispositions as (
    select
        file_no,
        record_no,
        case
            when bool_or(disposition = 'dup_conflict') then 'dup_conflict'
            when bool_or(disposition = 'loaded') then 'loaded'
            when bool_or(disposition = 'out_of_period') then 'out_of_period'
            when bool_or(disposition = 'superseded') then 'superseded'
            else 'dup_exact'
        end as disposition
    from ingest.row_dispositions
    group by file_no, record_no
),
counted as (
    select
        file_no,
        count(*) filter (disposition = 'loaded') as loaded,
        count(*) filter (disposition = 'dup_exact') as dup_exact,
        count(*) filter (disposition = 'dup_conflict') as dup_conflict,
        count(*) filter (disposition = 'superseded') as superseded,
        count(*) filter (disposition = 'out_of_period') as out_of_period
    from record_dispositions
    group by file_no
)
select
    f.file_no,
    f.source,
    f.side,
    f.format,
    f.file,
    f.sha256,
    f.bytes_delivered,
    f.bytes_decoded,
    f.already_seen,
    f.records,
    coalesce(c.loaded, 0) as loaded,
    -- A file that was seen before repeats all of its records.
    case when f.already_seen then f.records_read else coalesce(c.dup_exact, 0) end as dup_exact,
    coalesce(c.dup_conflict, 0) as dup_conflict,
    coalesce(c.superseded, 0) as superseded,
    f.records_quarantined as quarantined,
    coalesce(c.out_of_period, 0) as out_of_period,
    f.records_not_usage as not_usage,
    f.records_blank as blank
from ingest.landed_files f
left join counted c on c.file_no = f.file_no
order by f.file_no
