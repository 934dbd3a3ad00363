-- A log was silent for hours in which it usually is not. grain: source x gap
with spent as (
    select a.source, sum(r.cost_usd_expected) as cost_usd
    from reconcile.rated_tokens r
    join ingest.attempts a using (attempt_id)
    group by a.source
),
logged as (
    select source, cast(sum(attempts) as hugeint) as attempts
    from ingest.source_hours
    group by source
)
select
    format('{} {}', g.source, strftime(g.gap_from, '%Y-%m-%dT%H:%MZ')) as subject,
    cast(g.attempts_expected as decimal(24, 6)) as figure,
    p.value as threshold,
    reconcile.usd(reconcile.pico(coalesce(s.cost_usd, 0)) * g.attempts_expected // l.attempts) as cost_usd,
    'D' as grade,
    format(
        '{} is silent from {} to {}; about {} attempts are usual there', g.source,
        strftime(g.gap_from, '%Y-%m-%d %H:%M'), strftime(g.gap_to, '%Y-%m-%d %H:%M UTC'), g.attempts_expected
    ) as summary,
    'a file that was not delivered, a gateway that did not log, an outage' as likely_causes,
    format(
        'select * from report.source_days where month = {} and source = {}',
        redflags.quoted(c.month), redflags.quoted(g.source)
    ) as look_at
from ingest.log_gaps g
join logged l using (source)
left join spent s using (source)
cross join ingest.close c
cross join ingest.policy p
where p.name = 'intake.min_gap_attempts'
order by subject
