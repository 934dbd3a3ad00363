"""`anthropic_usage_report`: token counts of the Messages API, per bucket.

Where it comes from: GET /v1/organizations/usage_report/messages, pages saved unchanged, `bucket_width`
1m, 1h or 1d. One record is one result: one combination of group keys in one bucket. Ask with group_by
model, service_tier, context_window, inference_geo (they set the price) and workspace_id: the API takes
five keys at most (2026-07), so api_key_id costs one of them.
Input: the classes are disjoint, `uncached_input_tokens` excludes cache reads and writes; writes are
split by lifetime (5 minutes, 1 hour). There is no request count.
Web searches come as a row of class `web_search` that counts searches: the only class that is not tokens.
Zone: UTC, RFC 3339 with zone, [starting_at, ending_at). Currency: none.
Quirks: `api_key_id` is null for the Console, `workspace_id` for the default workspace; code execution
is not here but in the cost report; `speed` fast (fast mode) is the tier fast.
Source: platform.claude.com, Usage and Cost API, 2026-08-21; checked against its example, not a live answer.
"""

from collections.abc import Iterator

from tickmark.formats import Format, JsonObject
from tickmark.invoices._anthropic import usage
from tickmark.records import Row

NAME = "anthropic_usage_report"


def read(record: JsonObject) -> Iterator[Row]:
    """A row per class that was used, and always one of `uncached_input`."""
    yield from usage(record, NAME)


FORMAT = Format(
    name=NAME,
    side="bill",
    tables=("usage_buckets",),
    containers=("bucket_pages",),
    summary="Anthropic usage report for messages: tokens and web searches per bucket",
    verified="unverified",
    read=read,
    shows=("cache classes", "tier"),
)
