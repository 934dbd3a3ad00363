"""`openrouter_generations`: OpenRouter's own record of each generation.

Where it comes from: GET /api/v1/generation?id=gen-..., one answer per line, or a list of answers; with or
without the envelope `{"data": {...}}`. One record is one generation. `provider_responses` lists the upstream
attempts behind it: each becomes a row, the last that was answered (or the last of all) carries the tokens,
the others failed and are free. Without that list fallbacks are hidden and the row is `request_collapsed`.
Provider: `openrouter` for every row, because OpenRouter bills them; the upstream's name is not kept.
Model: `model`, the slug, which answers and the activity show too (not the dated permaslug).
Tokens: `native_tokens_*`, the billed ones; input includes cached, output includes reasoning. The fields
`tokens_prompt` and `tokens_completion` are a normalised count that nobody bills, and are not read. Where
`native_tokens_cached` is null nobody knows what was cached: the input is kept without a class and unpriced.
Cache writes are not told apart: they are inside uncached input, as in the activity.
Outcomes: `cancelled` is a client's abort (what was generated until then is billed); `finish_reason` error, or
no upstream that answered, is a failure, billable only where it has a cost; `response_cache_source_id` names a
replay from OpenRouter's response cache, which costs nothing.
BYOK: with the customer's own key the upstream bills the tokens. Their tier is `byok`, which no list prices:
price it with a rate card (0, or OpenRouter's fee) and find the money on the upstream's invoice.
Join key: `id` (gen-...), which is also the id of the answer; `request_id` groups generations of one call.
Zone: ISO 8601 with offset. Currency: USD (`total_cost`, kept as the gateway's figure).
Source: openrouter SDK 1.3.84 and its documentation, 2026-11. Checked against the documentation's example.
"""

from collections.abc import Iterator
from dataclasses import replace

from tickmark.errors import RecordRejected
from tickmark.formats import (
    Format,
    JsonObject,
    count,
    enveloped,
    flag,
    instant,
    objects,
    optional_text,
    text,
)
from tickmark.gateways._lines import HTTP_ERROR, usd
from tickmark.gateways._openrouter import BYOK, end, fill_counts
from tickmark.gateways._usage import served_tier
from tickmark.records import Attempt, Row

OPERATIONS = {None: "chat", "completions": "chat", "embeddings": "embeddings"}


def read(record: JsonObject) -> Iterator[Row]:
    """One row per upstream attempt."""
    key = text(record, "id")
    tries = objects(record, "provider_responses")
    statuses = [count(each, "status") for each in tries]
    answered = [place for place, status in enumerate(statuses) if status is not None and status < HTTP_ERROR]
    served = answered[-1] if answered else len(tries) - 1
    generation = Attempt(
        record_key=key,
        provider="openrouter",
        operation=_operation(record),
        started_at=instant(record, "created_at"),
        request_id=optional_text(record, "request_id") or key,
        attempt_number=served + 1 if tries else None,
        attempt_grain="attempt" if tries else "request_collapsed",
        request_model=optional_text(record, "model"),
        streamed=flag(record, "streamed"),
        http_status=statuses[served] if tries else None,
    )
    for place, status in enumerate(statuses):
        if place != served:
            yield _failed(generation, place + 1, status)
    _bill(generation, record, unanswered=bool(tries) and not answered)
    yield generation


def _operation(record: JsonObject) -> str:
    kind = optional_text(record, "api_type")
    if kind not in OPERATIONS:
        raise RecordRejected("E-OPERATION", "api_type", "completions or embeddings", kind)
    return OPERATIONS[kind]


def _failed(generation: Attempt, number: int, status: int | None) -> Attempt:
    return replace(
        generation,
        record_key=f"{generation.record_key}-attempt-{number}",
        attempt_number=number,
        http_status=status,
        outcome="provider_error",
        billable_expected=False,
    )


def _bill(generation: Attempt, record: JsonObject, *, unanswered: bool) -> None:
    generation.cost_usd_gateway = usd(record, "total_cost")
    if optional_text(record, "response_cache_source_id"):
        generation.outcome, generation.billable_expected = "gateway_cache_hit", False
        return
    generation.response_model = optional_text(record, "model")
    generation.provider_response_id = generation.record_key
    generation.service_tier = BYOK if flag(record, "is_byok") else served_tier(record, {})
    fill_counts(generation, record, "native_tokens_")
    failed = unanswered or optional_text(record, "finish_reason") == "error"
    end(generation, cancelled=bool(flag(record, "cancelled")), failed=failed)


FORMAT = Format(
    name="openrouter_generations",
    side="gateway",
    tables=("attempts",),
    containers=("json",),
    summary="OpenRouter's record of each generation, with the upstream attempts behind it",
    verified="unverified",
    shows=("attempts", "cache classes", "tier", "response id", "cost"),
    read=read,
    unfold=enveloped,
)
