-- The bill, allocated to the cent by model, by team and by workload (largest remainder).
-- grain: provider x account x dimension x member
with totals as (
    select m.provider, m.account, d.dimension, cast(round(m.cost_usd_billed * 100) as hugeint) as cents
    from reconcile.month_close m
    join reconcile.evidence v using (provider, account)
    cross join (values ('model'), ('team'), ('workload')) d (dimension)
    where v.has_billing_lines or v.invoices > 0
),
weights as (
    select provider, account, 'model' as dimension, model as member, weight_pico from reconcile.allocation_weights
    union all
    select provider, account, 'team', team, weight_pico from reconcile.allocation_weights
    union all
    select provider, account, 'workload', workload, weight_pico from reconcile.allocation_weights
),
-- Whole cents of each member; a bill that nobody caused (an invoice of rounded cents) is shared by all.
cut as (
    select
        t.provider, t.account, t.dimension, coalesce(w.member, '(shared)') as member, t.cents,
        reconcile.floor_div(coalesce(sum(w.weight_pico), 0), 10000000000) as cents_floor,
        coalesce(sum(w.weight_pico), 0) - cents_floor * 10000000000 as remainder
    from totals t
    left join weights w using (provider, account, dimension)
    group by all
),
ranked as (
    select
        *,
        cents - sum(cents_floor) over whole as cents_left,
        count(*) over whole as members,
        row_number() over (whole order by remainder desc, member) as remainder_rank
    from cut
    window whole as (partition by provider, account, dimension)
)
select
    provider,
    account,
    dimension,
    member,
    -- Several invoices may round by more cents than there are members: then each gets its share of them first.
    cast(
        cents_floor + reconcile.floor_div(cents_left, members)
        + case when remainder_rank <= cents_left - reconcile.floor_div(cents_left, members) * members then 1 else 0 end
        as decimal(36, 0)
    ) * 0.01 as cost_usd
from ranked
order by provider, account, dimension, member
