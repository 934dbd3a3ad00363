-- The state of the billing periods of this month, each once. grain: issuer x period
select s.* exclude (line_no, byte_offset, byte_length, content_hash, record_version)
from staged.billing_periods s
join ingest.row_dispositions d
    on d.table_name = 'billing_periods' and d.file_no = s.file_no and d.record_no = s.record_no and d.record_key = s.record_key
where d.disposition = 'loaded'
order by s.file_no, s.record_no, s.record_key
