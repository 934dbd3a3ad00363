-- Word 5, report: what may finance rely on? These tables are published in finance.duckdb, schema report.

create table report.month_close ( -- One line per provider and account: expected, billed, explained, unexplained.
    month varchar not null, -- Billing month, like 2026-10
    version bigint not null default 0, -- Version of the close; restating a month makes a new one
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
    status varchar not null -- matched, within_tolerance, break, no_invoice, no_bill or draft
);

create table report.variance_bridge ( -- From our logs to the invoice, step by step; the sum is exact.
    month varchar not null, -- Billing month, like 2026-10
    version bigint not null default 0, -- Version of the close; restating a month makes a new one
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
    items bigint not null -- Journal items behind the amount
);

create table report.token_tieout ( -- Tokens of each class from all sides, day by day.
    month varchar not null, -- Billing month, like 2026-10
    version bigint not null default 0, -- Version of the close; restating a month makes a new one
    provider varchar not null, -- gen_ai.provider.name
    account varchar not null, -- Account at the provider
    model varchar not null, -- Model
    token_class varchar not null, -- Token class
    day date not null, -- UTC day
    tokens_logged bigint not null, -- In our logs
    tokens_recounted bigint, -- By our own count, where every attempt of the cell could be counted
    tokens_usage_export bigint, -- In the provider's usage export; 0 where it covers the day and shows none
    tokens_billed decimal(38, 6), -- In the billing lines; NULL where they carry no quantity
    tokens_variance bigint, -- tokens_provider - tokens_logged; NULL where the provider gave no quantity
    exactness varchar not null, -- What our count of the model's input proves on this day: exact, exact_text, calibrated, none
    cost_usd_expected decimal(38, 18) not null, -- Our logs at our rates
    cost_usd_billed decimal(38, 18) -- In the billing lines; NULL where there are none
);

create table report.breaks ( -- Differences that someone must resolve.
    month varchar not null, -- Billing month, like 2026-10
    version bigint not null default 0, -- Version of the close; restating a month makes a new one
    break_id varchar not null, -- Stable id: provider/account/model/cause
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
    day_last date, -- Last day it shows
    status varchar not null, -- open until someone resolves it
    age_days bigint not null -- Days from the first day it shows to the end of what was closed
);

create table report.red_flags ( -- What must someone look at today.
    month varchar not null, -- Billing month, like 2026-10
    version bigint not null default 0, -- Version of the close; restating a month makes a new one
    flag varchar not null, -- Name of the flag
    subject varchar, -- What the flag is about
    figure decimal(24, 6), -- The figure that is out of bounds; NULL where its base is zero
    threshold decimal(24, 6) not null, -- The bound from policy.yaml
    cost_usd decimal(38, 18) not null, -- Money behind it, USD
    grade varchar not null, -- Grade of the evidence
    summary varchar not null, -- What happened, in one sentence
    likely_causes varchar not null, -- What to check, in this order
    look_at varchar not null, -- Query that shows the rows
    status varchar not null -- open until someone closes it
);

create table report.spend_by_model ( -- The invoice by model; the parts add up to the invoice to the cent.
    month varchar not null, -- Billing month, like 2026-10
    version bigint not null default 0, -- Version of the close; restating a month makes a new one
    provider varchar not null, -- gen_ai.provider.name
    account varchar not null, -- Account at the provider
    model varchar not null, -- The model; (unlogged) is traffic no log shows, (shared) charges that belong to nobody
    cost_usd decimal(38, 2) not null -- Allocated cost, USD
);

create table report.spend_by_team ( -- The invoice by team; the parts add up to the invoice to the cent.
    month varchar not null, -- Billing month, like 2026-10
    version bigint not null default 0, -- Version of the close; restating a month makes a new one
    provider varchar not null, -- gen_ai.provider.name
    account varchar not null, -- Account at the provider
    team varchar not null, -- The team; (unlogged) is traffic no log shows, (shared) charges that belong to nobody
    cost_usd decimal(38, 2) not null -- Allocated cost, USD
);

