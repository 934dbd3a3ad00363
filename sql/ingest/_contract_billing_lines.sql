-- Contract of ingest.billing_lines: one row per rule, with the number of violations and where they are.
select
    'billed_in_usd' as rule,
    count(*) filter (billing_currency <> 'USD') as violations,
    string_agg(distinct source, ', ' order by source) filter (billing_currency <> 'USD') as subjects,
    'amounts in USD: currencies are never added' as expected,
    'deliver the USD statement; foreign currency needs a dated exchange rate, which is not supported yet' as repair
from ingest.billing_lines
union all
select
    'one_source_per_provider', count(*), string_agg(concat_ws('/', provider, account), ', ' order by provider, account),
    'one cost report for each provider and account', 'remove one of the two sources that report the same charges'
from (
    select provider, account
    from ingest.billing_lines
    group by all
    having count(distinct source) > 1
)
