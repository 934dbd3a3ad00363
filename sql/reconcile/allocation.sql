-- The invoice, allocated to the cent by model, by team and by workload (largest remainder).
-- grain: provider x account x dimension x member
with totals as (
    select provider, account, cast(round(cost_usd_billed * 100) as hugeint) as cents
    from reconcile.month_close
),
weights as (
    select provider, account, 'model' as dimension, model as member, sum(weight_pico) as weight
    from reconcile.allocation_weights group by all
    union all
    select provider, account, 'team', team, sum(weight_pico)
    from reconcile.allocation_weights group by all
    union all
    select provider, account, 'workload', workload, sum(weight_pico)
    from reconcile.allocation_weights group by all
),
summed as (
    select *, sum(weight) over (partition by provider, account, dimension) as weight_all
    from weights
),
floored as (
    select
        s.provider, s.account, s.dimension, s.member, t.cents,
        -- `//` cuts towards zero: shift negative shares (credits) down to their floor.
        t.cents * s.weight // s.weight_all
        - case when (t.cents * s.weight) % s.weight_all < 0 then 1 else 0 end as cents_floor,
        ((t.cents * s.weight) % s.weight_all + s.weight_all) % s.weight_all as remainder
    from summed s
    join totals t using (provider, account)
    where s.weight_all > 0
),
ranked as (
    select
        *,
        cents - sum(cents_floor) over (partition by provider, account, dimension) as cents_left,
        row_number() over (
            partition by provider, account, dimension order by remainder desc, member
        ) as remainder_rank
    from floored
)
select
    provider,
    account,
    dimension,
    member,
    cast(cents_floor + case when remainder_rank <= cents_left then 1 else 0 end as decimal(36, 0)) * 0.01 as cost_usd
from ranked
order by provider, account, dimension, member