create table report.spend_by_workload ( -- The invoice by workload; the parts add up to the invoice to the cent.
    month varchar not null, -- Billing month, like 2026-10
    version bigint not null default 0, -- Version of the close; restating a month makes a new one
    provider varchar not null, -- gen_ai.provider.name
    account varchar not null, -- Account at the provider
    workload varchar not null, -- The workload; (unlogged) is traffic no log shows, (shared) charges that belong to nobody
    cost_usd decimal(38, 2) not null -- Allocated cost, USD
);

create table report.lcpr ( -- Loaded cost per successful request.
    month varchar not null, -- Billing month, like 2026-10
    version bigint not null default 0, -- Version of the close; restating a month makes a new one
    workload varchar not null, -- Workload
    attempts bigint not null, -- Attempts, failures and retries included
    requests_successful bigint not null, -- Logical requests that succeeded
    token_cost_usd decimal(38, 12) not null, -- Part of the bills this workload caused, retries included
    repair_cost_usd decimal(38, 6) not null, -- Failed requests x repair cost of the policy
    engineering_cost_usd decimal(38, 6) not null, -- Share of engineering hours x hourly rate of the policy
    lcpr_usd decimal(38, 12), -- Sum of the three / requests_successful; NULL without a success
    confidence varchar not null -- invoice_reconciled where every invoice is explained, else estimated
);

create table report.assumptions ( -- Inputs of the close that are policy or assumption, not measurement.
    month varchar not null, -- Billing month, like 2026-10
    version bigint not null default 0, -- Version of the close; restating a month makes a new one
    name varchar not null, -- Group and field of policy.yaml
    value decimal(24, 6) not null -- Its value
);

create table report.prices ( -- List, contracted and implied price of each model and token class.
    month varchar not null, -- Billing month, like 2026-10
    version bigint not null default 0, -- Version of the close; restating a month makes a new one
    provider varchar not null, -- gen_ai.provider.name
    model varchar not null, -- Model
    token_class varchar not null, -- Token class
    tokens bigint not null, -- Tokens the prices are about: the provider's, else ours
    usd_per_million_list decimal(38, 12), -- List price on the first day of use, at the tier used most; NULL is unpriced
    usd_per_million_contract decimal(38, 12), -- Our cost / tokens: the contract's price, averaged where it changes by day, hour, tier or prompt; NULL is unpriced
    usd_per_million_implied decimal(38, 12) -- Billed cost / tokens; NULL where nothing was billed by line
);

create table report.sources ( -- Every delivered file: each record has exactly one disposition.
    month varchar not null, -- Billing month, like 2026-10
    version bigint not null default 0, -- Version of the close; restating a month makes a new one
    source varchar not null, -- Name of the source in tickmark.yaml
    side varchar not null, -- gateway or bill
    format varchar not null, -- Name of the format
    file varchar not null, -- Path below the home
    sha256 varchar not null, -- Hash of the delivered bytes
    bytes_delivered bigint not null, -- Size as delivered
    bytes_decoded bigint not null, -- Size after decompression
    already_seen boolean not null, -- True where the same bytes were delivered before in this source
    records bigint not null, -- Physical records counted by the splitter
    loaded bigint not null, -- Records of this month, each once
    dup_exact bigint not null, -- Repeats of a record that is loaded
    dup_conflict bigint not null, -- Same key, other content: the first was kept
    quarantined bigint not null, -- Records that break a rule; see ingest.rejects
    out_of_period bigint not null, -- Records of another month
    superseded bigint not null, -- Earlier versions of a record that its source wrote again
    not_usage bigint not null, -- Records of a kind that is about no usage: other spans, other events
    blank bigint not null -- Empty lines, headers and empty buckets
);

create table report.credit_rollforward ( -- Prepaid credit: first balance, what moved, last balance.
    month varchar not null, -- Billing month, like 2026-10
    version bigint not null default 0, -- Version of the close; restating a month makes a new one
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
    status varchar not null -- matched, break, or unproven where fewer than two balances were stated
);

create table report.boundary_exposure ( -- What would leave the month if the provider cut it at midnight of another zone.
    month varchar not null, -- Billing month, like 2026-10
    version bigint not null default 0, -- Version of the close; restating a month makes a new one
    provider varchar not null, -- gen_ai.provider.name
    account varchar not null, -- Account at the provider
    utc_offset_hours integer not null, -- The other zone: -8 is Pacific standard time, 8 is China's
    attempts_leaving bigint not null, -- Logged attempts that would belong to another month
    cost_usd_leaving decimal(38, 18) not null -- Their cost at our rates
);

