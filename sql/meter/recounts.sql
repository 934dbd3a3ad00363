-- Our count of every logged input: framing overhead plus each segment as often as it is used. grain: attempt
with counted as (
    select
        u.attempt_id,
        -- A closed tokenizer's own tokens are estimated from those of another vocabulary.
        cast(
            round_even(
                sum(
                    u.uses * c.tokens * coalesce(
                        case u.kind
                            when 'tools' then k.per_tool_token
                            when 'calls' then k.per_call_token
                            else k.per_token
                        end,
                        1
                    )
                ),
                0
            ) as bigint
        ) as tokens,
        count(*) filter (c.tokens is null) as segments_uncounted
    from staged.segment_uses u
    -- The same attempt may be delivered twice: only the delivery that was loaded counts.
    join ingest.attempts a on a.attempt_id = u.attempt_id and a.file_no = u.file_no and a.record_no = u.record_no
    left join meter.segment_counts c on c.vocabulary = u.vocabulary and c.segment = u.segment
    left join meter.calibrations k on k.spec = a.spec and k.shape = a.shape
    group by u.attempt_id
)
select
    a.attempt_id,
    a.provider,
    a.operation,
    coalesce(a.response_model, a.request_model) as model,
    a.spec,
    a.shape,
    a.exactness,
    a.tokens_input_total as tokens_logged,
    case
        when a.vocabulary is not null and coalesce(c.segments_uncounted, 0) = 0
            then a.overhead_tokens + coalesce(c.tokens, 0)
    end as tokens_recounted,
    tokens_recounted
        + cast(floor(coalesce(k.band_low, 0) * greatest(tokens_recounted, k.floor_tokens)) as bigint) as tokens_low,
    tokens_recounted
        + cast(ceil(coalesce(k.band_high, 0) * greatest(tokens_recounted, k.floor_tokens)) as bigint) as tokens_high,
    tokens_logged - tokens_recounted as tokens_variance,
    a.uncountable_because
from ingest.attempts a
left join counted c on c.attempt_id = a.attempt_id
left join meter.calibrations k on k.spec = a.spec and k.shape = a.shape
order by a.attempt_id
