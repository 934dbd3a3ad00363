-- Usage without a price: our side of the bill is incomplete. grain: provider x account x model
with parts as (
    select
        provider, account, model,
        -- A class may be unpriced as a whole, or only for some attempts (a tier without a price).
        case when usd_per_unit is null then greatest(tokens_logged, coalesce(tokens_provider, 0)) else tokens_unpriced end
            as tokens
    from reconcile.cells
    where tokens_unpriced > 0 or (usd_per_unit is null and tokens_provider > 0)
    union all
    -- Input that the log has as a total only is in no cell: it has no class, and so no price.
    select provider, account, coalesce(response_model, request_model, '(none)'), tokens_unclassified
    from ingest.attempts
    where tokens_unclassified > 0 and tokens_uncached_input is null and billable_expected is not false
),
unpriced as (
    select provider, account, model, sum(tokens) as tokens
    from parts
    group by all
),
billed as (
    select provider, account, model, sum(cost_usd) as cost_usd
    from reconcile.bridge_items
    where cause_code = 'D35'
    group by all
)
select
    concat_ws('/', provider, account, model) as subject,
    cast(u.tokens as decimal(24, 6)) as figure,
    cast(0 as decimal(24, 6)) as threshold,
    coalesce(b.cost_usd, 0) as cost_usd,
    'C' as grade,
    format('{}: {} tokens have no price', model, u.tokens) as summary,
    'model missing in the price catalogue, tier without a price, alias; add a contract row' as likely_causes,
    format(
        'select * from report.token_tieout where month = {} and provider = {} and account = {} and model = {}',
        redflags.quoted(c.month), redflags.quoted(provider), redflags.quoted(account), redflags.quoted(model)
    ) as look_at
from unpriced u
cross join ingest.close c
left join billed b using (provider, account, model)
order by subject
