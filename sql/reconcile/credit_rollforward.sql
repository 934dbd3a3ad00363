-- Prepaid credit of the month: the first balance and what moved must give the last balance.
-- grain: provider x account x currency x wallet
with wallets as (
    select distinct provider, account, currency, coalesce(wallet, '') as wallet
    from ingest.credit_ledger
),
stated as (
    select
        provider, account, currency, coalesce(wallet, '') as wallet,
        min(entry_at) as balance_first_at, max(entry_at) as balance_last_at,
        arg_min(amount, entry_at) as balance_first, arg_max(amount, entry_at) as balance_last
    from ingest.credit_ledger
    where entry_kind = 'balance'
    group by all
),
-- Without entries for usage it is what the bill charges for it, where the account has a single wallet.
usage_billed as (
    select l.provider, l.account, l.billing_currency as currency, l.charge_period_start as entry_at, -l.billed_cost as amount
    from ingest.billing_lines l
    where l.charge_category = 'Usage'
        and (l.provider, l.account) not in (
            select (provider, account) from ingest.credit_ledger where entry_kind = 'usage'
        )
        and (
            select count(*) from wallets w
            where w.provider = l.provider and w.account = l.account and w.currency = l.billing_currency
        ) = 1
),
moved as (
    select provider, account, currency, coalesce(wallet, '') as wallet, entry_at, entry_kind, amount, false as is_from_bill
    from ingest.credit_ledger
    where entry_kind <> 'balance'
    union all
    select u.provider, u.account, u.currency, w.wallet, u.entry_at, 'usage', u.amount, true
    from usage_billed u
    join wallets w using (provider, account, currency)
),
summed as (
    select
        w.provider, w.account, w.currency, w.wallet,
        coalesce(sum(m.amount) filter (m.entry_kind = 'purchase'), 0) as purchases,
        coalesce(sum(m.amount) filter (m.entry_kind = 'grant'), 0) as grants,
        coalesce(sum(m.amount) filter (m.entry_kind = 'usage'), 0) as usage,
        coalesce(sum(m.amount) filter (m.entry_kind = 'expiry'), 0) as expiry,
        coalesce(sum(m.amount) filter (m.entry_kind = 'refund'), 0) as refunds,
        coalesce(sum(m.amount) filter (m.entry_kind = 'adjustment'), 0) as adjustments,
        coalesce(bool_or(m.is_from_bill), false) as usage_is_from_bill
    from wallets w
    left join stated s using (provider, account, currency, wallet)
    left join moved m
        on m.provider = w.provider and m.account = w.account and m.currency = w.currency and m.wallet = w.wallet
        -- Between two balances: what moved before the first is in it, what moved after the last is not.
        and (s.balance_first_at is null or s.balance_first_at = s.balance_last_at
            or (m.entry_at >= s.balance_first_at and m.entry_at < s.balance_last_at))
    group by all
)
select
    t.provider,
    t.account,
    t.currency,
    t.wallet,
    s.balance_first_at,
    s.balance_first,
    t.purchases,
    t.grants,
    t.usage,
    t.expiry,
    t.refunds,
    t.adjustments,
    t.usage_is_from_bill,
    case when s.balance_last_at > s.balance_first_at then s.balance_last_at end as balance_last_at,
    case when s.balance_last_at > s.balance_first_at
        then s.balance_first + t.purchases + t.grants + t.usage + t.expiry + t.refunds + t.adjustments
    end as balance_expected,
    case when s.balance_last_at > s.balance_first_at then s.balance_last end as balance_last,
    case when s.balance_last_at > s.balance_first_at
        then s.balance_last
            - (s.balance_first + t.purchases + t.grants + t.usage + t.expiry + t.refunds + t.adjustments)
    end as variance
from summed t
left join stated s using (provider, account, currency, wallet)
order by t.provider, t.account, t.currency, t.wallet
