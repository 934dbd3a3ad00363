-- Contract of ingest.rate_book: one row per rule, with the number of violations and where they are.
select
    'one_price_at_a_time' as rule,
    count(*) as violations,
    string_agg(distinct concat_ws('/', a.provider, a.model, a.token_class), ', ' order by concat_ws('/', a.provider, a.model, a.token_class)) as subjects,
    'one price for each instant, prompt size and minute of the day' as expected,
    'report this as a bug; two prices would count the same tokens twice' as repair
from ingest.rate_book a
join ingest.rate_book b
    on b.provider = a.provider
    and b.model = a.model
    and b.service_tier = a.service_tier
    and b.token_class = a.token_class
    and (b.valid_from, b.prompt_tokens_above, b.minute_from) > (a.valid_from, a.prompt_tokens_above, a.minute_from)
    and b.valid_from < a.valid_to
    and a.valid_from < b.valid_to
    and (a.prompt_tokens_upto is null or b.prompt_tokens_above < a.prompt_tokens_upto)
    and (b.prompt_tokens_upto is null or a.prompt_tokens_above < b.prompt_tokens_upto)
    and b.minute_from < a.minute_upto
    and a.minute_from < b.minute_upto
union all
select
    'price_is_not_negative', count(*),
    string_agg(distinct concat_ws('/', provider, model, token_class), ', ' order by concat_ws('/', provider, model, token_class)),
    'prices of zero or more', 'correct the rate card'
from ingest.rate_book
where usd_per_unit < 0 or usd_per_unit_list < 0
