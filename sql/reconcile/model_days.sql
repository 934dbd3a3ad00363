-- Why the provider's quantity differs from ours, for one model and day. grain: provider x account x model x day
-- The first rule that the figures satisfy exactly names the cause; rules stand in order of their proof.
with attempts as (
    select
        provider, account, coalesce(response_model, request_model, '(none)') as model, cast(started_at as date) as day,
        count(*) as requests_logged,
        count(*) filter (usage_origin = 'missing') as requests_without_usage,
        coalesce(sum(retries_collapsed), 0) as retries_collapsed,
        -- What the collapsed retries would have cost, had the provider billed each of them in full.
        coalesce(sum(retries_collapsed * (tokens_input_total + tokens_output)), 0) as tokens_of_retries,
        -- Input that the log has as a total only: nobody knows which class it is.
        coalesce(sum(tokens_unclassified) filter (tokens_uncached_input is null), 0) as tokens_without_class
    from ingest.attempts
    where billable_expected is not false
    group by all
),
requests as (
    select provider, account, model, cast(bucket_start as date) as day, sum(requests) as requests_provider
    from ingest.usage_buckets
    where reconcile.is_token_class(token_class)
    group by all
),
by_day as (
    select
        provider, account, model, day,
        sum(tokens_logged) as tokens_logged,
        sum(tokens_provider) as tokens_provider,
        sum(tokens_provider - tokens_logged) as tokens_more,
        coalesce(sum(tokens_provider - tokens_logged) filter (not starts_with(token_class, 'output')), 0) as input_more,
        coalesce(sum(tokens_provider - tokens_logged) filter (starts_with(token_class, 'output')), 0) as output_more,
        bool_or(tokens_provider <> tokens_logged) as differs,
        bool_and(tokens_provider >= tokens_logged) as all_more,
        bool_and(tokens_provider <= tokens_logged) as all_less
    from reconcile.cells
    where tokens_provider is not null
    group by all
),
by_class as (
    select provider, account, model, token_class, sum(tokens_provider - tokens_logged) as tokens_more
    from reconcile.cells
    where tokens_provider is not null
    group by all
),
nets_to_zero as (
    select provider, account, model
    from by_class
    group by all
    having bool_and(tokens_more = 0)
),
judged as (
    select
        d.*,
        coalesce(a.requests_logged, 0) as requests_logged,
        r.requests_provider,
        coalesce(a.requests_without_usage, 0) as requests_without_usage,
        coalesce(a.retries_collapsed, 0) as retries_collapsed,
        -- NULL where the export counts no requests: then the tokens alone have to tell.
        r.requests_provider - coalesce(a.requests_logged, 0) as requests_more,
        case
            when not d.differs then null
            when z.model is not null then 'D50'
            when d.input_more = 0 and d.output_more = 0 then 'D27'
            when a.tokens_without_class = d.input_more and d.input_more > 0 and d.output_more = 0 then 'no_classes'
            -- An attempt without usage may or may not have reached the provider: each more request is one of them.
            when a.requests_without_usage > 0 and d.all_more
                and coalesce(requests_more <= 0 and requests_more > -a.requests_without_usage, true) then 'D14'
            when a.tokens_of_retries = d.tokens_more and d.tokens_more > 0
                and coalesce(requests_more = a.retries_collapsed, true) then 'D07'
            when d.tokens_more > 0 and coalesce(requests_more > 0, d.all_more) then 'D02'
            when d.tokens_more < 0
                and coalesce(requests_more < -coalesce(a.requests_without_usage, 0), d.all_less) then 'D11'
            else 'D22'
        end as cause_code
    from by_day d
    left join attempts a using (provider, account, model, day)
    left join requests r using (provider, account, model, day)
    left join nets_to_zero z using (provider, account, model)
)
select
    j.provider,
    j.account,
    j.model,
    j.day,
    j.requests_logged,
    cast(j.requests_provider as bigint) as requests_provider,
    j.requests_without_usage,
    cast(j.retries_collapsed as bigint) as retries_collapsed,
    cast(j.tokens_logged as bigint) as tokens_logged,
    cast(j.tokens_provider as bigint) as tokens_provider,
    c.step,
    j.cause_code,
    case
        when j.cause_code in ('D50', 'D27', 'D22', 'D11', 'no_classes') then 'B'
        when j.cause_code = 'D07' then 'D'
        when j.cause_code is not null then 'C'
    end as grade
from judged j
left join reconcile.causes c on c.cause_code = j.cause_code
order by j.provider, j.account, j.model, j.day
