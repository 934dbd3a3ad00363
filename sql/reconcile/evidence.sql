-- What each provider delivered for the month. grain: provider x account
with logged as (
    select provider, account, count(*) as attempts
    from ingest.attempts
    group by all
),
exported as (
    select provider, account, count(requests) > 0 as has_requests
    from ingest.usage_buckets
    where reconcile.is_token_class(token_class)
    group by all
),
lines as (
    select *, reconcile.is_token_line(charge_category, charge_class, x_model, x_token_class) as is_token_line
    from ingest.billing_lines
),
charged as (
    select
        provider, account,
        sum(billed_cost) as cost_usd_charged,
        bool_or(is_token_line) as has_token_lines,
        bool_or(is_token_line)
            and count(*) filter (is_token_line and (consumed_quantity is null or consumed_unit is distinct from 'Tokens')) = 0
            as has_quantities
    from lines
    group by all
),
invoiced as (
    select
        provider, account, count(distinct invoice_id) as invoices, count(*) as invoice_lines,
        sum(billed_cost) as cost_usd_invoiced,
        string_agg(distinct invoice_id, ', ' order by invoice_id) as invoice_ids
    from ingest.invoices
    -- An invoice that sold credit is no bill for usage: it is tied to the credit ledger.
    where (provider, account, invoice_id) not in (
        select (provider, account, invoice_id) from ingest.credit_ledger where entry_kind = 'purchase' and invoice_id is not null
    )
    group by all
),
known as (
    select provider, account from logged
    union select provider, account from exported
    union select provider, account from charged
    union select provider, account from invoiced
)
select
    k.provider,
    k.account,
    coalesce(l.attempts, 0) as attempts,
    e.provider is not null as has_usage_export,
    coalesce(e.has_requests, false) as has_requests,
    b.provider is not null as has_billing_lines,
    coalesce(b.has_token_lines, false) as has_token_lines,
    coalesce(b.has_quantities, false) as has_billed_quantities,
    b.cost_usd_charged,
    coalesce(i.invoices, 0) as invoices,
    coalesce(i.invoice_lines, 0) as invoice_lines,
    i.cost_usd_invoiced,
    i.invoice_ids
from known k
left join logged l using (provider, account)
left join exported e using (provider, account)
left join charged b using (provider, account)
left join invoiced i using (provider, account)
order by k.provider, k.account
