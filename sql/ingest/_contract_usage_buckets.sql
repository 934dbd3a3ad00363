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
    string_agg(concat_ws('/', provider, account, model, token_class), ', ' order by provider, account, model, token_class),
    'one usage export for each provider, account, model and token class', 'remove one of the two sources that report the same usage'
from (
    select provider, account, model, token_class
    from ingest.usage_buckets
    group by all
    having count(distinct source) > 1
)
union all
select
    'one_bucket_width', count(*),
    string_agg(distinct concat_ws('/', source, model, day), ', ' order by concat_ws('/', source, model, day)),
    'buckets of one width on each day: a day and its hours count the same usage twice',
    'deliver either the daily or the hourly export of a day'
from (
    select source, model, token_class, cast(bucket_start as date) as day
    from ingest.usage_buckets
    group by all
    having count(distinct bucket_end - bucket_start) > 1
)
