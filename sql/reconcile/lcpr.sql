-- Loaded cost per successful request, from the reconciled month. grain: workload
-- Retries are inside the token cost. Repair and engineering are only what no invoice in scope shows.
with assumed as (
    select
        max(value) filter (name = 'lcpr.repair_usd_per_failure') as repair_usd,
        max(value) filter (name = 'lcpr.engineering_hours') as hours,
        max(value) filter (name = 'lcpr.usd_per_hour') as usd_per_hour
    from ingest.policy
),
requests as (
    select
        coalesce(workload, '(none)') as workload,
        count(*) as attempts,
        count(distinct coalesce(request_id, attempt_id)) as requests,
        -- An answer from the gateway's own cache is a success that costs no tokens.
        count(distinct coalesce(request_id, attempt_id)) filter (outcome in ('success', 'gateway_cache_hit'))
            as requests_successful
    from ingest.attempts
    group by all
),
allocated as (
    -- Before rounding to cents: a workload of a tenth of a cent has a cost too.
    select workload, reconcile.usd(cast(sum(weight_pico) as hugeint)) as token_cost_usd
    from reconcile.allocation_weights
    group by all
),
figures as (
    select
        workload,
        coalesce(r.attempts, 0) as attempts,
        coalesce(r.requests_successful, 0) as requests_successful,
        coalesce(a.token_cost_usd, 0) as token_cost_usd,
        cast(coalesce(r.requests - r.requests_successful, 0) as decimal(12, 0)) * p.repair_usd as repair_cost_usd,
        reconcile.usd(
            reconcile.pico(cast(p.hours * p.usd_per_hour as decimal(24, 6))) * coalesce(r.attempts, 0)
            // greatest(sum(coalesce(r.attempts, 0)) over (), 1)
        ) as engineering_cost_usd
    from requests r
    full join allocated a using (workload)
    cross join assumed p
)
select
    workload,
    attempts,
    requests_successful,
    token_cost_usd,
    repair_cost_usd,
    engineering_cost_usd,
    reconcile.usd(
        reconcile.pico(token_cost_usd + repair_cost_usd + engineering_cost_usd) // nullif(requests_successful, 0)
    ) as lcpr_usd,
    case
        when (select bool_and(status in ('matched', 'within_tolerance')) from reconcile.month_close)
            then 'invoice_reconciled'
        else 'estimated'
    end as confidence
from figures
order by workload
