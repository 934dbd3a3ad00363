-- Word 2, meter: what does our own count say?

create table meter.segment_counts ( -- Tokens of every unique text of the month; the text itself stays in the private zone.
    -- No key: filling one costs more than counting. The run checks that no text is here twice.
    vocabulary varchar not null, -- Vocabulary that counted it
    segment blob not null, -- Keyed hash of the text
    tokens bigint not null -- Tokens of the text
);

create table meter.engine_checks ( -- The reference's second count of a sample, for every vocabulary of the month.
    vocabulary varchar primary key, -- Vocabulary
    engine varchar not null, -- Engine chosen: tokenizers (the reference), or fastokens where it passed its self-test
    segments bigint not null, -- Unique texts of the month
    segments_sampled bigint not null, -- Those that the reference counted again
    mismatches bigint not null, -- Those where its count differs; one is enough for a recount of all by the reference
    counted_by varchar not null -- Engine whose counts stand
);

create table meter.calibrations ( -- What closed tokenizers make of a count by another vocabulary.
    spec varchar not null, -- Tokenizer spec
    shape varchar not null, -- Shape of requests it was measured for
    per_token decimal(10, 4) not null, -- Tokens of the biller for each token counted
    per_tool_token decimal(10, 4) not null, -- The same for tokens of tool definitions
    per_call_token decimal(10, 4) not null, -- The same for tokens of calls
    band_low decimal(10, 4) not null, -- How far below the estimate a bill may lie, as a share of it
    band_high decimal(10, 4) not null, -- How far above
    floor_tokens bigint not null, -- The band is never taken of less than these tokens
    first_day date not null, -- First day of the exchanges behind the band
    last_day date not null, -- Last day of them
    primary key (spec, shape)
);

create table meter.recounts ( -- Our count of every logged input, beside the figure in the log.
    attempt_id varchar primary key, -- The attempt
    provider varchar not null, -- gen_ai.provider.name
    operation varchar not null, -- gen_ai.operation.name
    model varchar, -- Model that answered
    spec varchar, -- Tokenizer spec
    shape varchar not null, -- What the request holds
    exactness varchar not null, -- What a recount of it can prove
    tokens_logged bigint, -- Input tokens in the log
    tokens_recounted bigint, -- Input tokens by our count, an estimate where calibrated; NULL where we cannot count
    tokens_low bigint, -- Least that a right bill may show; the count itself where it is exact
    tokens_high bigint, -- Most that a right bill may show
    tokens_variance bigint, -- tokens_logged - tokens_recounted
    uncountable_because varchar -- Why we cannot count
);

create table meter.answer_recounts ( -- Our count of every logged answer, beside the figure in the log.
    attempt_id varchar primary key, -- The attempt
    provider varchar not null, -- gen_ai.provider.name
    operation varchar not null, -- gen_ai.operation.name
    model varchar, -- Model that answered
    spec varchar, -- Tokenizer spec
    exactness varchar not null, -- What a recount of it can prove; calibrated: the log does not show all that may be billed
    tokens_logged bigint not null, -- Output tokens in the log, without reasoning
    tokens_recounted bigint, -- Output tokens by our count; NULL where we cannot count
    tokens_high bigint, -- Most that a right bill may show; the least is the count itself
    tokens_variance bigint, -- tokens_logged - tokens_recounted
    uncountable_because varchar -- Why we cannot count
);

create table meter.calibrated_days ( -- Closed tokenizers, day by day: level where the band is narrow, change elsewhere.
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

create table meter.tokenizer_parity ( -- How far our count agrees with the provider's meter.
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

create table meter.recount_exceptions ( -- Attempts where an exact recount differs from the log, or an answer leaves what a right bill may show.
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
    tokens_variance bigint not null, -- tokens_logged - tokens_recounted
    primary key (attempt_id, direction)
);
