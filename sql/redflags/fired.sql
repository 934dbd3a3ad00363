-- Every flag that fired this month. grain: flag x subject
select 'invoice_variance' as flag, subject, figure, threshold, cost_usd, grade, summary, likely_causes, look_at
from redflags.invoice_variance
union all
select 'token_tieout' as flag, subject, figure, threshold, cost_usd, grade, summary, likely_causes, look_at
from redflags.token_tieout
union all
select 'cost_tieout' as flag, subject, figure, threshold, cost_usd, grade, summary, likely_causes, look_at
from redflags.cost_tieout
union all
select 'unlogged_spend' as flag, subject, figure, threshold, cost_usd, grade, summary, likely_causes, look_at
from redflags.unlogged_spend
union all
select 'retry_spike' as flag, subject, figure, threshold, cost_usd, grade, summary, likely_causes, look_at
from redflags.retry_spike
union all
select 'cache_hit_drop' as flag, subject, figure, threshold, cost_usd, grade, summary, likely_causes, look_at
from redflags.cache_hit_drop
union all
select 'log_gap' as flag, subject, figure, threshold, cost_usd, grade, summary, likely_causes, look_at
from redflags.log_gap
union all
select 'credit_balance' as flag, subject, figure, threshold, cost_usd, grade, summary, likely_causes, look_at
from redflags.credit_balance
union all
select 'unpriced_usage' as flag, subject, figure, threshold, cost_usd, grade, summary, likely_causes, look_at
from redflags.unpriced_usage
order by flag, subject
