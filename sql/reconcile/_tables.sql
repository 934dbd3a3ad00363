-- Word 3, reconcile: do both sides agree, link by link, and if not, why?

-- Whole units of 1e-12 USD: divisions of money stay exact in them, where `/` would give DOUBLE.
create macro reconcile.pico(usd) as cast(cast(usd as decimal(38, 12)) * 1000000000000::decimal(13, 0) as hugeint);
-- A share with six decimals, cut; NULL of nothing. A share of almost nothing stops at 1e11: every column holds that.
create macro reconcile.share(part, whole) as case when part is not null and reconcile.pico(whole) <> 0 then
    cast(
        greatest(least(reconcile.pico(part) * 1000000 // reconcile.pico(whole), 100000000000000000), -100000000000000000)
        as decimal(24, 0)
    ) * 0.000001::decimal(6, 6)
end;
create macro reconcile.usd(pico) as cast(pico as decimal(38, 0)) * 0.000000000001::decimal(12, 12);
-- `//` cuts towards zero: a negative amount (a credit) is shifted down to its floor. The divisor is positive.
create macro reconcile.floor_div(part, whole) as part // whole - case when part % whole < 0 then 1 else 0 end;
-- Is it a class of tokens; every other class counts calls, seconds, bytes and the like.
create macro reconcile.is_token_class(token_class) as token_class in (
    'uncached_input', 'cache_read', 'cache_write_5m', 'cache_write_30m', 'cache_write_1h', 'cache_write_12h', 'output',
    'input_audio', 'cache_audio', 'output_audio', 'input_image', 'cache_image', 'output_image'
);
-- Does a billing line charge for tokens of this month: then it belongs to a cell, otherwise to the whole document.
create macro reconcile.is_token_line(charge_category, charge_class, model, token_class) as
    charge_category = 'Usage' and charge_class is distinct from 'Correction'
    and model is not null and coalesce(reconcile.is_token_class(token_class), false);

create table reconcile.rated_tokens ( -- Every billable token class of every attempt, priced at our rates.
    attempt_id varchar not null, -- The attempt
    provider varchar not null, -- gen_ai.provider.name
    account varchar not null, -- Account at the provider
    model varchar not null, -- Model that answered, or that was asked for where the answer names none
    service_tier varchar not null, -- Tier that was served
    token_class varchar not null, -- Token class
    day date not null, -- UTC day of the start
    team varchar, -- Team
    workload varchar, -- Workload
    tokens_logged bigint not null, -- Tokens in the log
    usd_per_unit_list decimal(20, 14), -- List price; NULL is unpriced
    usd_per_unit decimal(20, 14), -- Price under the contract; NULL is unpriced
    cost_usd_expected decimal(38, 18) -- tokens_logged x usd_per_unit; NULL is unpriced
);

create table reconcile.evidence ( -- What each provider delivered for the month: it decides what can be proved.
    provider varchar not null, -- gen_ai.provider.name
    account varchar not null, -- Account at the provider
    attempts bigint not null, -- Logged attempts of the month
    has_usage_export boolean not null, -- A usage export was delivered
    has_requests boolean not null, -- The usage export counts requests
    has_billing_lines boolean not null, -- Billing lines (a cost report) were delivered
    has_token_lines boolean not null, -- Billing lines that name a model and a token class were delivered
    has_billed_quantities boolean not null, -- All of those lines carry a token quantity
    cost_usd_charged decimal(38, 18), -- Sum of the billing lines; NULL where none was delivered
    invoices bigint not null, -- Invoices of the month
    invoice_lines bigint not null, -- Lines of those documents; each may be rounded by half a cent
    cost_usd_invoiced decimal(38, 18), -- Their sum; NULL where no invoice was delivered
    invoice_ids varchar, -- Their numbers
    primary key (provider, account)
);

create table reconcile.uncovered_days ( -- Days that an export does not cover completely: on them it proves nothing.
    provider varchar not null, -- gen_ai.provider.name
    account varchar not null, -- Account at the provider
    document varchar not null, -- usage or cost
    day date not null, -- UTC day
    primary key (provider, account, document, day)
);

create table reconcile.cells ( -- The working paper: each token class of each model and day, from all sides.
    provider varchar not null, -- gen_ai.provider.name
    account varchar not null, -- Account at the provider
    model varchar not null, -- Model
    token_class varchar not null, -- Token class
    day date not null, -- UTC day
    tokens_logged bigint not null, -- In our logs
    tokens_recounted bigint, -- By our own count, where every attempt of the cell could be counted
    tokens_usage_export bigint, -- In the provider's usage export; 0 where it covers the day and shows none
    tokens_billed decimal(38, 6), -- In the billing lines; NULL where they carry no quantity
    tokens_provider bigint, -- The provider's quantity: usage export, else billing lines; NULL where it gave none
    service_tier varchar not null, -- Tier of most of these tokens
    usd_per_unit_list decimal(20, 14), -- List price of one more token of that tier; NULL is unpriced
    usd_per_unit decimal(20, 14), -- Our price of one more token of that tier; NULL is unpriced
    cost_usd_expected decimal(38, 18) not null, -- Our logs at our rates
    tokens_unpriced bigint not null, -- Logged tokens without a price
    cost_usd_provider decimal(38, 18), -- The provider's quantity at our rates, tier by tier; NULL where it gave none
    cost_usd_billed decimal(38, 18), -- In the billing lines; 0 where they cover the day and show none
    primary key (provider, account, model, token_class, day)
);

create table reconcile.model_days ( -- Why the provider's quantity differs from ours, for one model and day.
    provider varchar not null, -- gen_ai.provider.name
    account varchar not null, -- Account at the provider
    model varchar not null, -- Model
    day date not null, -- UTC day
    requests_logged bigint not null, -- Billable attempts in our logs
    requests_provider bigint, -- Requests in the usage export; NULL where it does not count them
    requests_without_usage bigint not null, -- Attempts whose log carries no token count
    retries_collapsed bigint not null, -- Retries hidden inside logged rows
    tokens_logged bigint not null, -- In our logs, all classes
    tokens_provider bigint not null, -- The provider's quantity, all classes
    step varchar, -- Step of the bridge; NULL where nothing differs
    cause_code varchar, -- Cause of the difference
    grade varchar, -- A re-performed, B cross-checked, C provider's word only, D estimated
    primary key (provider, account, model, day)
);

create table reconcile.bridge_items ( -- The zero-sum journal between our expectation and the invoice.
    provider varchar not null, -- gen_ai.provider.name
    account varchar not null, -- Account at the provider
    model varchar not null, -- Model, or (invoice) for items of the whole document
    token_class varchar not null, -- Token class, or (all)
    day date, -- UTC day; NULL for items of the whole document
    step varchar not null, -- Step of the bridge
    cause_code varchar not null, -- Cause
    tokens decimal(38, 6), -- Tokens behind the amount
    cost_usd decimal(38, 18) not null, -- Amount, provider - ours
    grade varchar not null -- Grade of the evidence
);

create table reconcile.causes ( -- The causes the bridge can name, in its order of steps.
    step_no bigint not null, -- Order of the step
    step varchar not null, -- Step of the bridge
    cause_code varchar primary key, -- Code of the catalogue (docs/causes.md)
    cause varchar not null, -- What happened, in words
    is_break boolean not null -- Must someone resolve it
);

create table reconcile.variance_bridge ( -- From our logs to the invoice, step by step; the sum is exact.
    provider varchar not null, -- gen_ai.provider.name
    account varchar not null, -- Account at the provider
    model varchar not null, -- Model, or (invoice)
    step_no bigint not null, -- Order of the step
    step varchar not null, -- Step of the bridge
    cause_code varchar not null, -- Cause
    cause varchar not null, -- What happened, in words
    tokens decimal(38, 6), -- Tokens behind the amount
    cost_usd decimal(38, 18) not null, -- Amount, provider - ours
    grade varchar not null, -- Weakest grade of the items
    items bigint not null, -- Journal items behind the amount
    is_break boolean not null -- Must someone resolve it
);

create table reconcile.month_close ( -- One line per provider and account: expected, billed, explained, unexplained.
    provider varchar not null, -- gen_ai.provider.name
    account varchar not null, -- Account at the provider
    invoice_ids varchar, -- Invoices of the month
    attempts bigint not null, -- Logged attempts
    cost_usd_expected decimal(38, 18) not null, -- Our logs at our rates
    cost_usd_billed decimal(38, 18), -- Invoice; where none was delivered, the sum of the billing lines; NULL without any bill
    cost_usd_variance decimal(38, 18), -- billed - expected = explained + unexplained; NULL without any bill
    cost_usd_explained decimal(38, 18) not null, -- The part of the variance with a named cause
    cost_usd_unexplained decimal(38, 18) not null, -- The rest
    cost_usd_rounding_bound decimal(38, 18) not null, -- Most that rounding of the invoice can make
    tokens_logged bigint not null, -- In our logs
    tokens_provider bigint, -- The provider's quantity; NULL where it gave none
    coverage_share decimal(18, 6), -- Logged / provider's tokens, where it gave any; NULL where it gave none
    status varchar not null, -- matched, within_tolerance, break, no_invoice, no_bill or draft
    primary key (provider, account)
);

create table reconcile.breaks ( -- Differences that someone must resolve.
    break_id varchar primary key, -- Stable id: provider/account/model/cause
    provider varchar not null, -- gen_ai.provider.name
    account varchar not null, -- Account at the provider
    model varchar not null, -- Model, or (invoice)
    step varchar not null, -- Step of the bridge
    cause_code varchar not null, -- Cause
    cause varchar not null, -- What happened, in words
    cost_usd decimal(38, 18) not null, -- Amount, provider - ours
    grade varchar not null, -- Grade of the evidence
    items bigint not null, -- Journal items behind it
    day_first date, -- First day it shows
    day_last date -- Last day it shows
);

create table reconcile.allocation_weights ( -- Who caused the billed cost, before rounding to cents.
    provider varchar not null, -- gen_ai.provider.name
    account varchar not null, -- Account at the provider
    model varchar not null, -- Model, or (invoice)
    team varchar not null, -- Team, (none) or (unlogged)
    workload varchar not null, -- Workload, (none) or (unlogged)
    weight_pico hugeint not null -- Share of the billed cost in 1e-12 USD
);

create table reconcile.allocation ( -- The invoice, allocated to the cent by model, by team and by workload.
    provider varchar not null, -- gen_ai.provider.name
    account varchar not null, -- Account at the provider
    dimension varchar not null, -- model, team or workload
    member varchar not null, -- The model, team or workload; (unlogged) is traffic no log shows
    cost_usd decimal(38, 2) not null, -- Allocated cost; the members of a dimension add up to the invoice
    primary key (provider, account, dimension, member)
);

create table reconcile.lcpr ( -- Loaded cost per successful request, from the reconciled month.
    workload varchar primary key, -- Workload
    attempts bigint not null, -- Attempts, failures and retries included
    requests_successful bigint not null, -- Logical requests that succeeded
    token_cost_usd decimal(38, 12) not null, -- Part of the bills this workload caused, retries included
    repair_cost_usd decimal(38, 6) not null, -- Failed requests x repair cost of the policy
    engineering_cost_usd decimal(38, 6) not null, -- Share of engineering hours x hourly rate of the policy
    lcpr_usd decimal(38, 12), -- Sum of the three / requests_successful; NULL without a success
    confidence varchar not null -- invoice_reconciled where every invoice is explained, else estimated
);

create table reconcile.credit_rollforward ( -- Prepaid credit: first balance, what moved, last balance.
    provider varchar not null, -- gen_ai.provider.name
    account varchar not null, -- Account at the provider
    currency varchar not null, -- ISO 4217, or the name of the provider's credit unit
    wallet varchar not null, -- The wallet or grant, where the provider keeps several
    balance_first_at timestamptz, -- When the first balance of the month was stated
    balance_first decimal(38, 18), -- That balance; NULL where none was stated
    purchases decimal(38, 18) not null, -- Credit bought between the balances, or in the month where fewer than two are known
    grants decimal(38, 18) not null, -- Credit given
    usage decimal(38, 18) not null, -- Credit used, negative
    expiry decimal(38, 18) not null, -- Credit that expired, negative
    refunds decimal(38, 18) not null, -- Credit given back
    adjustments decimal(38, 18) not null, -- Other movements
    usage_is_from_bill boolean not null, -- True where the ledger shows no usage and the billing lines stand for it
    balance_last_at timestamptz, -- When the last balance was stated
    balance_expected decimal(38, 18), -- First balance and everything that moved
    balance_last decimal(38, 18), -- The provider's last balance; NULL where fewer than two were stated
    variance decimal(38, 18), -- balance_last - balance_expected; NULL where fewer than two balances were stated
    primary key (provider, account, currency, wallet)
);
