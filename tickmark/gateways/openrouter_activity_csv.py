"""`openrouter_activity_csv`: OpenRouter's activity, one row per generation.

Where it comes from: openrouter.ai, Activity, export of generations as CSV (24 columns). The export that adds
up days is another one: `openrouter_activity`. One record is one generation; upstream attempts and fallbacks
behind it are hidden (`request_collapsed`).
Model: `model_permaslug`, the dated name, with its variant behind a colon (`:free`). The activity per day is
read by its slug: where both differ the two do not meet, and `openrouter_generations` is the log to deliver.
Tokens: taken as the billed ones; input includes cached, output includes reasoning. Where the column
`tokens_cached` is missing or empty the input is kept without a class and unpriced.
Outcomes: `cancelled` is a client's abort; `finish_reason_normalized` error is a failure, billable only where
it has a cost. BYOK (`byok_usage_inference` above 0) has the tier `byok`: the upstream bills its tokens.
The kind of call is not in the export: every row counts as a chat.
Join key: `generation_id`. Zone: UTC without a zone ("2026-06-28 03:46:57.713"). Currency: USD.
Source: the header of a real export, and a public project's reader of it, 2026-11; no real row was read.
"""

from collections.abc import Iterator

from tickmark.formats import Format, JsonObject, flag, instant, optional_text, text
from tickmark.gateways._lines import usd
from tickmark.gateways._openrouter import BYOK, end, fill_counts
from tickmark.records import Attempt, Row

COLUMNS = (
    "generation_id",
    "created_at",
    "cost_total",
    "tokens_prompt",
    "tokens_completion",
    "model_permaslug",
)
NUMERIC = (
    *("cost_total", "byok_usage_inference"),
    *("tokens_prompt", "tokens_completion", "tokens_reasoning", "tokens_cached"),
)


def read(record: JsonObject) -> Iterator[Row]:
    """One generation."""
    generation = Attempt(
        record_key=text(record, "generation_id"),
        provider="openrouter",
        operation="chat",
        started_at=instant(record, "created_at", naive_is_utc=True),
        attempt_grain="request_collapsed",
        response_model=_model(record),
        provider_response_id=text(record, "generation_id"),
        streamed=flag(record, "streamed"),
        service_tier=BYOK if usd(record, "byok_usage_inference") else "standard",
        cost_usd_gateway=usd(record, "cost_total"),
        workload=optional_text(record, "app_name"),
        credential_id=optional_text(record, "api_key_name"),
    )
    fill_counts(generation, record, "tokens_")
    failed = optional_text(record, "finish_reason_normalized") == "error"
    end(generation, cancelled=bool(flag(record, "cancelled")), failed=failed)
    yield generation


def _model(record: JsonObject) -> str:
    variant = optional_text(record, "variant") or "standard"
    model = text(record, "model_permaslug")
    return model if variant == "standard" else f"{model}:{variant}"


FORMAT = Format(
    name="openrouter_activity_csv",
    side="gateway",
    tables=("attempts",),
    containers=("csv",),
    summary="OpenRouter's activity export, one row per generation",
    verified="unverified",
    shows=("cache classes", "response id", "cost"),
    read=read,
    columns=COLUMNS,
    numeric=NUMERIC,
)
