-- Closed tokenizers, day by day. grain: month x provider x operation x model x shape x day
select
    c.month,
    t.provider,
    t.operation,
    t.model,
    t.shape,
    t.day,
    t.attempts,
    t.tokens_logged,
    t.tokens_recounted,
    t.tokens_low,
    t.tokens_high,
    t.band_share,
    t.ratio,
    t.ratio_before,
    t.band_measured,
    t.finding
from meter.calibrated_days t
cross join ingest.close c
order by t.provider, t.operation, t.model, t.shape, t.day
