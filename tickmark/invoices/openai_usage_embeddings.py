"""`openai_usage_embeddings`: token counts of embeddings, per bucket.

Where it comes from: GET /v1/organization/usage/embeddings, pages saved unchanged. One record is one
result: one combination of group keys in one bucket; ask with group_by model, project_id, api_key_id.
`openai_usage` reads the same and every other endpoint; this name refuses them.
Input: all of it uncached, embeddings have no cache and no output. The endpoint knows no tier.
Zone: UTC, [start_time, end_time) in Unix seconds. Currency: none.
Quirks: Batch API embeddings are in the same counts and cannot be told apart.
Source: openai-openapi of 2026-08-21; checked against its example, not a live answer.
"""

from collections.abc import Iterator

from tickmark.formats import Format, JsonObject
from tickmark.invoices._openai import kind_of_usage, require_kind, usage
from tickmark.records import Row

NAME = "openai_usage_embeddings"
ENDPOINT = "embeddings"


def read(record: JsonObject) -> Iterator[Row]:
    """One row of `uncached_input`."""
    require_kind(record, kind_of_usage(ENDPOINT))
    yield from usage(record, NAME, ENDPOINT)


FORMAT = Format(
    name=NAME,
    side="bill",
    tables=("usage_buckets",),
    containers=("bucket_pages",),
    summary="OpenAI usage API, embeddings: tokens and requests per bucket",
    verified="unverified",
    read=read,
)
