-- Fewer cached tokens than before, or fewer billed as cached than logged. grain: provider x account x model
with
-- 1. Billed against logged: the same requests, so no chance is involved.
reads as (
    select
        provider, account, model,
        sum(tokens_logged) as logged,
        sum(coalesce(tokens_provider, tokens_logged)) as provided
    from reconcile.cells
    where token_class = 'cache_read'
    group by all
),
moved as (
    select
        provider, account, model,
        coalesce(sum(tokens) filter (token_class = 'cache_read' and step = 'classification' and tokens > 0), 0) as tokens,
        sum(cost_usd) as cost_usd
    from reconcile.bridge_items
    where cause_code = 'D27'
    group by all
),
billed as (
    select
        concat_ws('/', r.provider, r.account, r.model) as subject,
        reconcile.share(r.provided - coalesce(m.tokens, 0), r.logged) as figure,
        p.value as threshold,
        coalesce(m.cost_usd, 0) as cost_usd,
        'B' as grade,
        format('{}: {} of {} cached tokens were billed as cached', r.model, r.provided - coalesce(m.tokens, 0), r.logged) as summary,
        'cache discount not applied, cache class in the usage export, hits the log invented' as likely_causes
    from reads r
    left join moved m using (provider, account, model)
    cross join ingest.policy p
    where p.name = 'trend.cache_billed_share' and r.provided - coalesce(m.tokens, 0) < p.value * r.logged
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
        count(*) filter (is_recent and tokens_cache_read > 0) / nullif(count(*) filter (is_recent), 0) as recent_rate,
        count(*) filter (not is_recent and tokens_cache_read > 0) / nullif(count(*) filter (not is_recent), 0) as earlier_rate,
        count(*) filter (tokens_cache_read > 0) / count(*) as rate,
        sum(tokens_cache_read) filter (is_recent) / sum(tokens_input_total) filter (is_recent) as recent_share,
        sum(tokens_cache_read) filter (not is_recent) / sum(tokens_input_total) filter (not is_recent) as earlier_share,
        sum(tokens_input_total) filter (is_recent) as recent_input
    from windows
    group by all
),
bounds as (
    select
        max(value) filter (name = 'trend.cache_hit_points') as points,
        max(value) filter (name = 'trend.min_attempts') as min_attempts,
        max(value) filter (name = 'trend.min_sigma') as sigma
    from ingest.policy
),
trend as (
    select
        concat_ws('/', c.provider, c.account, c.model) as subject,
        cast(c.earlier_share - c.recent_share as decimal(24, 6)) as figure,
        b.points as threshold,
        cast(0 as decimal(38, 18)) as cost_usd,
        'B' as grade,
        format('{}: cached share of input fell from {:.1f} % to {:.1f} %', c.model, 100 * c.earlier_share, 100 * c.recent_share) as summary,
        'prompt prefix changed, tools reordered, traffic spread over keys, cache lifetime too short' as likely_causes
    from counted c
    cross join bounds b
    where c.recent >= b.min_attempts
        and c.earlier >= b.min_attempts
        and c.earlier_share - c.recent_share > b.points
        and c.earlier_rate - c.recent_rate > b.sigma * sqrt(c.rate * (1 - c.rate) * (1.0 / c.recent + 1.0 / c.earlier))
)
select
    subject, figure, threshold, cost_usd, grade, summary, likely_causes,
    'select * from report.token_tieout where token_class in (''cache_read'', ''uncached_input'')' as look_at
from billed
union all
select
    subject || ' (trend)', figure, threshold, cost_usd, grade, summary, likely_causes,
    'select * from report.token_tieout where token_class in (''cache_read'', ''uncached_input'')'
from trend
order by subject
