-- Word 1, ingest: what did each side deliver, and is every record accounted for?
-- This file is the contract and the data dictionary: one comment per column, types and constraints.

create table ingest.close ( -- The month that is closed: one row.
    month varchar not null, -- Billing month, like 2026-10
    month_start timestamptz not null, -- First instant of the month, UTC, included
    month_end timestamptz not null, -- First instant after the month, UTC, excluded
    as_of timestamptz not null -- What is later than this is not looked at
);

create table ingest.policy ( -- Every threshold of policy.yaml.
    name varchar primary key, -- Group and field, like reconcile.invoice_variance_share
    value decimal(24, 6) not null -- The threshold: a share, a count, hours or USD as its name says
);

create table ingest.model_aliases ( -- What a bill calls a model, and what our logs call it (tickmark.yaml).
    provider varchar not null, -- gen_ai.provider.name
    billed_as varchar not null, -- Model as the provider's documents name it
    model varchar not null, -- Model as our logs name it
    primary key (provider, billed_as)
);

create table ingest.landed_files ( -- One row per delivered file, as it was read.
    file_no bigint primary key, -- Number of the file in this close
    source varchar not null, -- Name of the source in tickmark.yaml
    side varchar not null, -- gateway or bill
    required boolean not null, -- Must this source have records of the month
    format varchar not null, -- Name of the format
    file varchar not null, -- Path below the home
    sha256 varchar not null, -- Hash of the delivered bytes
    bytes_delivered bigint not null, -- Size as delivered
    bytes_decoded bigint not null, -- Size after decompression
    records bigint not null, -- Physical records counted by the splitter
    records_read bigint not null, -- Records that became rows
    records_quarantined bigint not null, -- Records that break a rule
    records_not_usage bigint not null, -- Records of a kind that is about no usage
    records_blank bigint not null, -- Empty lines, headers and empty buckets
    is_in_manifest boolean not null, -- True where the source's manifest lists the file and agrees
    already_seen boolean not null -- True where the same bytes were delivered before in this source
);

create table ingest.coverage ( -- Which time the buckets of a usage or cost export speak about.
    file_no bigint not null, -- File that says so
    source varchar not null, -- Name of the source
    covers_from timestamptz not null, -- Start of an unbroken run of buckets, UTC, included
    covers_to timestamptz not null -- End of it, UTC, excluded
);

create table ingest.coverage_gaps ( -- Time of the month that an export says nothing about.
    source varchar not null, -- Name of the source
    gap_from timestamptz not null, -- Start of the gap, UTC, included
    gap_to timestamptz not null -- End of it, UTC, excluded
);

create table ingest.source_hours ( -- How many attempts each log shows in each hour, silent hours included.
    source varchar not null, -- Name of the source
    hour_start timestamptz not null, -- Start of the hour, UTC, included
    attempts bigint not null, -- Attempts that began in it
    primary key (source, hour_start)
);

create table ingest.log_gaps ( -- Hours in which a log is silent though silence is rare in it.
    source varchar not null, -- Name of the source
    gap_from timestamptz not null, -- Start of the gap, UTC, included
    gap_to timestamptz not null, -- End of it, UTC, excluded
    attempts_expected bigint not null -- What the log's own average shows in such hours
);

create table ingest.source_fields ( -- Top-level fields or columns that the records of a source have.
    source varchar not null, -- Name of the source
    field varchar not null, -- Name of the field
    kinds varchar not null, -- What stood in it: text, number, list, object, true or false, null
    primary key (source, field)
);

create table ingest.source_fields_before ( -- The same of the month before, where it was closed.
    source varchar not null, -- Name of the source
    field varchar not null, -- Name of the field
    kinds varchar not null, -- What stood in it
    primary key (source, field)
);

create table ingest.schema_changes ( -- Fields that came, went or changed their kind since the month before.
    source varchar not null, -- Name of the source
    field varchar not null, -- Name of the field
    change varchar not null, -- new, gone or other kind
    kinds_before varchar, -- What stood in it the month before; NULL where it was not there
    kinds_now varchar, -- What stands in it now; NULL where it is not there
    primary key (source, field)
);

