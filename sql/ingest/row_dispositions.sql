-- Every row that was read, with what became of it. grain: staged row
-- The first delivery of a key wins; a repeat is exact or a contradiction; other months are kept apart.
-- Where the source itself numbers the versions of a record, the highest wins and the lower ones are superseded.
with staged_rows as (
    select 'attempts' as table_name, source, file_no, record_no, record_key, content_hash, record_version, started_at as instant
    from staged.attempts
    union all
    select 'usage_buckets', source, file_no, record_no, record_key, content_hash, record_version, bucket_start
    from staged.usage_buckets
    union all
    select 'billing_lines', source, file_no, record_no, record_key, content_hash, record_version, charge_period_start
    from staged.billing_lines
    union all
    select 'invoices', source, file_no, record_no, record_key, content_hash, record_version, billing_period_start
    from staged.invoices
    union all
    select
        'billing_periods', source, file_no, record_no, record_key, content_hash, record_version, billing_period_start
    from staged.billing_periods
    union all
    select 'credit_ledger', source, file_no, record_no, record_key, content_hash, record_version, entry_at
    from staged.credit_ledger
),
placed as (
    select
        r.*,
        r.instant >= c.month_start and r.instant < least(c.month_end, c.as_of) as in_period,
        count(*) over (partition by r.source, r.file_no, r.record_no) as rows_of_record
    from staged_rows r
    join ingest.landed_files f on f.file_no = r.file_no
    cross join ingest.close c
    where not f.already_seen
),
ranked as (
    select
        p.*,
        row_number() over delivery as delivery_no,
        first_value(p.in_period) over delivery as in_period_first,
        -- A bucket whose other classes came or went is another content too.
        p.content_hash = first_value(p.content_hash) over delivery
            and p.rows_of_record = first_value(p.rows_of_record) over delivery as is_same,
        coalesce(p.record_version < first_value(p.record_version) over delivery, false) as is_superseded
    from placed p
    window delivery as (
        partition by p.source, p.table_name, p.record_key
        order by p.record_version desc nulls last, p.file_no, p.record_no
    )
),
judged as (
    select
        *,
        bool_or(delivery_no > 1 and not is_same and not is_superseded) over record
            or (bool_or(delivery_no > 1 and not is_superseded) over record and bool_or(delivery_no = 1) over record)
            as contradicts,
        bool_or(in_period or in_period_first) over record as concerns_month
    from ranked
    window record as (partition by source, file_no, record_no)
)
select
    table_name,
    source,
    file_no,
    record_no,
    record_key,
    case
        -- A record that contradicts an earlier one in any row loads nothing: two versions are never mixed.
        when contradicts and concerns_month then 'dup_conflict'
        when is_superseded then 'superseded'
        when delivery_no > 1 and not contradicts then 'dup_exact'
        when in_period then 'loaded'
        else 'out_of_period'
    end as disposition
from judged
