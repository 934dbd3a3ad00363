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
Source: platform.claude.com, Usage and Cost API, 2026-08-21.
"""

from collections.abc import Iterator

from tickmark import providers
from tickmark.errors import RecordRejected
from tickmark.formats import Format, JsonObject, child, count, optional_text, required_count
from tickmark.invoices._fields import grouped_by, natural_key, period, pick, served_tier, usage_rows
from tickmark.records import Row, UsageBucket

NAME = "anthropic_usage_report"
GROUP_KEYS = (
    "account_id",
    "service_account_id",
    "workspace_id",
    "api_key_id",
    "model",
    "service_tier",
    "context_window",
    "inference_geo",
    "speed",
)
CACHE_WRITES = {
    "ephemeral_5m_input_tokens": "cache_write_5m",
    "ephemeral_1h_input_tokens": "cache_write_1h",
}


def read(record: JsonObject) -> Iterator[Row]:
    """A row per class that was used, and always one of `uncached_input`."""
    start, end = period(record, "starting_at", "ending_at")
    first = UsageBucket(
        record_key=natural_key(NAME, {"start": start, "end": end, **pick(record, GROUP_KEYS)}),
        provider=providers.by_name("anthropic"),
        model=grouped_by(record, "model"),
        token_class="uncached_input",
        bucket_start=start,
        bucket_end=end,
        tokens_usage_export=required_count(record, "uncached_input_tokens"),
        service_tier=served_tier(optional_text(record, "service_tier"), optional_text(record, "speed")),
        context_window=optional_text(record, "context_window"),
        inference_geo=optional_text(record, "inference_geo"),
        project_id=optional_text(record, "workspace_id"),
        credential_id=optional_text(record, "api_key_id"),
    )
    parts = {
        "cache_read": required_count(record, "cache_read_input_tokens"),
        **_cache_writes(child(record, "cache_creation")),
        "output": required_count(record, "output_tokens"),
        "web_search": count(child(record, "server_tool_use"), "web_search_requests") or 0,
    }
    yield from usage_rows(first, parts)


def _cache_writes(creation: JsonObject) -> dict[str, int]:
    if not creation.keys() <= CACHE_WRITES.keys():
        # A lifetime of another name has another price; leaving it out would hide its tokens.
        raise RecordRejected("E-USAGE-SHAPE", "cache_creation", f"only {', '.join(CACHE_WRITES)}", creation)
    return {token_class: required_count(creation, field) for field, token_class in CACHE_WRITES.items()}


FORMAT = Format(
    name=NAME,
    side="bill",
    tables=("usage_buckets",),
    containers=("bucket_pages",),
    summary="Anthropic usage report for messages: tokens and web searches per bucket",
    verified="unverified",
    read=read,
)
