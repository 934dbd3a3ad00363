"""`openai_usage_embeddings`: token counts of embeddings, per bucket.

Where it comes from: GET /v1/organization/usage/embeddings, pages saved unchanged. One record is one
result: one combination of group keys in one bucket; ask with group_by model, project_id, api_key_id.
Input: all of it uncached, embeddings have no cache and no output. The endpoint knows no tier.
Zone: UTC, [start_time, end_time) in Unix seconds. Currency: none.
Quirks: Batch API embeddings are in the same counts and cannot be told apart.
Source: openai-openapi of 2026-08-21.
"""

from collections.abc import Iterator

from tickmark.formats import Format, JsonObject, required_count
from tickmark.invoices._fields import usage_rows
from tickmark.invoices._openai import uncached_input_row
from tickmark.records import Row

NAME = "openai_usage_embeddings"
KIND = "organization.usage.embeddings.result"


def read(record: JsonObject) -> Iterator[Row]:
    """One row of `uncached_input`."""
    yield from usage_rows(uncached_input_row(record, NAME, KIND, required_count(record, "input_tokens")), {})


FORMAT = Format(
    name=NAME,
    side="bill",
    tables=("usage_buckets",),
    containers=("bucket_pages",),
    summary="OpenAI usage API, embeddings: tokens and requests per bucket",
    verified="unverified",
    read=read,
)