create table report.clock_skew ( -- How far the provider's clock is ahead of the log's.
    month varchar not null, -- Billing month, like 2026-10
    version bigint not null default 0, -- Version of the close; restating a month makes a new one
    source varchar not null, -- Name of the source in tickmark.yaml
    provider varchar not null, -- gen_ai.provider.name
    attempts bigint not null, -- Answers that name the provider's time
    milliseconds_ahead bigint not null, -- Median of the provider's time - ours; its seconds are whole, so up to 1000 say nothing
    attempts_of_another_month bigint not null -- Attempts that this skew would move out of the month
);

create table report.source_days ( -- Each source day by day.
    month varchar not null, -- Billing month, like 2026-10
    version bigint not null default 0, -- Version of the close; restating a month makes a new one
    source varchar not null, -- Name of the source in tickmark.yaml
    side varchar not null, -- gateway or bill
    day date not null, -- UTC day
    records bigint not null, -- Attempts of a log, records of a usage export or bill
    hours_silent bigint, -- Hours of the day in which a log shows nothing; NULL on the bill side
    is_covered boolean -- Does the export speak about the whole day; NULL where it does not say what it covers
);

create table report.source_completeness ( -- What proves that a source delivered everything, if anything does.
    month varchar not null, -- Billing month, like 2026-10
    version bigint not null default 0, -- Version of the close; restating a month makes a new one
    source varchar not null, -- Name of the source in tickmark.yaml
    side varchar not null, -- gateway or bill
    files bigint not null, -- Files delivered
    records bigint not null, -- Records of the month
    first_at timestamptz, -- First attempt of a log
    last_at timestamptz, -- Last attempt of a log
    gaps bigint not null, -- Gaps in what an export covers, or hours in which a log is unusually silent
    completeness varchar not null -- gaps; manifest: every file is listed and agrees; coverage: its buckets cover the month; tied_out: the provider counted the same; unproven: nothing proves it
);

create table report.transcribed_invoices ( -- Invoices whose figures were read out of a PDF: a person must confirm them.
    month varchar not null, -- Billing month, like 2026-10
    version bigint not null default 0, -- Version of the close; restating a month makes a new one
    provider varchar not null, -- gen_ai.provider.name
    account varchar not null, -- Account at the provider
    invoice_id varchar not null, -- Number of the invoice
    file varchar not null, -- Path below the home
    billed_cost decimal(38, 18) not null, -- Amount payable, in billing_currency
    billing_currency varchar not null -- ISO 4217
);

create table report.schema_changes ( -- Fields of a source that came, went or changed their kind since the month before.
    month varchar not null, -- Billing month, like 2026-10
    version bigint not null default 0, -- Version of the close; restating a month makes a new one
    source varchar not null, -- Name of the source in tickmark.yaml
    field varchar not null, -- Name of the field or column
    change varchar not null, -- new, gone or other kind
    kinds_before varchar, -- What stood in it the month before; NULL where it was not there
    kinds_now varchar -- What stands in it now; NULL where it is not there
);

create table report.rejects ( -- Records set aside: where, which rule, never the value.
    month varchar not null, -- Billing month, like 2026-10
    version bigint not null default 0, -- Version of the close; restating a month makes a new one
    source varchar not null, -- Name of the source
    file varchar not null, -- Path below the home
    line_no bigint, -- Physical line, from 1; NULL inside a JSON document
    record_no bigint not null, -- Number of the record in the file
    byte_offset bigint not null, -- Where the record begins in the decoded file
    byte_length bigint not null, -- Its length
    place varchar, -- Place inside a JSON document
    rule varchar not null, -- Stable id of the rule
    field varchar not null, -- Field or column
    expected varchar not null, -- What the rule asks for
    got varchar not null -- Kind and length of what was found, never the value
);

