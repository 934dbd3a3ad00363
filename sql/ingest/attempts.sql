-- The attempts of this month, each once. grain: attempt
select s.* exclude (content_hash, record_version)
from staged.attempts s
join ingest.row_dispositions d
    on d.table_name = 'attempts' and d.file_no = s.file_no and d.record_no = s.record_no and d.record_key = s.record_key
where d.disposition = 'loaded'
order by s.file_no, s.record_no, s.record_key
