-- The zero-sum journal between our expectation and the bill. grain: cell x step, or one item of a document
-- expected + quantity items + price items + other charges + document item = bill, to the last digit.
with
-- 1. The provider's quantity against ours, both at our rates.
quantity as (
    select
        c.provider, c.account, c.model, c.token_class, c.day,
        case when c.tokens_provider = c.tokens_logged then 'D31' else m.cause_code end as cause_code,
        c.tokens_provider - c.tokens_logged as tokens,
        c.cost_usd_provider - c.cost_usd_expected as cost_usd,
        case when c.tokens_provider = c.tokens_logged then 'B' else m.grade end as grade
    from reconcile.cells c
    join reconcile.model_days m using (provider, account, model, day)
    where c.tokens_provider <> c.tokens_logged or c.cost_usd_provider <> c.cost_usd_expected
),
-- 2. The billed amount against the provider's own quantity, at our rates.
priced as (
    select
        *,
        coalesce(tokens_provider, tokens_logged) as tokens,
        cost_usd_billed - coalesce(cost_usd_provider, cost_usd_expected) as cost_usd_more,
        sum(tokens_logged) over (partition by provider, account, model) = 0 as is_unlogged
    from reconcile.cells
    where cost_usd_billed is not null
),
-- A cost report that moves exactly the cached tokens of a day to the uncached line.
cache_moved as (
    select r.provider, r.account, r.model, r.day
    from priced r
    join priced u using (provider, account, model, day)
    where r.token_class = 'cache_read' and u.token_class = 'uncached_input'
        and r.cost_usd_billed = 0 and r.tokens > 0
        and u.cost_usd_more = cast(r.tokens as decimal(18, 0)) * u.usd_per_unit
),
-- A charge at exactly the price that another hour of the same day has.
other_hour as (
    select distinct p.provider, p.account, p.model, p.token_class, p.day
    from priced p
    join ingest.rate_book r
        on r.provider = p.provider
        and r.model = p.model
        and r.token_class = p.token_class
        and r.service_tier = p.service_tier
        and r.valid_from < cast(p.day + 1 as timestamptz)
        and r.valid_to > cast(p.day as timestamptz)
        and r.minute_upto - r.minute_from < 1440
    where p.tokens > 0 and p.cost_usd_billed = cast(p.tokens as decimal(18, 0)) * r.usd_per_unit
),
price as (
    select
        p.provider, p.account, p.model, p.token_class, p.day,
        case
            when p.tokens_provider is null and p.is_unlogged then 'D02'
            when p.usd_per_unit is null or p.tokens_unpriced > 0 then 'D35'
            when p.tokens_provider is null then 'no_usage_export'
            when m.model is not null and p.token_class in ('cache_read', 'uncached_input') then 'D27'
            when h.model is not null then 'time_of_day'
            else 'D54'
        end as cause_code,
        p.tokens,
        p.cost_usd_more as cost_usd,
        case when p.tokens_provider is null or p.usd_per_unit is null or p.tokens_unpriced > 0 then 'C' else 'B' end as grade
    from priced p
    left join cache_moved m using (provider, account, model, day)
    left join other_hour h using (provider, account, model, token_class, day)
    where p.cost_usd_more <> 0
),
-- 3. Charges that are not about tokens. Calls are held against the calls in the logs.
calls as (
    select
        a.provider, a.account,
        sum(cast(a.units_web_search as decimal(18, 0)) * r.usd_per_unit) as cost_usd_logged,
        bool_or(r.usd_per_unit is null) as is_unpriced
    from ingest.attempts a
    left join ingest.rate_book r
        on r.provider = a.provider
        and r.model = coalesce(a.response_model, a.request_model)
        and r.service_tier = a.service_tier
        and r.token_class = 'web_search'
        and a.started_at >= r.valid_from
        and a.started_at < r.valid_to
        and r.prompt_tokens_above = 0
        and extract(hour from a.started_at) * 60 + extract(minute from a.started_at) >= r.minute_from
        and extract(hour from a.started_at) * 60 + extract(minute from a.started_at) < r.minute_upto
    where a.billable_expected is not false and a.units_web_search > 0
    group by all
),
charges as (
    select
        b.provider, b.account, coalesce(b.x_model, b.charge_description, '(charge)') as model,
        cast(b.charge_period_start as date) as day,
        b.billed_cost as cost_usd,
        case
            when b.charge_category = 'Tax' then 'D52'
            when b.charge_category in ('Credit', 'Adjustment') or b.charge_class = 'Correction' then 'D53'
            when b.x_token_class = 'web_search' then 'calls'
            else 'D39'
        end as kind,
        sum(b.billed_cost) over (
            partition by b.provider, b.account, kind
            order by b.charge_period_start, b.file_no, b.record_no, b.record_key rows unbounded preceding
        ) as cost_usd_so_far
    from ingest.billing_lines b
    join reconcile.evidence v using (provider, account)
    where not reconcile.is_token_line(b.charge_category, b.charge_class, b.x_model, b.x_token_class)
        -- A report that itemises no usage can only be compared as a whole.
        and (v.has_token_lines or v.attempts = 0 or b.charge_category <> 'Usage' or b.x_token_class is not null)
),
-- The calls that the logs show are used up charge by charge; what is billed beyond them is split off.
called as (
    select
        c.provider, c.account, c.model, c.day, c.cost_usd, coalesce(l.is_unpriced, false) as is_unpriced,
        least(c.cost_usd, greatest(coalesce(l.cost_usd_logged, 0) - (c.cost_usd_so_far - c.cost_usd), 0)) as cost_usd_shown
    from charges c
    left join calls l using (provider, account)
    where c.kind = 'calls'
),
other as (
    select provider, account, model, day, kind as cause_code, cost_usd from charges where kind <> 'calls'
    union all
    select provider, account, model, day, 'fees', cost_usd_shown from called
    union all
    select provider, account, model, day, case when is_unpriced then 'D35' else 'D39' end, cost_usd - cost_usd_shown
    from called
),
-- 4. What the bill adds to the sum of everything above it: the invoice, or the sum of its lines without one.
expected as (
    select provider, account, sum(cost_usd_expected) as cost_usd
    from reconcile.cells
    group by all
),
itemised as (
    select provider, account, cost_usd from quantity
    union all select provider, account, cost_usd from price
    union all select provider, account, cost_usd from other
),
explained as (
    select provider, account, sum(cost_usd) as cost_usd
    from itemised
    group by all
),
document as (
    select
        v.provider, v.account,
        coalesce(v.cost_usd_invoiced, v.cost_usd_charged) - coalesce(x.cost_usd, 0) - coalesce(i.cost_usd, 0) as cost_usd,
        -- Half a cent for each line of the documents: rounding cannot make more.
        0.005 * v.invoice_lines as rounding_bound
    from reconcile.evidence v
    left join expected x using (provider, account)
    left join explained i using (provider, account)
    where v.cost_usd_invoiced is not null or v.cost_usd_charged is not null
),
journal as (
    select provider, account, model, token_class, day, cause_code, tokens, cost_usd, grade from quantity
    union all
    select provider, account, model, token_class, day, cause_code, tokens, cost_usd, grade from price
    union all
    select provider, account, model, '(all)', day, cause_code, null, cost_usd, 'C' from other where cost_usd <> 0
    union all
    select
        provider, account, '(invoice)', '(all)', null,
        case when abs(cost_usd) <= rounding_bound then 'D45' else 'unexplained' end,
        null, cost_usd, case when abs(cost_usd) <= rounding_bound then 'A' else 'D' end
    from document
    where cost_usd <> 0
)
select j.provider, j.account, j.model, j.token_class, j.day, c.step, j.cause_code, j.tokens, j.cost_usd, j.grade
from journal j
join reconcile.causes c on c.cause_code = j.cause_code
order by j.provider, j.account, c.step_no, j.cause_code, j.model, j.token_class, j.day, j.cost_usd
