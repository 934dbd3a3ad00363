-- Contract of ingest.invoices: one row per rule, with the number of violations and where they are.
select
    'invoiced_in_usd' as rule,
    count(*) filter (i.billing_currency <> 'USD') as violations,
    string_agg(distinct i.source, ', ' order by i.source) filter (i.billing_currency <> 'USD') as subjects,
    'amounts in USD: currencies are never added' as expected,
    'deliver the USD document; foreign currency needs a dated exchange rate, which is not supported yet' as repair
from ingest.invoices i
union all
select
    'invoice_is_of_the_month',
    count(*) filter (i.billing_period_end > c.month_end),
    string_agg(distinct i.invoice_id, ', ' order by i.invoice_id) filter (i.billing_period_end > c.month_end),
    'a billing period inside the month', 'split the invoice by month, or close the months it covers together'
from ingest.invoices i
cross join ingest.close c
union all
select
    'invoice_counts_once', count(*), string_agg(invoice_id, ', ' order by invoice_id),
    'each invoice in one source and one account', 'remove the second delivery of this invoice'
from (
    select invoice_id
    from ingest.invoices
    group by provider, invoice_id
    -- An invoice may come line by line, but from one source.
    having count(distinct source) > 1
)
