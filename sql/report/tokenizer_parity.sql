-- How far our count agrees with the provider's meter. grain: month x provider x operation x model x direction x shape
select
    c.month,
    t.provider,
    t.operation,
    t.model,
    t.direction,
    t.shape,
    t.exactness,
    t.attempts,
    t.attempts_recounted,
    t.attempts_exact,
    t.attempts_in_band,
    t.tokens_variance_min,
    t.tokens_variance_max,
    t.tokens_logged,
    t.uncountable_because
from meter.tokenizer_parity t
cross join ingest.close c
order by t.provider, t.operation, t.model, t.direction, t.shape