create table ingest.row_dispositions ( -- Every row that was read, with what became of it.
    table_name varchar not null, -- attempts, usage_buckets, billing_lines, invoices, billing_periods or credit_ledger
    source varchar not null, -- Name of the source
    file_no bigint not null, -- File it came from
    record_no bigint not null, -- Number of its record in the file
    record_key varchar not null, -- Natural key at the source
    disposition varchar not null check (disposition in ('loaded', 'dup_exact', 'dup_conflict', 'superseded', 'out_of_period')) -- loaded, dup_exact, dup_conflict, superseded or out_of_period
);

create table ingest.files ( -- One row per file: every record has exactly one disposition.
    file_no bigint primary key, -- Number of the file in this close
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
    superseded bigint not null, -- Earlier versions of a record that its source wrote again
    quarantined bigint not null, -- Records that break a rule; see ingest.rejects
    out_of_period bigint not null, -- Records of another month
    not_usage bigint not null, -- Records of a kind that is about no usage: other spans, other events
    blank bigint not null, -- Empty lines, headers and empty buckets
    check (records = loaded + dup_exact + dup_conflict + superseded + quarantined + out_of_period + not_usage + blank)
);

create table ingest.rejects ( -- One row per quarantined or contradicting record: where, which rule, never the value.
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

create table ingest.attempts ( -- One row per upstream attempt of this month, as a gateway logged it. No text.
    attempt_id varchar primary key, -- Hash of source and record key
    source varchar not null, -- Name of the source
    account varchar not null, -- Account at the provider (tickmark.yaml)
    file_no bigint not null, -- File it came from
    record_no bigint not null, -- Number of its record in the file
    line_no bigint, -- Physical line, from 1
    byte_offset bigint not null, -- Where the record begins in the decoded file
    byte_length bigint not null, -- Its length
    record_key varchar not null, -- Natural key at the source
    provider varchar not null, -- gen_ai.provider.name
    operation varchar not null, -- gen_ai.operation.name: chat, responses, messages, embeddings
    started_at timestamptz not null, -- Start of the attempt, UTC
    ended_at timestamptz, -- End of the attempt, UTC
    provider_created_at timestamptz, -- When the provider says that it made the answer, by its own clock, whole seconds
    request_id varchar, -- The caller's logical request, where the source names it
    attempt_number bigint, -- 1 is the first attempt; NULL where the source does not say
    retries_collapsed bigint, -- Retries hidden inside this row, by the gateway's own count
    attempt_grain varchar not null, -- attempt or request_collapsed
    request_model varchar, -- gen_ai.request.model, never filled from the answer
    response_model varchar, -- gen_ai.response.model, never filled from the request
    provider_response_id varchar, -- gen_ai.response.id
    streamed boolean, -- Was the answer streamed
    http_status bigint, -- HTTP status of the provider
    error_type varchar, -- error.type
    outcome varchar not null, -- success, provider_error, client_abort, timeout, gateway_cache_hit or blocked
    billable_expected boolean, -- Does the provider charge for it; NULL where nobody can tell
    tokens_input_total bigint, -- gen_ai.usage.input_tokens, cached included
    tokens_uncached_input bigint, -- Input at the full price
    tokens_cache_read bigint, -- Input read from the prompt cache
    tokens_cache_write_5m bigint, -- Input written to the cache for 5 minutes
    tokens_cache_write_30m bigint, -- Input written to the cache for 30 minutes
    tokens_cache_write_1h bigint, -- Input written to the cache for 1 hour
    tokens_cache_write_12h bigint, -- Input written to the cache for 12 hours
    tokens_unclassified bigint, -- Input in a total of the provider but in none of its classes: never priced
    tokens_output bigint, -- gen_ai.usage.output_tokens, reasoning included
    tokens_output_reasoning bigint, -- The part of output that is reasoning
    units_web_search bigint, -- Web searches the provider ran
    token_semantics varchar not null, -- Does the source count cached tokens inside the input: inclusive, exclusive, unknown
    usage_origin varchar not null, -- provider_reported, gateway_estimated or missing
    service_tier varchar not null, -- Tier that was served
    inference_geo varchar, -- Geography that was served, where it is priced
    cost_usd_gateway decimal(38, 18), -- The gateway's own figure, USD; never used as a price
    team varchar, -- Team, for allocation
    workload varchar, -- Workload, for allocation and LCPR
    credential_id varchar, -- API key id, never the key
    spec varchar, -- Tokenizer spec that recounts it
    vocabulary varchar, -- Vocabulary of that spec
    shape varchar not null, -- What the request holds: text, schema, tools, tool_calls, media, state, other or none
    exactness varchar not null, -- exact, exact_text, calibrated or none: what a recount of it can prove
    overhead_tokens bigint, -- Tokens the framing adds to the text
    uncountable_because varchar -- Why it is not recounted; NULL where it is
);

create table ingest.usage_buckets ( -- The provider's usage export: one token class of one bucket of this month.
    source varchar not null, -- Name of the source
    account varchar not null, -- Account at the provider (tickmark.yaml)
    file_no bigint not null, -- File it came from
    record_no bigint not null, -- Number of its record in the file
    record_key varchar not null, -- Natural key at the source
    provider varchar not null, -- gen_ai.provider.name
    model varchar not null, -- Model as the export names it, or its alias
    token_class varchar not null, -- Token class, or what else is counted: web_search, image, audio_second, storage_byte
    bucket_start timestamptz not null, -- Start of the bucket, UTC, included
    bucket_end timestamptz not null, -- End of the bucket, UTC, excluded
    tokens_usage_export bigint not null, -- Tokens (or searches, images, seconds, bytes) the provider counted
    requests bigint, -- Requests of the bucket, on its first row only
    service_tier varchar not null, -- Tier that was served
    context_window varchar, -- Context band the provider priced
    inference_geo varchar, -- Geography the provider priced
    project_id varchar, -- Project or workspace
    credential_id varchar -- API key id
);

create table ingest.billing_lines ( -- One charge of this month: FOCUS columns in snake case, ours carry x_.
    source varchar not null, -- Name of the source
    account varchar not null, -- Account at the provider (tickmark.yaml)
    file_no bigint not null, -- File it came from
    record_no bigint not null, -- Number of its record in the file
    record_key varchar not null, -- Natural key at the source
    provider varchar not null, -- gen_ai.provider.name
    invoice_issuer_name varchar not null, -- FOCUS InvoiceIssuerName
    charge_category varchar not null, -- FOCUS ChargeCategory: Usage, Purchase, Tax, Credit, Adjustment
    charge_period_start timestamptz not null, -- FOCUS ChargePeriodStart, UTC, included
    charge_period_end timestamptz not null, -- FOCUS ChargePeriodEnd, UTC, excluded
    billed_cost decimal(38, 18) not null, -- FOCUS BilledCost, in billing_currency
    billing_currency varchar not null, -- FOCUS BillingCurrency, ISO 4217
    invoice_id varchar, -- FOCUS InvoiceId
    billing_account_id varchar, -- FOCUS BillingAccountId
    sub_account_id varchar, -- FOCUS SubAccountId
    charge_class varchar, -- FOCUS ChargeClass: Correction or NULL
    charge_description varchar, -- FOCUS ChargeDescription
    sku_id varchar, -- FOCUS SkuId
    sku_meter varchar, -- FOCUS SkuMeter
    consumed_quantity decimal(38, 18), -- FOCUS ConsumedQuantity
    consumed_unit varchar, -- FOCUS ConsumedUnit
    list_unit_price decimal(38, 18), -- FOCUS ListUnitPrice, per pricing unit
    contracted_unit_price decimal(38, 18), -- FOCUS ContractedUnitPrice, per pricing unit
    list_cost decimal(38, 18), -- FOCUS ListCost
    contracted_cost decimal(38, 18), -- FOCUS ContractedCost
    resource_id varchar, -- FOCUS ResourceId: a deployment, an inference profile
    x_model varchar, -- Model the line charges for, as our logs name it; NULL for lines that are not about a model
    x_token_class varchar, -- Token class the line charges for
    x_service_tier varchar not null, -- Tier the line charges for
    x_amount_text varchar -- The amount as it was written
);

create table ingest.invoices ( -- The payable documents of this month, whole or line by line.
    source varchar not null, -- Name of the source
    account varchar not null, -- Account at the provider (tickmark.yaml)
    file_no bigint not null, -- File it came from
    record_no bigint not null, -- Number of its record in the file
    record_key varchar not null, -- Natural key at the source
    provider varchar not null, -- gen_ai.provider.name
    invoice_issuer_name varchar not null, -- FOCUS InvoiceIssuerName
    invoice_id varchar not null, -- FOCUS InvoiceId
    invoice_issue_date timestamptz, -- FOCUS InvoiceIssueDate
    billing_period_start timestamptz not null, -- FOCUS BillingPeriodStart, UTC, included
    billing_period_end timestamptz not null, -- FOCUS BillingPeriodEnd, UTC, excluded
    billed_cost decimal(38, 18) not null, -- Amount payable, in billing_currency
    billing_currency varchar not null, -- FOCUS BillingCurrency, ISO 4217
    is_transcribed boolean not null -- True where it was read out of a PDF: a person must confirm the total
);

create table ingest.billing_periods ( -- Whether an issuer may still change the charges of this month.
    source varchar not null, -- Name of the source
    account varchar not null, -- Account at the provider (tickmark.yaml)
    file_no bigint not null, -- File it came from
    record_no bigint not null, -- Number of its record in the file
    record_key varchar not null, -- Natural key at the source
    provider varchar not null, -- gen_ai.provider.name
    invoice_issuer_name varchar not null, -- FOCUS InvoiceIssuerName
    billing_period_start timestamptz not null, -- FOCUS BillingPeriodStart, UTC, included
    billing_period_end timestamptz not null, -- FOCUS BillingPeriodEnd, UTC, excluded
    billing_period_status varchar not null -- FOCUS BillingPeriodStatus: Open or Closed
);

create table ingest.credit_ledger ( -- Movements of prepaid credit of this month, and balances as the provider states them.
    source varchar not null, -- Name of the source
    account varchar not null, -- Account at the provider (tickmark.yaml)
    file_no bigint not null, -- File it came from
    record_no bigint not null, -- Number of its record in the file
    record_key varchar not null, -- Natural key at the source
    provider varchar not null, -- gen_ai.provider.name
    entry_at timestamptz not null, -- When it moved, or when the balance was stated, UTC
    entry_kind varchar not null, -- balance, purchase, grant, usage, expiry, refund or adjustment
    amount decimal(38, 18) not null, -- Signed as it moves the balance; for a balance what is left
    currency varchar not null, -- ISO 4217, or the name of the provider's credit unit
    wallet varchar, -- The wallet or grant it belongs to, where the provider keeps several
    invoice_id varchar, -- The invoice that sold the credit
    description varchar -- The provider's words
);

create table ingest.priced_scopes ( -- Every provider, model and tier of the month that needs a price.
    provider varchar not null, -- gen_ai.provider.name
    model varchar not null, -- Model as a log or a bill names it
    service_tier varchar not null, -- Tier
    primary key (provider, model, service_tier)
);

create table ingest.rate_book ( -- List and contracted price of every scope, effective-dated.
    provider varchar not null, -- gen_ai.provider.name
    model varchar not null, -- Model as a log or a bill names it
    service_tier varchar not null, -- Tier
    token_class varchar not null, -- Token class, or a per-call unit such as web_search
    valid_from timestamptz not null, -- First instant of this price, UTC, included
    valid_to timestamptz not null, -- First instant after it, UTC, excluded
    prompt_tokens_above bigint not null, -- The price holds for requests with more prompt tokens than this
    prompt_tokens_upto bigint, -- and at most this many; NULL is unlimited
    usd_per_unit_list decimal(20, 14) not null, -- List price of one token or call, USD
    usd_per_unit decimal(20, 14) not null, -- Price under the contract, USD
    source varchar not null, -- Where the list price comes from
    contract varchar, -- Contract that sets the price; NULL is list
    minute_from bigint not null, -- First minute of the UTC day, included
    minute_upto bigint not null, -- First minute after it, excluded
    primary key (provider, model, service_tier, token_class, valid_from, prompt_tokens_above, minute_from)
);

create table ingest.completeness ( -- Why this close is only a draft; no row means complete.
    problem varchar not null, -- quarantined, conflict, coverage, open_period or open_month
    source varchar, -- Name of the source; NULL for the whole month
    detail varchar not null -- What is missing, in words
);
