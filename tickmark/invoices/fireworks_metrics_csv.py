"""`fireworks_metrics_csv`: token counts per request, as Fireworks exports its billing metrics.

Where it comes from: `firectl billing export-metrics` (at most 31 days per export). One record is one usage
event; only those that count tokens are read. Deployments, fine-tuning and what else is billed by time is
counted as not usage.
Input: `prompt_tokens` includes cached tokens; `cached_prompt_tokens` and `uncached_prompt_tokens` split it
and must add up to it. Exports before these two columns are refused: cached input has another price. For old
usage without a split Fireworks itself writes 0 cached tokens.
Zone: UTC ("2025-10-20 17:16:48 UTC"). An event stands in the second in which it begins. Currency: none.
Ids: none; equal lines of one file are all real, the same lines in two overlapping exports count once.
Quirks: no costs (`fireworks_costs_csv` has them, per day and model), no batch or priority tier.
Source: docs.fireworks.ai, Exporting Billing Metrics, 2026 (its sample row); the header of a real export.
"""

from collections.abc import Iterator
from datetime import timedelta

from tickmark import providers
from tickmark.errors import RecordRejected
from tickmark.formats import Format, JsonObject, instant, optional_text, text, whole
from tickmark.invoices._fields import natural_key, pick, usage_rows
from tickmark.records import Row, UsageBucket

NAME = "fireworks_metrics_csv"
COUNTS = ("prompt_tokens", "completion_tokens", "cached_prompt_tokens", "uncached_prompt_tokens")
IDENTITY = ("email", "start_time", "end_time", "usage_type", "base_model_name", *COUNTS)


def read(record: JsonObject) -> Iterator[Row]:
    """The classes of one request, or none of an event that counts no tokens."""
    prompt, output, cached, uncached = (whole(record, name) or 0 for name in COUNTS)
    if not prompt + output:
        return
    if cached + uncached != prompt:
        expected = "cached_prompt_tokens and uncached_prompt_tokens together"
        raise RecordRejected("E-USAGE-PARTS", "prompt_tokens", expected, prompt)
    start = instant(record, "start_time")
    first = UsageBucket(
        record_key=natural_key(NAME, pick(record, IDENTITY)),
        provider=providers.by_name("fireworks"),
        model=text(record, "base_model_name"),
        token_class="uncached_input",
        bucket_start=start,
        bucket_end=start + timedelta(seconds=1),
        tokens_usage_export=uncached,
        requests=1,
        project_id=optional_text(record, "email"),
    )
    yield from usage_rows(first, {"cache_read": cached, "output": output})


FORMAT = Format(
    name=NAME,
    side="bill",
    tables=("usage_buckets",),
    containers=("csv",),
    summary="Fireworks billing metrics: tokens per request, without costs",
    verified="unverified",
    read=read,
    shows=("cache classes",),
    columns=("start_time", "usage_type", "base_model_name", *COUNTS),
    numeric=COUNTS,
    keyed=False,
)
