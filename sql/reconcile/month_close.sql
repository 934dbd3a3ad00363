-- One line per provider and account: expected, billed, explained, unexplained. grain: provider x account
with cells as (
    select
        provider, account,
        sum(cost_usd_expected) as cost_usd_expected,
        sum(tokens_logged) as tokens_logged,
        sum(tokens_logged) filter (tokens_provider is not null) as tokens_compared,
        sum(tokens_provider) as tokens_provider
    from reconcile.cells
    group by all
),
bridged as (
    select
        provider, account,
        coalesce(sum(cost_usd) filter (cause_code <> 'unexplained'), 0) as cost_usd_explained,
        coalesce(sum(cost_usd) filter (cause_code = 'unexplained'), 0) as cost_usd_unexplained
    from reconcile.variance_bridge
    group by all
),
broken as (
    -- Two breaks never cancel each other: each counts with its size.
    select provider, account, sum(abs(cost_usd)) as cost_usd_broken
    from reconcile.breaks
    group by all
),
figures as (
    select
        v.*,
        coalesce(c.cost_usd_expected, 0) as cost_usd_expected,
        coalesce(v.cost_usd_invoiced, v.cost_usd_charged) as cost_usd_billed,
        coalesce(g.cost_usd_explained, 0) as cost_usd_explained,
        coalesce(g.cost_usd_unexplained, 0) as cost_usd_unexplained,
        k.cost_usd_broken,
        coalesce(c.tokens_logged, 0) as tokens_logged,
        c.tokens_compared,
        c.tokens_provider,
        t.value as tolerance_share
    from reconcile.evidence v
    left join cells c using (provider, account)
    left join bridged g using (provider, account)
    left join broken k using (provider, account)
    cross join (select value from ingest.policy where name = 'reconcile.within_tolerance_share') t
)
select
    provider,
    account,
    invoice_ids,
    attempts,
    cost_usd_expected,
    cost_usd_billed,
    cost_usd_billed - cost_usd_expected as cost_usd_variance,
    cost_usd_explained,
    cost_usd_unexplained,
    0.005 * invoice_lines as cost_usd_rounding_bound,
    cast(tokens_logged as bigint) as tokens_logged,
    cast(tokens_provider as bigint) as tokens_provider,
    reconcile.share(tokens_compared, tokens_provider) as coverage_share,
    case
        when exists (select 1 from ingest.completeness) then 'draft'
        when not has_billing_lines and cost_usd_invoiced is null then 'no_bill'
        when cost_usd_invoiced is null then 'no_invoice'
        when cost_usd_broken is null then 'matched'
        when cost_usd_broken <= tolerance_share * abs(cost_usd_billed) then 'within_tolerance'
        else 'break'
    end as status
from figures
order by provider, account
