-- Money was billed for traffic that no log shows. grain: provider x account
with unlogged as (
    select provider, account, sum(cost_usd) as cost_usd, max(grade) as grade, sum(tokens) as tokens
    from reconcile.bridge_items
    where cause_code in ('D02', 'D07')
    group by all
)
select
    concat_ws('/', u.provider, u.account) as subject,
    reconcile.share(u.cost_usd, m.cost_usd_billed) as figure,
    p.value as threshold,
    u.cost_usd,
    u.grade,
    format('{} billed {} tokens ({} USD) that no log shows', u.provider, round(u.tokens), round(u.cost_usd, 2)) as summary,
    'keys outside the gateway, lost log rows, client retries, aborted streams' as likely_causes,
    format('select * from report.token_tieout where provider = ''{}'' and tokens_variance > 0', u.provider) as look_at
from unlogged u
join reconcile.month_close m using (provider, account)
cross join ingest.policy p
cross join (select value from ingest.policy where name = 'reconcile.materiality_usd') least_usd
where p.name = 'reconcile.unlogged_spend_share'
    and u.cost_usd > p.value * m.cost_usd_billed
    and u.cost_usd >= least_usd.value
order by subject
