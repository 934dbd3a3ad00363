-- The provider counted other tokens than our logs. grain: provider x account x model
with by_class as (
    select
        provider, account, model, token_class,
        sum(tokens_logged) as tokens_logged,
        sum(tokens_provider) as tokens_provider,
        sum(cost_usd_provider - cost_usd_expected) as cost_usd,
        bool_or(usd_per_unit is null) as is_unpriced
    from reconcile.cells
    where tokens_provider is not null
    group by all
),
by_model as (
    select
        provider, account, model,
        sum(abs(tokens_provider - tokens_logged)) as tokens_apart,
        greatest(sum(tokens_provider), sum(tokens_logged)) as tokens_all,
        sum(cost_usd) as cost_usd,
        sum(abs(cost_usd)) as cost_usd_apart,
        bool_or(is_unpriced) as is_unpriced
    from by_class
    group by all
),
-- The same requests with other counts point at the tokenizer: that bound is narrower.
counted_otherwise as (
    select distinct provider, account, model
    from reconcile.model_days
    where step = 'quantity'
),
bounded as (
    select
        m.*,
        case when c.model is null then t.value else n.value end as threshold,
        c.model is not null as is_count
    from by_model m
    left join counted_otherwise c using (provider, account, model)
    cross join (select value from ingest.policy where name = 'reconcile.tieout_variance_share') t
    cross join (select value from ingest.policy where name = 'reconcile.logged_vs_usage_share') n
)
select
    concat_ws('/', provider, account, model) as subject,
    reconcile.share(tokens_apart, tokens_all) as figure,
    threshold,
    cost_usd,
    'B' as grade,
    format('{}: {} tokens apart between the provider and our logs', model, tokens_apart) as summary,
    case
        when is_count then 'missing usage in streams, another tokenizer, framing'
        else 'traffic past the gateway, lost log rows, hidden retries, duplicates, cache class'
    end as likely_causes,
    format(
        'select * from report.token_tieout where month = {} and provider = {} and account = {} and model = {} '
        || 'and tokens_variance <> 0',
        redflags.quoted(c.month), redflags.quoted(provider), redflags.quoted(account), redflags.quoted(model)
    ) as look_at
from bounded
cross join ingest.close c
cross join (select value from ingest.policy where name = 'reconcile.materiality_usd') least_usd
where tokens_apart > threshold * tokens_all
    -- Tokens without a price may be worth anything.
    and (cost_usd_apart >= least_usd.value or is_unpriced)
order by subject
