-- Contract of ingest.files: one row per rule, with the number of violations and where they are.
select
    'source_has_records_of_the_month' as rule,
    count(*) as violations,
    string_agg(source, ', ' order by source) as subjects,
    'records of the month in every required source' as expected,
    'deliver the file of this month, or set `required: false` for the source' as repair
from (
    select f.source
    from ingest.files f
    join ingest.landed_files l on l.file_no = f.file_no
    where l.required
    group by f.source
    having sum(f.loaded) = 0
)
-- An export whose buckets are all empty speaks about the month all the same.
where source not in (
    select v.source
    from ingest.coverage v
    join ingest.close c on v.covers_from < c.month_end and v.covers_to > c.month_start
)
union all
select
    'every_byte_is_hashed', count(*), string_agg(file, ', ' order by file),
    'a sha256 for every file', 'report this as a bug'
from ingest.files
where length(sha256) <> 64
