"""`openai_usage_completions`: token counts of chat completions and responses, per bucket.

Where it comes from: GET /v1/organization/usage/completions, pages saved unchanged, `bucket_width`
1m, 1h or 1d. One record is one result: one combination of group keys in one bucket. `openai_usage` reads the
same and every other endpoint; this name refuses them.
Ask with group_by model, project_id, api_key_id, batch and service_tier: a key that was not asked for is
null. Without a model a result meets no price and is rejected; without a tier it counts as standard.
Input: `input_tokens` includes cached and cache-write tokens; `input_uncached_tokens`, where given, must
be what is left. Cache writes live 30 minutes (gpt-5.6 and later) or 12 hours, in fields of their own.
Modality: audio and image tokens are inside the totals and become classes of their own (input_audio,
cache_audio, output_audio, input_image, ...), priced only by prices of their own. A result that splits its
tokens must add up: text is exactly what audio and image leave, else it is refused (E-USAGE-PARTS).
Zone: UTC, [start_time, end_time) in Unix seconds. Currency: none.
Quirks: scale-tier tokens are included; requests stand on the `uncached_input` row only.
Source: openai-openapi of 2026-08-21; field sums as in its example and in a real dashboard export of 2025-10.
"""

from collections.abc import Iterator

from tickmark.formats import Format, JsonObject
from tickmark.invoices._openai import kind_of_usage, require_kind, usage
from tickmark.records import Row

NAME = "openai_usage_completions"
ENDPOINT = "completions"


def read(record: JsonObject) -> Iterator[Row]:
    """A row per token class that was used, and always one of `uncached_input`."""
    require_kind(record, kind_of_usage(ENDPOINT))
    yield from usage(record, NAME, ENDPOINT)


FORMAT = Format(
    name=NAME,
    side="bill",
    tables=("usage_buckets",),
    containers=("bucket_pages",),
    summary="OpenAI usage API, completions: tokens and requests per bucket",
    verified="unverified",
    read=read,
    shows=("cache classes", "tier"),
)
