-- What would leave the month if the provider cut it at midnight of another zone. grain: month x provider x account x zone
-- What would come in is in the deliveries of the months beside it, and is not known here.
with costs as (
    select attempt_id, sum(cost_usd_expected) as cost_usd
    from reconcile.rated_tokens
    group by attempt_id
),
placed as (
    select
        c.month, a.provider, a.account, z.utc_offset_hours, k.cost_usd,
        case
            when z.utc_offset_hours < 0 then a.started_at < c.month_start - to_hours(z.utc_offset_hours)
            else a.started_at >= c.month_end - to_hours(z.utc_offset_hours)
        end as leaves
    from ingest.attempts a
    cross join (values (-8), (-5), (1), (8)) z (utc_offset_hours)
    cross join ingest.close c
    left join costs k using (attempt_id)
)
select
    month,
    provider,
    account,
    utc_offset_hours,
    count(*) filter (leaves) as attempts_leaving,
    coalesce(sum(cost_usd) filter (leaves), 0) as cost_usd_leaving
from placed
group by all
order by provider, account, utc_offset_hours
