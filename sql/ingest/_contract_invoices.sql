-- Contract of ingest.invoices: one row per rule, with the number of violations and where they are.
select
    'invoiced_in_usd' as rule,
    count(*) filter (i.billing_currency <> 'USD') as violations,
    string_agg(distinct i.source, ', ') filter (i.billing_currency <> 'USD') as subjects,
    'amounts in USD: currencies are never added' as expected,
    'deliver the USD document; foreign currency needs a dated exchange rate, which is not supported yet' as repair
from ingest.invoices i
union all
select
    'invoice_is_of_the_month',
    count(*) filter (i.billing_period_end > c.month_end),
    string_agg(distinct i.invoice_id, ', ') filter (i.billing_period_end > c.month_end),
    'a billing period inside the month', 'split the invoice by month, or close the months it covers together'
from ingest.invoices i
cross join ingest.close c
