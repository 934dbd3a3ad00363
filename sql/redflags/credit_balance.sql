-- The provider's balance of prepaid credit is not what was there and what moved. grain: wallet
select
    concat_ws('/', r.provider, r.account, r.currency, nullif(r.wallet, '')) as subject,
    cast(round(r.variance, 6) as decimal(24, 6)) as figure,
    p.value as threshold,
    case when r.currency = 'USD' then r.variance else 0 end as cost_usd,
    'B' as grade,
    format(
        '{} states a balance of {} {}; what was there and what moved give {}', r.provider,
        redflags.dollars(r.balance_last), r.currency, redflags.dollars(r.balance_expected)
    ) as summary,
    'a top-up or grant that is not in the ledger, credit that expired, usage that was not billed by line' as likely_causes,
    format(
        'select * from report.credit_rollforward where month = {} and provider = {} and account = {}',
        redflags.quoted(c.month), redflags.quoted(r.provider), redflags.quoted(r.account)
    ) as look_at
from reconcile.credit_rollforward r
cross join ingest.close c
cross join ingest.policy p
where p.name = 'reconcile.materiality_usd' and abs(r.variance) >= p.value
order by subject
