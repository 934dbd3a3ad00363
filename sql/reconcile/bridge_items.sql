-- The zero-sum journal between our expectation and the invoice. grain: cell x step, or one item of a document
-- expected + quantity items + price items + other charges + invoice item = invoice, to the last digit.
with
-- 1. The provider's quantity against ours, at our price.
quantity as (
    select
        c.provider, c.account, c.model, c.token_class, c.day, m.step, m.cause_code,
        c.tokens_provider - c.tokens_logged as tokens,
        coalesce(cast(c.tokens_provider - c.tokens_logged as decimal(18, 0)) * c.usd_per_unit, 0) as cost_usd,
        m.grade
    from reconcile.cells c
    join reconcile.model_days m using (provider, account, model, day)
    where c.tokens_provider <> c.tokens_logged
),
-- 2. The billed amount against the provider's own quantity, at our price.
priced as (
    select
        c.*,
        c.cost_usd_billed - c.cost_usd_expected - coalesce(q.cost_usd, 0) as cost_usd_more,
        coalesce(c.tokens_provider, c.tokens_logged) as tokens
    from reconcile.cells c
    left join quantity q using (provider, account, model, token_class, day)
    where c.cost_usd_billed is not null
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
        and r.service_tier = 'standard'
        and r.valid_from < cast(p.day + 1 as timestamptz)
        and r.valid_to > cast(p.day as timestamptz)
        and r.minute_upto - r.minute_from < 1440
    where p.cost_usd_billed = cast(p.tokens as decimal(18, 0)) * r.usd_per_unit
),
price as (
    select
        p.provider, p.account, p.model, p.token_class, p.day,
        case
            when v.has_usage_export or v.has_billed_quantities then
                case
                    when p.usd_per_unit is null then 'D35'
                    when m.model is not null and p.token_class in ('cache_read', 'uncached_input') then 'D27'
                    when h.model is not null then 'time_of_day'
                    else 'D54'
                end
            when p.usd_per_unit is null then 'D35'
            else 'no_usage_export'
        end as cause_code,
        p.tokens,
        p.cost_usd_more as cost_usd,
        case when v.has_usage_export or v.has_billed_quantities then 'B' else 'C' end as grade
    from priced p
    join reconcile.evidence v using (provider, account)
    left join cache_moved m using (provider, account, model, day)
    left join other_hour h using (provider, account, model, token_class, day)
    where p.cost_usd_more <> 0
),
-- 3. Charges that are not about a token class; calls are held against the calls in the logs.
calls as (
    select
        a.provider, a.account, sum(cast(a.units_web_search as decimal(18, 0)) * r.usd_per_unit) as cost_usd_logged
    from ingest.attempts a
    join ingest.rate_book r
        on r.provider = a.provider
        and r.model = coalesce(a.response_model, a.request_model)
        and r.service_tier = a.service_tier
        and r.token_class = 'web_search'
        and a.started_at >= r.valid_from
        and a.started_at < r.valid_to
        and r.prompt_tokens_above = 0
    where a.billable_expected is not false
    group by all
),
charges as (
    select
        *,
        sum(billed_cost) filter (x_token_class = 'web_search') over (partition by provider, account) as cost_usd_calls
    from ingest.billing_lines
    where (x_model is null or x_token_class is null or x_token_class = 'web_search' or charge_category <> 'Usage')
        and billed_cost <> 0
),
other as (
    select
        c.provider, c.account, coalesce(c.x_model, c.charge_description, '(charge)') as model,
        cast(c.charge_period_start as date) as day,
        case
            when c.charge_category = 'Tax' then 'D52'
            when c.charge_category in ('Credit', 'Adjustment') then 'D53'
            when c.x_token_class = 'web_search' and c.cost_usd_calls <= l.cost_usd_logged then 'fees'
            else 'D39'
        end as cause_code,
        c.billed_cost as cost_usd
    from charges c
    left join calls l using (provider, account)
),
-- 4. What the invoice adds to the sum of everything above it.
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
invoice as (
    select
        v.provider, v.account,
        v.cost_usd_invoiced - coalesce(x.cost_usd, 0) - coalesce(i.cost_usd, 0) as cost_usd,
        -- Half a cent for each line of the document: rounding cannot make more.
        0.005 * v.invoice_lines as rounding_bound
    from reconcile.evidence v
    left join expected x using (provider, account)
    left join explained i using (provider, account)
    where v.cost_usd_invoiced is not null
),
journal as (
    select provider, account, model, token_class, day, cause_code, tokens, cost_usd, grade from quantity
    union all
    select provider, account, model, token_class, day, cause_code, tokens, cost_usd, grade from price
    union all
    select provider, account, model, '(all)', day, cause_code, null, cost_usd, 'C' from other
    union all
    select
        provider, account, '(invoice)', '(all)', null,
        case when abs(cost_usd) <= rounding_bound then 'D45' else 'unexplained' end,
        null, cost_usd, case when abs(cost_usd) <= rounding_bound then 'A' else 'D' end
    from invoice
    where cost_usd <> 0
)
select j.provider, j.account, j.model, j.token_class, j.day, c.step, j.cause_code, j.tokens, j.cost_usd, j.grade
from journal j
join reconcile.causes c on c.cause_code = j.cause_code
order by j.provider, j.account, c.step_no, j.cause_code, j.model, j.token_class, j.day, j.cost_usd
