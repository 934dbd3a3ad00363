"""`openrouter_activity`: tokens, requests and charges per UTC day, model and endpoint.

Where it comes from: GET /api/v1/activity (management key; the last 30 completed days), answers saved
unchanged; or the Activity page's export per day as CSV (`Date`, `Slug`, `Usage`, ...). One record is one day
of one model at one endpoint; it yields usage buckets (tokens, requests) and one billing line (`usage`).
Model: `model`, the slug, which answers and `openrouter_generations` show too (not the dated permaslug).
Tokens: `cached_tokens` is a part of `prompt_tokens`, reasoning a part of `completion_tokens`; cache writes
are not told apart and stay in uncached input. A record without `cached_tokens` (the CSV, older answers)
cannot be split: it proves the amount and yields no bucket, so that cached tokens are never called uncached.
Amount: USD per record, for all classes together: it is compared with the logs in total, not class by class.
BYOK: `usage` is what OpenRouter charges; tokens used with the customer's own key are on the upstream's
invoice. A record with `byok_usage_inference` and no `usage` has the tier `byok`; one with both stays whole.
Zone: UTC days. Currency: USD (credits are dollars).
An OpenRouter invoice sells credit and is no charge for usage: deliver it as `invoice_csv` only where the
credit ledger names it as a purchase. Without it the sum of these charges is what the logs are held against.
Source: openrouter.ai, Get user activity, SDK 1.3.84, 2026-11; CSV columns from two public rows of 2026-05.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from tickmark.errors import RecordRejected
from tickmark.formats import Format, JsonObject, count, decimal, enveloped, optional_text, text
from tickmark.invoices._fields import float_amount, natural_key, pick, required_decimal, usage_rows, utc_day
from tickmark.records import BillingLine, Row, UsageBucket

NAME = "openrouter_activity"
DIMENSIONS = (
    "model",
    "model_permaslug",
    "endpoint_id",
    "provider_name",
    "workspace_id",
    "api_key_hash",
    "user_id",
)
CSV_NAMES = {
    "Date": "date",
    "Slug": "model",
    "Usage": "usage",
    "BYOK Usage": "byok_usage_inference",
    "Requests": "requests",
    "Prompt Tokens": "prompt_tokens",
    "Completion Tokens": "completion_tokens",
    "Reasoning Tokens": "reasoning_tokens",
}


@dataclass(frozen=True, slots=True)
class _Day:
    """What every row of a record says."""

    key: str
    model: str
    start: datetime
    end: datetime
    tier: str
    workspace: str | None


def read(record: JsonObject) -> Iterator[Row]:
    """The charge of a day, and its tokens where they can be split into classes."""
    line = {CSV_NAMES.get(field, field): value for field, value in record.items()}
    usage = required_decimal(line, "usage")
    day = _day(line, usage)
    yield BillingLine(
        record_key=day.key,
        provider="openrouter",
        invoice_issuer_name="OpenRouter",
        charge_category="Usage",
        charge_period_start=day.start,
        charge_period_end=day.end,
        billed_cost=float_amount(line, "usage"),
        billing_currency="USD",
        sub_account_id=day.workspace,
        charge_description=optional_text(line, "provider_name"),
        x_model=day.model,
        x_service_tier=day.tier,
        x_amount_text=str(line["usage"]),
    )
    yield from _buckets(line, day)


def _day(line: JsonObject, usage: Decimal) -> _Day:
    start, end = utc_day(line, "date")
    return _Day(
        key=natural_key(NAME, {"date": start, **pick(line, DIMENSIONS)}),
        model=text(line, "model"),
        start=start,
        end=end,
        tier="byok" if not usage and decimal(line, "byok_usage_inference") else "standard",
        workspace=optional_text(line, "workspace_id"),
    )


def _buckets(line: JsonObject, day: _Day) -> Iterator[UsageBucket]:
    prompt, completion = count(line, "prompt_tokens"), count(line, "completion_tokens")
    cached = count(line, "cached_tokens")
    if prompt is None or completion is None or cached is None:
        return
    if cached > prompt:
        raise RecordRejected("E-USAGE-PARTS", "cached_tokens", "at most prompt_tokens", cached)
    first = UsageBucket(
        record_key=day.key,
        provider="openrouter",
        model=day.model,
        token_class="uncached_input",
        bucket_start=day.start,
        bucket_end=day.end,
        tokens_usage_export=prompt - cached,
        requests=count(line, "requests"),
        service_tier=day.tier,
        project_id=day.workspace,
    )
    yield from usage_rows(first, {"cache_read": cached, "output": completion})


FORMAT = Format(
    name=NAME,
    side="bill",
    tables=("usage_buckets", "billing_lines"),
    containers=("json", "csv"),
    summary="OpenRouter's activity per day and model: tokens, requests and charges",
    verified="unverified",
    read=read,
    columns=("Date", "Slug", "Usage"),
    numeric=tuple(name for name in CSV_NAMES if name not in ("Date", "Slug")),
    unfold=enveloped,
)
