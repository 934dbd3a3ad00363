-- Prepaid credit: first balance, what moved, last balance. grain: month x provider x account x currency x wallet
select
    c.month,
    t.*,
    case
        when t.variance is null then 'unproven'
        when t.variance = 0 then 'matched'
        else 'break'
    end as status
from reconcile.credit_rollforward t
cross join ingest.close c
order by t.provider, t.account, t.currency, t.wallet