create table report.tokenizer_parity ( -- How far our count agrees with the provider's meter.
    month varchar not null, -- Billing month, like 2026-10
    version bigint not null default 0, -- Version of the close; restating a month makes a new one
    provider varchar not null, -- gen_ai.provider.name
    operation varchar not null, -- gen_ai.operation.name
    model varchar not null, -- Model that answered
    direction varchar not null, -- input, or output without reasoning
    shape varchar not null, -- What the request holds; answer for output
    exactness varchar not null, -- What the spec claims
    attempts bigint not null, -- Billable attempts with a logged count
    attempts_recounted bigint not null, -- Those we could count
    attempts_exact bigint not null, -- Those where both figures are equal
    attempts_in_band bigint not null, -- Those where the log lies in the band of our count; an exact count is its band
    tokens_variance_min bigint, -- Smallest logged - recounted
    tokens_variance_max bigint, -- Largest logged - recounted
    tokens_logged bigint not null, -- Tokens in the log
    uncountable_because varchar -- Why the others were not counted
);

create table report.engine_checks ( -- The reference's second count of a sample, for every vocabulary of the month.
    month varchar not null, -- Billing month, like 2026-10
    version bigint not null default 0, -- Version of the close; restating a month makes a new one
    vocabulary varchar not null, -- Vocabulary
    engine varchar not null, -- Engine chosen: tokenizers (the reference), or fastokens where it passed its self-test
    segments bigint not null, -- Unique texts of the month
    segments_sampled bigint not null, -- Those that the reference counted again
    mismatches bigint not null, -- Those where its count differs; one is enough for a recount of all by the reference
    counted_by varchar not null -- Engine whose counts stand
);

create table report.calibrated_days ( -- Closed tokenizers, day by day: level where the band is narrow, change elsewhere.
    month varchar not null, -- Billing month, like 2026-10
    version bigint not null default 0, -- Version of the close; restating a month makes a new one
    provider varchar not null, -- gen_ai.provider.name
    operation varchar not null, -- gen_ai.operation.name
    model varchar not null, -- Model that answered
    shape varchar not null, -- What the request holds
    day date not null, -- UTC day
    attempts bigint not null, -- Attempts with a logged and an estimated count
    tokens_logged bigint not null, -- Input tokens in the log
    tokens_recounted bigint not null, -- Estimated input tokens
    tokens_low bigint not null, -- Sum of the least that right bills may show
    tokens_high bigint not null, -- Sum of the most
    band_share decimal(18, 6) not null, -- Half the width of the band, as a share of the estimate
    ratio decimal(18, 6) not null, -- Logged over estimated tokens
    ratio_before decimal(18, 6), -- The same over all earlier days of the month; NULL on the first
    band_measured boolean not null, -- Do the exchanges behind the band cover the day
    finding varchar not null -- within or outside the band; outdated: outside a band that does not cover the day; too_wide to compare; changed: too wide, and the ratio moved
);

create table report.recount_exceptions ( -- Attempts where an exact recount differs from the log, or an answer leaves what a right bill may show.
    month varchar not null, -- Billing month, like 2026-10
    version bigint not null default 0, -- Version of the close; restating a month makes a new one
    attempt_id varchar not null, -- The attempt
    direction varchar not null, -- input, or output without reasoning
    source varchar not null, -- Name of the source
    file varchar not null, -- Path below the home
    line_no bigint, -- Physical line
    provider varchar not null, -- gen_ai.provider.name
    model varchar, -- Model that answered
    spec varchar not null, -- Tokenizer spec
    tokens_logged bigint not null, -- Tokens in the log
    tokens_recounted bigint not null, -- Tokens by our count
    tokens_variance bigint not null -- tokens_logged - tokens_recounted
);

create table report.open_points ( -- Why a close is only a draft; no row means complete.
    month varchar not null, -- Billing month, like 2026-10
    version bigint not null default 0, -- Version of the close; restating a month makes a new one
    problem varchar not null, -- quarantined, conflict, coverage, open_period or open_month
    source varchar, -- Name of the source; NULL for the whole month
    detail varchar not null -- What is missing, in words
);

create table report.metric_dictionary ( -- Every published column: meaning, type and table.
    table_name varchar not null, -- Published table
    column_name varchar not null, -- Its column
    data_type varchar not null, -- DuckDB type
    meaning varchar not null, -- What it says, with its unit
    primary key (table_name, column_name)
);
