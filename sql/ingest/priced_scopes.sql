-- Every provider, model and tier that needs a price. grain: provider x model x tier
-- An attempt is priced by the model that answered; only where the answer names none, by the one asked for.
select provider, coalesce(response_model, request_model) as model, service_tier
from ingest.attempts
where billable_expected is not false and coalesce(response_model, request_model) is not null
union
select provider, model, service_tier
from ingest.usage_buckets
union
select provider, x_model, x_service_tier
from ingest.billing_lines
where x_model is not null
union
-- Variance is priced at the standard tier where a bill does not name one.
select provider, model, 'standard'
from ingest.usage_buckets
order by all
