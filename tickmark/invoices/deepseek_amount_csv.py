"""`deepseek_amount_csv`: token and request counts, as the DeepSeek console exports them.

Where it comes from: platform.deepseek.com, Usage, Export: a ZIP per month, unpacked; this is its
`amount-<year>-<month>.csv`. One record is one count of one model, key, kind (`type`) and price in one period.
Kinds: input_cache_miss_tokens (uncached_input), input_cache_hit_tokens (cache_read), output_tokens (output);
request_count comes as a row of 0 tokens that carries the requests. Another kind is refused. Both input
counts are disjoint. Off-peak and peak prices give rows of their own in the same period.
`price` (per token) tells rows apart and is not kept: the file names no currency. Sum of price x amount is
the cost of `deepseek_cost_csv`.
Zone: exports up to 2026-07 have `utc_date`, a UTC day, as 20260725 or 2026-07-25. Since 2026-08 the rows are
hours with the offset that the account chose (+08:00); they are turned into UTC. Hours of an offset that is
not whole cross a UTC day and fail the contract: choose another offset. Byte order mark and CRLF are usual.
Currency: none. Quirks: hours without usage are absent; `api_key` is masked, `api_key_name` is what is kept.
Source: rows of exports of 2026-07 (daily) and 2026-09 (hourly) in tests of public readers.
"""

from collections.abc import Iterator

from tickmark import providers
from tickmark.errors import RecordRejected
from tickmark.formats import Format, JsonObject, one_of, optional_text, text, whole
from tickmark.invoices._deepseek import day_or_hours
from tickmark.invoices._fields import natural_key, optional_decimal, pick
from tickmark.records import Row, UsageBucket

NAME = "deepseek_amount_csv"
DIMENSIONS = ("user_id", "model", "api_key_name", "api_key", "type")
TOKEN_CLASSES = {
    "input_cache_miss_tokens": "uncached_input",
    "input_cache_hit_tokens": "cache_read",
    "output_tokens": "output",
}
REQUESTS = "request_count"


def read(record: JsonObject) -> Iterator[Row]:
    """One count."""
    start, end = day_or_hours(record)
    kind, amount = one_of(record, "type", (*TOKEN_CLASSES, REQUESTS)), whole(record, "amount")
    if amount is None:
        raise RecordRejected("E-FIELD-MISSING", "amount", "a whole number", None)
    dimensions = {"start": start, "end": end, "price": optional_decimal(record, "price")}
    yield UsageBucket(
        record_key=natural_key(NAME, {**dimensions, **pick(record, DIMENSIONS)}),
        provider=providers.by_name("deepseek"),
        model=text(record, "model"),
        token_class=TOKEN_CLASSES.get(kind, "uncached_input"),
        bucket_start=start,
        bucket_end=end,
        tokens_usage_export=0 if kind == REQUESTS else amount,
        requests=amount if kind == REQUESTS else None,
        project_id=optional_text(record, "user_id"),
        credential_id=optional_text(record, "api_key_name"),
    )


FORMAT = Format(
    name=NAME,
    side="bill",
    tables=("usage_buckets",),
    containers=("csv",),
    summary="DeepSeek console export, amounts: tokens and requests per day or hour",
    verified="unverified",
    read=read,
    shows=("cache classes",),
    columns=("model", "api_key_name", "type", "price", "amount"),
    numeric=("amount",),
)
