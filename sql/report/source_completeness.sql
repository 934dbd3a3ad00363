-- What proves that a source delivered everything, if anything does. grain: month x source
with delivered as (
    select
        f.source, f.side, count(*) as files, cast(sum(f.loaded) as bigint) as records,
        bool_and(l.is_in_manifest or f.already_seen) as is_listed
    from ingest.files f
    join ingest.landed_files l using (file_no)
    group by all
),
logged as (
    select source, min(started_at) as first_at, max(started_at) as last_at
    from ingest.attempts
    group by source
),
-- Where the provider counted exactly what the log shows, in every cell of every account, nothing is missing.
compared as (
    select provider, account, bool_and(coalesce(tokens_provider = tokens_logged, false)) as is_equal
    from reconcile.cells
    group by all
),
tied as (
    select a.source, bool_and(coalesce(c.is_equal, false)) as is_tied
    from (select distinct source, provider, account from ingest.attempts) a
    left join compared c using (provider, account)
    group by a.source
),
gaps as (
    select source, count(*) as gaps
    from (select source from ingest.coverage_gaps union all select source from ingest.log_gaps)
    group by source
)
select
    c.month,
    d.source,
    d.side,
    d.files,
    d.records,
    l.first_at,
    l.last_at,
    coalesce(g.gaps, 0) as gaps,
    case
        when g.gaps > 0 then 'gaps'
        when d.is_listed then 'manifest'
        when d.source in (select source from ingest.coverage) then 'coverage'
        when t.is_tied then 'tied_out'
        else 'unproven'
    end as completeness
from delivered d
left join logged l using (source)
left join tied t using (source)
left join gaps g using (source)
cross join ingest.close c
order by d.source
