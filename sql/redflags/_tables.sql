-- Word 4, redflags: what must someone look at today? Any row is a flag that fired.

-- A name as a text literal of the query in `look_at`: published tables hold every month.
create macro redflags.quoted(name) as '''' || replace(name, '''', '''''') || '''';
-- Figures as text: `format` would turn a decimal into a DOUBLE.
create macro redflags.dollars(usd) as cast(cast(round(usd, 2) as decimal(38, 2)) as varchar);
create macro redflags.percent(share) as cast(cast(round(100 * share, 1) as decimal(38, 1)) as varchar) || ' %';

create table redflags.invoice_variance ( -- The invoice is far from what our logs and rates predict.
    subject varchar primary key, -- What the flag is about
    figure decimal(24, 6), -- The figure that is out of bounds; NULL where its base is zero
    threshold decimal(24, 6) not null, -- The bound from policy.yaml
    cost_usd decimal(38, 18) not null, -- Money behind it, USD
    grade varchar not null, -- Grade of the evidence
    summary varchar not null, -- What happened, in one sentence
    likely_causes varchar not null, -- What to check, in this order
    look_at varchar not null -- Query that shows the rows
);

create table redflags.token_tieout ( -- The provider counted other tokens than our logs.
    subject varchar primary key, -- What the flag is about
    figure decimal(24, 6), -- The figure that is out of bounds; NULL where its base is zero
    threshold decimal(24, 6) not null, -- The bound from policy.yaml
    cost_usd decimal(38, 18) not null, -- Money behind it, USD
    grade varchar not null, -- Grade of the evidence
    summary varchar not null, -- What happened, in one sentence
    likely_causes varchar not null, -- What to check, in this order
    look_at varchar not null -- Query that shows the rows
);

create table redflags.cost_tieout ( -- The provider billed its own quantities at other rates than the rate book.
    subject varchar primary key, -- What the flag is about
    figure decimal(24, 6), -- The figure that is out of bounds; NULL where its base is zero
    threshold decimal(24, 6) not null, -- The bound from policy.yaml
    cost_usd decimal(38, 18) not null, -- Money behind it, USD
    grade varchar not null, -- Grade of the evidence
    summary varchar not null, -- What happened, in one sentence
    likely_causes varchar not null, -- What to check, in this order
    look_at varchar not null -- Query that shows the rows
);

create table redflags.unlogged_spend ( -- Money was billed for traffic that no log shows.
    subject varchar primary key, -- What the flag is about
    figure decimal(24, 6), -- The figure that is out of bounds; NULL where its base is zero
    threshold decimal(24, 6) not null, -- The bound from policy.yaml
    cost_usd decimal(38, 18) not null, -- Money behind it, USD
    grade varchar not null, -- Grade of the evidence
    summary varchar not null, -- What happened, in one sentence
    likely_causes varchar not null, -- What to check, in this order
    look_at varchar not null -- Query that shows the rows
);

create table redflags.retry_spike ( -- Retries became more frequent within two weeks.
    subject varchar primary key, -- What the flag is about
    figure decimal(24, 6), -- The figure that is out of bounds; NULL where its base is zero
    threshold decimal(24, 6) not null, -- The bound from policy.yaml
    cost_usd decimal(38, 18) not null, -- Money behind it, USD
    grade varchar not null, -- Grade of the evidence
    summary varchar not null, -- What happened, in one sentence
    likely_causes varchar not null, -- What to check, in this order
    look_at varchar not null -- Query that shows the rows
);

create table redflags.cache_hit_drop ( -- Fewer cached tokens than before, or fewer billed as cached than logged.
    subject varchar primary key, -- What the flag is about
    figure decimal(24, 6), -- The figure that is out of bounds; NULL where its base is zero
    threshold decimal(24, 6) not null, -- The bound from policy.yaml
    cost_usd decimal(38, 18) not null, -- Money behind it, USD
    grade varchar not null, -- Grade of the evidence
    summary varchar not null, -- What happened, in one sentence
    likely_causes varchar not null, -- What to check, in this order
    look_at varchar not null -- Query that shows the rows
);

create table redflags.log_gap ( -- A log was silent for hours in which it usually is not.
    subject varchar primary key, -- What the flag is about
    figure decimal(24, 6), -- The figure that is out of bounds; NULL where its base is zero
    threshold decimal(24, 6) not null, -- The bound from policy.yaml
    cost_usd decimal(38, 18) not null, -- Money behind it, USD
    grade varchar not null, -- Grade of the evidence
    summary varchar not null, -- What happened, in one sentence
    likely_causes varchar not null, -- What to check, in this order
    look_at varchar not null -- Query that shows the rows
);

create table redflags.credit_balance ( -- The provider's balance of prepaid credit is not what was there and what moved.
    subject varchar primary key, -- What the flag is about
    figure decimal(24, 6), -- The figure that is out of bounds; NULL where its base is zero
    threshold decimal(24, 6) not null, -- The bound from policy.yaml
    cost_usd decimal(38, 18) not null, -- Money behind it, USD
    grade varchar not null, -- Grade of the evidence
    summary varchar not null, -- What happened, in one sentence
    likely_causes varchar not null, -- What to check, in this order
    look_at varchar not null -- Query that shows the rows
);

create table redflags.unpriced_usage ( -- Usage without a price: our side of the bill is incomplete.
    subject varchar primary key, -- What the flag is about
    figure decimal(24, 6), -- The figure that is out of bounds; NULL where its base is zero
    threshold decimal(24, 6) not null, -- The bound from policy.yaml
    cost_usd decimal(38, 18) not null, -- Money behind it, USD
    grade varchar not null, -- Grade of the evidence
    summary varchar not null, -- What happened, in one sentence
    likely_causes varchar not null, -- What to check, in this order
    look_at varchar not null, -- Query that shows the rows
);

create table redflags.fired ( -- Every flag that fired this month.
    flag varchar not null, -- Name of the flag
    subject varchar, -- What the flag is about
    figure decimal(24, 6), -- The figure that is out of bounds; NULL where its base is zero
    threshold decimal(24, 6) not null, -- The bound from policy.yaml
    cost_usd decimal(38, 18) not null, -- Money behind it, USD
    grade varchar not null, -- Grade of the evidence
    summary varchar not null, -- What happened, in one sentence
    likely_causes varchar not null, -- What to check, in this order
    look_at varchar not null, -- Query that shows the rows
    primary key (flag, subject)
);
