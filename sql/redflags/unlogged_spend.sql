-- Money was billed for traffic that no log shows. grain: provider x account
with unlogged as (
    select provider, account, sum(cost_usd) as cost_usd, max(grade) as grade,
        cast(coalesce(sum(tokens), 0) as hugeint) as tokens
    from reconcile.bridge_items
    where cause_code in ('D02', 'D07')
    group by all
),
-- What all traffic costs: tax and credits do not count, and there may be no bill yet.
spent as (
    select provider, account, sum(coalesce(cost_usd_billed, cost_usd_provider, cost_usd_expected)) as cost_usd
    from reconcile.cells
    group by all
)
select
    concat_ws('/', u.provider, u.account) as subject,
    reconcile.share(u.cost_usd, s.cost_usd) as figure,
    p.value as threshold,
    u.cost_usd,
    u.grade,
    format('{} shows {} tokens ({} USD) that no log shows', u.provider, u.tokens, redflags.dollars(u.cost_usd)) as summary,
    'keys outside the gateway, lost log rows, client retries, aborted streams' as likely_causes,
    format(
        'select * from report.token_tieout where month = {} and provider = {} and account = {} '
        || 'and coalesce(tokens_variance, 1) > 0',
        redflags.quoted(c.month), redflags.quoted(u.provider), redflags.quoted(u.account)
    ) as look_at
from unlogged u
join spent s using (provider, account)
cross join ingest.close c
cross join ingest.policy p
cross join (select value from ingest.policy where name = 'reconcile.materiality_usd') least_usd
where p.name = 'reconcile.unlogged_spend_share'
    and u.cost_usd > p.value * s.cost_usd
    and u.cost_usd >= least_usd.value
order by subject
