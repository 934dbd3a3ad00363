-- Every row that was read, with what became of it. grain: staged row
-- The first delivery of a key wins; a repeat is exact or a contradiction; other months are kept apart.
with staged_rows as (
    select 'attempts' as table_name, source, file_no, record_no, record_key, content_hash, started_at as instant
    from staged.attempts
    union all
    select 'usage_buckets', source, file_no, record_no, record_key, content_hash, bucket_start
    from staged.usage_buckets
    union all
    select 'billing_lines', source, file_no, record_no, record_key, content_hash, charge_period_start
    from staged.billing_lines
    union all
    select 'invoices', source, file_no, record_no, record_key, content_hash, billing_period_start
    from staged.invoices
),
ranked as (
    select
        r.*,
        row_number() over delivery as delivery_no,
        first_value(r.content_hash) over delivery as content_hash_first
    from staged_rows r
    join ingest.landed_files f on f.file_no = r.file_no
    where not f.already_seen
    window delivery as (partition by r.source, r.table_name, r.record_key order by r.file_no, r.record_no)
)
select
    table_name,
    source,
    file_no,
    record_no,
    record_key,
    case
        -- A record that contradicts an earlier one in any row loads nothing: two versions are never mixed.
        when bool_or(delivery_no > 1 and content_hash <> content_hash_first) over record then 'dup_conflict'
        when delivery_no > 1 then 'dup_exact'
        when instant >= c.month_start and instant < least(c.month_end, c.as_of) then 'loaded'
        else 'out_of_period'
    end as disposition
from ranked
cross join ingest.close c
window record as (partition by source, file_no, record_no)
