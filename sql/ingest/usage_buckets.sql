-- The provider's usage buckets of this month, each once, their models under our names. grain: bucket x token class
select
    s.* exclude (line_no, byte_offset, byte_length, content_hash, record_version)
    replace (coalesce(a.model, s.model) as model)
from staged.usage_buckets s
join ingest.row_dispositions d
    on d.table_name = 'usage_buckets' and d.file_no = s.file_no and d.record_no = s.record_no and d.record_key = s.record_key
left join ingest.model_aliases a on a.provider = s.provider and a.billed_as = s.model
where d.disposition = 'loaded'
order by s.file_no, s.record_no, s.record_key
