"""`anthropic_console_tokens_csv`: token counts per day or hour, as the Anthropic Console exports them.

Where it comes from: platform.claude.com, Usage, Export (`claude_api_tokens_<from>.csv`). One record is one
combination of model, key, workspace, usage type, context window, geography and speed in one day. Columns are
matched by name: exports of 2025 have 11, those of 2026 have 14 (context_window, inference_geo, speed).
Input: the classes are disjoint, `usage_input_tokens_no_cache` excludes cache reads and writes; writes are
split by lifetime. Web searches come as a row of class `web_search`. There is no request count.
Keys: `api_key` is the name of the key, not its id; a Console (workbench) row has none.
Zone: UTC. A day, or its hours where one day is exported ("2026-03-31 02:00"): deliver one of the two.
Currency: none. Quirks: days without usage are absent, so the file does not say which days it covers;
`speed` fast is the tier fast; "≤ 200k" is the context band 0-200k. Deliver `anthropic_usage_report` or this.
Source: rows of a real hourly export of 2026-03 (ids shortened), a daily one and the columns of 2025-06.
"""

from collections.abc import Iterator

from tickmark import providers
from tickmark.formats import Format, JsonObject, optional_text, required_count, text
from tickmark.invoices._anthropic_console import context_band, day_or_hour, tier
from tickmark.invoices._fields import filled, natural_key, pick, usage_rows
from tickmark.records import Row, UsageBucket

NAME = "anthropic_console_tokens_csv"
DIMENSIONS = (
    *("model_version", "api_key", "workspace", "usage_type", "context_window", "inference_geo", "speed"),
)
COUNTS = {
    "uncached_input": "usage_input_tokens_no_cache",
    "cache_read": "usage_input_tokens_cache_read",
    "cache_write_5m": "usage_input_tokens_cache_write_5m",
    "cache_write_1h": "usage_input_tokens_cache_write_1h",
    "output": "usage_output_tokens",
    "web_search": "web_search_count",
}


def read(record: JsonObject) -> Iterator[Row]:
    """A row per class that was used, and always one of `uncached_input`."""
    start, end = day_or_hour(record)
    counts = {token_class: required_count(record, field) for token_class, field in COUNTS.items()}
    first = UsageBucket(
        record_key=natural_key(NAME, {"start": start, "end": end, **pick(filled(record), DIMENSIONS)}),
        provider=providers.by_name("anthropic"),
        model=text(record, "model_version"),
        token_class="uncached_input",
        bucket_start=start,
        bucket_end=end,
        tokens_usage_export=counts.pop("uncached_input"),
        service_tier=tier(record),
        context_window=context_band(record),
        inference_geo=optional_text(record, "inference_geo"),
        project_id=optional_text(record, "workspace"),
        credential_id=optional_text(record, "api_key"),
    )
    yield from usage_rows(first, counts)


FORMAT = Format(
    name=NAME,
    side="bill",
    tables=("usage_buckets",),
    containers=("csv",),
    summary="Anthropic Console token export: tokens and web searches per day or hour",
    verified="real file",
    read=read,
    shows=("cache classes", "tier"),
    columns=("usage_date_utc", "model_version", *COUNTS.values()),
    numeric=tuple(COUNTS.values()),
)
