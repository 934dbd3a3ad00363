-- Tokens of each class from all sides, day by day. grain: month x provider x account x model x token class x day
with claimed as (
    -- The weakest claim holds for all attempts of the model and day.
    select
        a.provider, a.account, coalesce(a.response_model, a.request_model, '(none)') as model,
        cast(a.started_at as date) as day,
        max_by(r.exactness, list_position(['exact', 'exact_text', 'calibrated', 'none'], r.exactness)) as exactness
    from ingest.attempts a
    join meter.recounts r on r.attempt_id = a.attempt_id
    where a.billable_expected is not false and a.usage_origin <> 'missing'
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
left join claimed x using (provider, account, model, day)
cross join ingest.close c
order by t.provider, t.account, t.model, t.token_class, t.day
