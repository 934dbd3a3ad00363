-- Why this close is only a draft; no row means complete. grain: problem x source
with by_source as (
    select source, sum(records) as records, sum(quarantined) as quarantined, sum(dup_conflict) as conflicts
    from ingest.files
    group by source
)
select 'quarantined' as problem, s.source, format('{} of {} records break a rule', s.quarantined, s.records) as detail
from by_source s
cross join ingest.policy p
where p.name = 'intake.max_quarantined_share' and s.quarantined > p.value * s.records
union all
select 'conflict', source, format('{} records contradict an earlier delivery of the same key', conflicts)
from by_source
where conflicts > 0
union all
select 'coverage', source, format('no buckets from {} to {}', gap_from, gap_to)
from ingest.coverage_gaps
union all
select 'open_period', source, format('{} may still change the charges of this month', invoice_issuer_name)
from ingest.billing_periods
where billing_period_status = 'Open'
union all
select 'open_month', null, 'the month was not over'
from ingest.close
where as_of < month_end
order by all
