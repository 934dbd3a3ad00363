-- Contract of ingest.usage_buckets: one row per rule, with the number of violations and where they are.
select
    'bucket_within_one_day' as rule,
    count(*) filter (bucket_end <= bucket_start or bucket_end - bucket_start > interval 1 day) as violations,
    string_agg(distinct source, ', ') filter (bucket_end <= bucket_start or bucket_end - bucket_start > interval 1 day) as subjects,
    'buckets of a day, an hour or a minute' as expected,
    'export the usage again with a bucket width of at most one day' as repair
from ingest.usage_buckets
union all
select
    'one_source_per_provider', count(*), string_agg(provider, ', '),
    'one usage export for each provider, account and model', 'remove one of the two sources that report the same usage'
from (
    select provider, account, model
    from ingest.usage_buckets
    group by all
    having count(distinct source) > 1
)
