-- Fewer cached tokens than before, or fewer billed as cached than logged. grain: provider x account x model
with
-- 1. Billed against logged: the same requests, so no chance is involved.
reads as (
    select provider, account, model, sum(tokens_logged) as tokens_logged
    from reconcile.cells
    where token_class = 'cache_read'
    group by all
),
moved as (
    select
        c.provider, c.account, c.model,
        -- Either the export counts fewer cached tokens, or the bill charges none of those it counts.
        sum(c.tokens_logged - case when c.cost_usd_billed = 0 then 0 else c.tokens_provider end) as tokens
    from reconcile.cells c
    semi join reconcile.bridge_items i
        on i.provider = c.provider and i.account = c.account and i.model = c.model
        and i.token_class = c.token_class and i.day = c.day and i.cause_code = 'D27'
    where c.token_class = 'cache_read'
    group by all
),
lost as (
    select provider, account, model, sum(cost_usd) as cost_usd
    from reconcile.bridge_items
    where cause_code = 'D27'
    group by all
),
bounds as (
    select
        max(value) filter (name = 'trend.cache_billed_share') as billed_share,
        max(value) filter (name = 'trend.cache_hit_points') as points,
        max(value) filter (name = 'trend.min_attempts') as min_attempts,
        max(value) filter (name = 'trend.min_sigma') as sigma
    from ingest.policy
),
billed as (
    select
        concat_ws('/', r.provider, r.account, r.model) as subject, r.provider, r.account, r.model,
        reconcile.share(r.tokens_logged - m.tokens, r.tokens_logged) as figure,
        b.billed_share as threshold,
        l.cost_usd,
        'B' as grade,
        format('{}: {} of {} cached tokens were billed as cached', r.model, r.tokens_logged - m.tokens, r.tokens_logged) as summary,
        'cache discount not applied, cache class in the usage export, hits the log invented' as likely_causes
    from reads r
    join moved m using (provider, account, model)
    join lost l using (provider, account, model)
    cross join bounds b
    where r.tokens_logged - m.tokens < b.billed_share * r.tokens_logged and l.cost_usd >= 0
),
-- 2. This fortnight against the one before.
windows as (
    select
        a.provider, a.account, coalesce(a.response_model, a.request_model, '(none)') as model,
        a.tokens_cache_read, a.tokens_input_total,
        a.started_at >= least(c.month_end, c.as_of) - interval 14 day as is_recent
    from ingest.attempts a
    cross join ingest.close c
    where a.started_at >= least(c.month_end, c.as_of) - interval 28 day and a.tokens_input_total > 0
),
counted as (
    select
        provider, account, model,
        count(*) filter (is_recent) as recent,
        count(*) filter (not is_recent) as earlier,
        count(*) filter (is_recent and tokens_cache_read > 0) as recent_hits,
        count(*) filter (not is_recent and tokens_cache_read > 0) as earlier_hits,
        reconcile.share(sum(tokens_cache_read) filter (is_recent), sum(tokens_input_total) filter (is_recent))
            as recent_share,
        reconcile.share(sum(tokens_cache_read) filter (not is_recent), sum(tokens_input_total) filter (not is_recent))
            as earlier_share,
        sum(tokens_input_total) filter (is_recent) as recent_input
    from windows
    group by all
),
rates as (
    select
        *,
        earlier_share - recent_share as points_less,
        earlier_hits / earlier - recent_hits / recent as rate_less,
        (earlier_hits + recent_hits) / (earlier + recent) as rate
    from counted
    where recent > 0 and earlier > 0
),
discounts as (
    select
        provider, account, model,
        max_by(usd_per_unit, day) filter (token_class = 'uncached_input')
        - max_by(usd_per_unit, day) filter (token_class = 'cache_read') as usd_per_unit
    from reconcile.cells
    group by all
),
trend as (
    select
        concat_ws('/', r.provider, r.account, r.model) || ' (trend)' as subject, r.provider, r.account, r.model,
        r.points_less as figure,
        b.points as threshold,
        -- What the discount on the lost share of recent input was worth.
        coalesce(cast(r.points_less * r.recent_input as decimal(18, 0)) * d.usd_per_unit, 0) as cost_usd,
        'D' as grade,
        format(
            '{}: cached share of input fell from {} to {}',
            r.model, redflags.percent(r.earlier_share), redflags.percent(r.recent_share)
        ) as summary,
        'prompt prefix changed, tools reordered, traffic spread over keys, cache lifetime too short' as likely_causes
    from rates r
    left join discounts d using (provider, account, model)
    cross join bounds b
    where r.recent >= b.min_attempts
        and r.earlier >= b.min_attempts
        and r.points_less > b.points
        and r.rate_less > b.sigma * sqrt(r.rate * (1 - r.rate) * (1.0 / r.recent + 1.0 / r.earlier))
)
select
    subject, figure, threshold, cost_usd, grade, summary, likely_causes,
    format(
        'select * from report.token_tieout where month = {} and provider = {} and account = {} and model = {} '
        || 'and token_class in (''cache_read'', ''uncached_input'')',
        redflags.quoted(month), redflags.quoted(provider), redflags.quoted(account), redflags.quoted(model)
    ) as look_at
from (from billed union all from trend)
cross join (select month from ingest.close)
order by subject
