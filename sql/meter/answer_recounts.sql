-- Our count of every logged answer: its texts, and what ends it; reasoning is billed and not shown. grain: attempt
with counted as (
    select
        u.attempt_id,
        cast(coalesce(sum(u.uses * c.tokens) filter (u.kind = 'text'), 0) as bigint) as tokens,
        cast(coalesce(sum(u.uses * c.tokens) filter (u.kind = 'unseen'), 0) as bigint) as tokens_unseen,
        count(*) filter (c.tokens is null) as segments_uncounted
    from staged.answer_segment_uses u
    -- The same attempt may be delivered twice: only the delivery that was loaded counts.
    join ingest.attempts a on a.attempt_id = u.attempt_id and a.file_no = u.file_no and a.record_no = u.record_no
    left join meter.segment_counts c on c.vocabulary = u.vocabulary and c.segment = u.segment
    group by u.attempt_id
)
select
    a.attempt_id,
    a.provider,
    a.operation,
    coalesce(a.response_model, a.request_model) as model,
    a.spec,
    s.exactness,
    a.tokens_output - coalesce(a.tokens_output_reasoning, 0) as tokens_logged,
    case
        when s.vocabulary is not null and coalesce(c.segments_uncounted, 0) = 0
            then s.overhead_tokens + coalesce(c.tokens, 0)
    end as tokens_recounted,
    -- What a stop sequence or hidden reasoning may have added, and the log does not show.
    tokens_recounted + s.unseen_tokens + coalesce(c.tokens_unseen, 0) as tokens_high,
    tokens_logged - tokens_recounted as tokens_variance,
    s.uncountable_because
from ingest.attempts a
join staged.answers s on s.attempt_id = a.attempt_id and s.file_no = a.file_no and s.record_no = a.record_no
left join counted c on c.attempt_id = a.attempt_id
order by a.attempt_id
