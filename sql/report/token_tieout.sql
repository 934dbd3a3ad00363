-- Tokens of each class from all sides, day by day. grain: month x provider x account x model x token class x day
with claimed as (
    select provider, coalesce(model, '(none)') as model, min_by(exactness, exactness <> 'exact') as exactness
    from meter.recounts
    group by all
)
select
    c.month,
    t.provider,
    t.account,
    t.model,
    t.token_class,
    t.day,
    t.tokens_logged,
    t.tokens_recounted,
    t.tokens_usage_export,
    t.tokens_billed,
    t.tokens_provider - t.tokens_logged as tokens_variance,
    coalesce(x.exactness, 'none') as exactness,
    t.cost_usd_expected,
    t.cost_usd_billed
from reconcile.cells t
left join claimed x on x.provider = t.provider and x.model = t.model
cross join ingest.close c
order by t.provider, t.account, t.model, t.token_class, t.day
