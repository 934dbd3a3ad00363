-- The charges of this month, each once, their models under our names. grain: charge
select
    s.* exclude (line_no, byte_offset, byte_length, content_hash, record_version)
    replace (coalesce(a.model, s.x_model) as x_model)
from staged.billing_lines s
join ingest.row_dispositions d
    on d.table_name = 'billing_lines' and d.file_no = s.file_no and d.record_no = s.record_no and d.record_key = s.record_key
left join ingest.model_aliases a on a.provider = s.provider and a.billed_as = s.x_model
where d.disposition = 'loaded'
order by s.file_no, s.record_no, s.record_key
