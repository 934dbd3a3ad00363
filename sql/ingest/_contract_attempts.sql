-- Contract of ingest.attempts: one row per rule, with the number of violations and where they are.
with violations as (
    select
        a.source,
        -- A source that cannot tell cached input apart has a total and no class at all.
        coalesce(tokens_input_total <> coalesce(tokens_uncached_input, 0) + coalesce(tokens_cache_read, 0)
            + coalesce(tokens_cache_write_5m, 0) + coalesce(tokens_cache_write_30m, 0)
            + coalesce(tokens_cache_write_1h, 0) + coalesce(tokens_cache_write_12h, 0)
            and (tokens_uncached_input is not null or tokens_unclassified is distinct from tokens_input_total), false)
            as parts,
        coalesce(ended_at < started_at, false) as backwards,
        outcome not in ('success', 'provider_error', 'client_abort', 'timeout', 'gateway_cache_hit', 'blocked') as outcomes,
        usage_origin <> 'missing' and (tokens_input_total is null or tokens_output is null) as unnamed
    from ingest.attempts a
)
select
    'input_classes_add_up' as rule,
    count(*) filter (parts) as violations,
    string_agg(distinct source, ', ' order by source) filter (parts) as subjects,
    'uncached, cached and written tokens that add up to the input' as expected,
    'check whether the source counts cached tokens inside its input' as repair
from violations
union all
select
    'ends_after_it_starts', count(*) filter (backwards),
    string_agg(distinct source, ', ' order by source) filter (backwards),
    'ended_at at or after started_at', 'check the clocks and zones of the gateway'
from violations
union all
select
    'known_outcome', count(*) filter (outcomes),
    string_agg(distinct source, ', ' order by source) filter (outcomes),
    'an outcome of the data dictionary', 'report this as a bug of the reader'
from violations
union all
select
    'usage_is_complete', count(*) filter (unnamed),
    string_agg(distinct source, ', ' order by source) filter (unnamed),
    'input and output counts where usage is reported', 'report this as a bug of the reader'
from violations
