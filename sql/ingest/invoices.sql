-- The payable documents of this month, each once. grain: invoice
select s.* exclude (line_no, byte_offset, byte_length, content_hash, record_version)
from staged.invoices s
join ingest.row_dispositions d
    on d.table_name = 'invoices' and d.file_no = s.file_no and d.record_no = s.record_no and d.record_key = s.record_key
where d.disposition = 'loaded'
order by s.file_no, s.record_no, s.record_key
