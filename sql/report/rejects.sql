-- Records set aside: where, which rule, never the value. grain: month x record
select
    c.month,
    t.source,
    t.file,
    t.line_no,
    t.record_no,
    t.byte_offset,
    t.byte_length,
    t.place,
    t.rule,
    t.field,
    t.expected,
    t.got
from ingest.rejects t
cross join ingest.close c
order by t.file, t.record_no, t.rule, t.field
