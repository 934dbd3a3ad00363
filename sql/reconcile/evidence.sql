-- What each provider delivered for the month. grain: provider x account
with logged as (
    select provider, account, count(*) as attempts
    from ingest.attempts
    group by provider, account
),
exported as (
    select provider, account, count(requests) > 0 as has_requests
    from ingest.usage_buckets
    group by provider, account
),
charged as (
    select provider, account, bool_or(x_token_class is not null and consumed_quantity is not null) as has_quantities
    from ingest.billing_lines
    group by provider, account
),
invoiced as (
    select
        provider, account, count(distinct invoice_id) as invoices, count(*) as invoice_lines,
        sum(billed_cost) as cost_usd_invoiced,
        string_agg(distinct invoice_id, ', ' order by invoice_id) as invoice_ids
    from ingest.invoices
    group by provider, account
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
    coalesce(b.has_quantities, false) as has_billed_quantities,
    b.provider is not null as has_billing_lines,
    coalesce(i.invoices, 0) as invoices,
    coalesce(i.invoice_lines, 0) as invoice_lines,
    i.cost_usd_invoiced,
    i.invoice_ids
from known k
left join logged l on l.provider = k.provider and l.account = k.account
left join exported e on e.provider = k.provider and e.account = k.account
left join charged b on b.provider = k.provider and b.account = k.account
left join invoiced i on i.provider = k.provider and i.account = k.account
order by k.provider, k.account
