-- Differences that someone must resolve. grain: month x break
select
    c.month,
    t.*,
    'open' as status,
    date_diff('day', coalesce(t.day_first, cast(c.month_start as date)), cast(c.as_of as date)) as age_days
from reconcile.breaks t
cross join ingest.close c
order by abs(t.cost_usd) desc, t.break_id
