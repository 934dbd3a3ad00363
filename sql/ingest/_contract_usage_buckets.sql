-- Contract of ingest.usage_buckets: one row per rule, with the number of violations and where they are.
with violations as (
    select
        source,
        bucket_end <= bucket_start
            or cast(bucket_start as date) <> cast(bucket_end - interval 1 microsecond as date) as crosses
    from ingest.usage_buckets
)
select
    'bucket_within_one_day' as rule,
    count(*) filter (crosses) as violations,
    string_agg(distinct source, ', ' order by source) filter (crosses) as subjects,
    'buckets of a UTC day, an hour or a minute' as expected,
    'export the usage again, in UTC, with a bucket width of at most one day' as repair
from violations
union all
select
    'one_source_per_provider', count(*),
    string_agg(concat_ws('/', provider, account, model), ', ' order by provider, account, model),
    'one usage export for each provider, account and model', 'remove one of the two sources that report the same usage'
from (
    select provider, account, model
    from ingest.usage_buckets
    group by all
    having count(distinct source) > 1
)
