-- Records that break a rule or contradict an earlier delivery. grain: record
select r.source, f.file, r.line_no, r.record_no, r.byte_offset, r.byte_length, r.place, r.rule, r.field, r.expected, r.got
from staged.rejects r
join ingest.landed_files f on f.file_no = r.file_no
where not f.already_seen
union all
select
    d.source, f.file, null, d.record_no, 0, 0, d.table_name, 'E-DUP-CONFLICT', '(record key)',
    'one content per record key; the first delivery was kept', 'another content'
from ingest.row_dispositions d
join ingest.landed_files f on f.file_no = d.file_no
where d.disposition = 'dup_conflict'
order by file, record_no, rule, place
