-- Days that an export does not cover completely: on them it proves nothing.
-- grain: provider x account x document x day
with speaking as (
    select distinct provider, account, 'usage' as document, source
    from ingest.usage_buckets
    where reconcile.is_token_class(token_class)
    union
    select distinct provider, account, 'cost', source
    from ingest.billing_lines
),
missing as (
    select
        source,
        unnest(generate_series(
            cast(gap_from as date), cast(gap_to - interval 1 microsecond as date), interval 1 day
        )) as day
    from ingest.coverage_gaps
)
select distinct s.provider, s.account, s.document, cast(m.day as date) as day
from speaking s
join missing m using (source)
order by all
