-- Records that break a rule or contradict an earlier delivery. grain: record
with conflicts as (
    select distinct file_no, record_no
    from ingest.row_dispositions
    where disposition = 'dup_conflict'
),
places as (
    select file_no, record_no, line_no, byte_offset, byte_length from staged.attempts
    union select file_no, record_no, line_no, byte_offset, byte_length from staged.usage_buckets
    union select file_no, record_no, line_no, byte_offset, byte_length from staged.billing_lines
    union select file_no, record_no, line_no, byte_offset, byte_length from staged.invoices
    union select file_no, record_no, line_no, byte_offset, byte_length from staged.billing_periods
    union select file_no, record_no, line_no, byte_offset, byte_length from staged.credit_ledger
)
select r.source, f.file, r.line_no, r.record_no, r.byte_offset, r.byte_length, r.place, r.rule, r.field, r.expected, r.got
from staged.rejects r
join ingest.landed_files f on f.file_no = r.file_no
where not f.already_seen
union all
select
    f.source, f.file, p.line_no, c.record_no, p.byte_offset, p.byte_length, null, 'E-DUP-CONFLICT', '(record key)',
    'one content per record key; the first delivery was kept', 'another content'
from conflicts c
join places p using (file_no, record_no)
join ingest.landed_files f on f.file_no = c.file_no
order by file, record_no, rule, place
