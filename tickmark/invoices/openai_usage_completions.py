"""`openai_usage_completions`: token counts of chat completions and responses, per bucket.

Where it comes from: GET /v1/organization/usage/completions, pages saved unchanged, `bucket_width`
1m, 1h or 1d. One record is one result: one combination of group keys in one bucket.
Ask with group_by model, project_id, api_key_id, batch and service_tier: a key that was not asked for is
null. Without a model a result meets no price and is rejected; without a tier it counts as standard.
Input: `input_tokens` includes cached and cache-write tokens; `input_uncached_tokens`, where given, must
be what is left. Cache writes carry no lifetime: they are the default's, 30 minutes (gpt-5.6 and later).
Zone: UTC, [start_time, end_time) in Unix seconds. Currency: none.
Quirks: audio and image tokens are inside the totals and stay there, the modality split is not read;
scale-tier tokens are included; requests stand on the `uncached_input` row only.
Source: openai-openapi of 2026-08-21; field sums as in its example.
"""

from collections.abc import Iterator

from tickmark.errors import RecordRejected
from tickmark.formats import Format, JsonObject, count, required_count
from tickmark.invoices._fields import usage_rows
from tickmark.invoices._openai import uncached_input_row
from tickmark.records import Row

NAME = "openai_usage_completions"
KIND = "organization.usage.completions.result"


def read(record: JsonObject) -> Iterator[Row]:
    """A row per token class that was used, and always one of `uncached_input`."""
    total = required_count(record, "input_tokens")
    cached = count(record, "input_cached_tokens") or 0
    written = count(record, "input_cache_write_tokens") or 0
    uncached = total - cached - written
    if uncached < 0:
        raise RecordRejected(
            "E-USAGE-PARTS", "input_tokens", "at least its cached and cache-write tokens", total
        )
    if count(record, "input_uncached_tokens") not in (None, uncached):
        raise RecordRejected(
            "E-USAGE-PARTS", "input_uncached_tokens", "input_tokens without cached and cache-write", uncached
        )
    parts = {
        "cache_read": cached,
        "cache_write_30m": written,
        "output": required_count(record, "output_tokens"),
    }
    yield from usage_rows(uncached_input_row(record, NAME, KIND, uncached), parts)


FORMAT = Format(
    name=NAME,
    side="bill",
    tables=("usage_buckets",),
    containers=("bucket_pages",),
    summary="OpenAI usage API, completions: tokens and requests per bucket",
    verified="unverified",
    read=read,
)
