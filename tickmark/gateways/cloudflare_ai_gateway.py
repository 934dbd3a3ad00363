"""`cloudflare_ai_gateway`: logs of Cloudflare AI Gateway, from its API or Logpush.

Where it comes from: GET /accounts/{id}/ai-gateway/gateways/{id}/logs, pages saved unchanged or their results
as JSON lines; or the Logpush dataset `ai_gateway_events` (names like StatusCode).
One record is one step: `step` 0 is the first provider, later ones are fallbacks or routes; automatic retries
of a step hide inside it, and nothing groups the steps of a request.
Token convention: `tokens_in` follows the provider's own figure and has no cached count, so the input
has no class: this log cannot prove a bill with cached tokens. Null is missing.
Cost: USD, Cloudflare's estimate or the custom cost sent along. Cache: `cached` was answered by Cloudflare.
Zone: `created_at` carries it; it is taken as the start. Model: as the request named it.
Logpush encrypts bodies and metadata and has no id: its records are known by their whole content. Where it
has no token counts either, it shows attempts without usage: prefer the API. A record that was rate limited
or stopped by guardrails (status 424) never reached a provider.
Workers AI's own paths (`@cf/...`) and media endpoints are set aside: no rule says what they bill.
Source: developers.cloudflare.com, API reference (2026-08); not checked against a real log.
"""

from collections.abc import Iterator

from tickmark import providers
from tickmark.errors import RecordRejected
from tickmark.formats import Format, JsonObject, flag, instant, optional_text, text
from tickmark.gateways._lines import (
    Counts,
    after,
    content_key,
    from_cache,
    http_status,
    inside,
    label,
    logged,
    operation,
    plain_count,
    settle,
    snake_case,
    token_columns,
    usd,
)
from tickmark.gateways._usage import fill
from tickmark.records import Attempt, Row

GUARDED = 424
_ALIASES = {"timestamp": "created_at", "endpoint": "path"}


def read(record: JsonObject) -> Iterator[Row]:
    """One step."""
    known = snake_case(record, _ALIASES)
    started, step = instant(known, "created_at"), plain_count(known, "step")
    labels = logged(known, "metadata")
    attempt = Attempt(
        record_key=optional_text(known, "id") or content_key(record),
        provider=providers.by_name(text(known, "provider")),
        operation=operation("/" + text(known, "path"), "path"),
        started_at=started,
        ended_at=after(started, known, "duration"),
        attempt_number=None if step is None else step + 1,
        attempt_grain="request_collapsed",
        request_model=optional_text(known, "model"),
        cost_usd_gateway=usd(known, "cost"),
        team=label(labels, "team"),
        workload=label(labels, "workload"),
    )
    counts = Counts(input=plain_count(known, "tokens_in"), output=plain_count(known, "tokens_out"))
    fill(attempt, token_columns(counts, attempt.provider, "tokens_in"))
    _settle(attempt, known)
    yield attempt


def _settle(attempt: Attempt, known: JsonObject) -> None:
    status, success = http_status(known, "status_code"), flag(known, "success")
    if status is None and success is None:
        raise RecordRejected("E-FIELD-MISSING", "status_code", "status_code or success", None)
    if status is not None:
        settle(attempt, status)
    elif not success:
        attempt.outcome, attempt.billable_expected = "provider_error", None
    if flag(known, "rate_limited") or status == GUARDED:
        attempt.outcome, attempt.billable_expected = "blocked", False
    elif flag(known, "cached"):
        from_cache(attempt)


FORMAT = Format(
    name="cloudflare_ai_gateway",
    side="gateway",
    tables=("attempts",),
    containers=("json",),
    summary="Cloudflare AI Gateway logs: API pages and Logpush ai_gateway_events",
    verified="unverified",
    read=read,
    shows=("cost",),
    unfold=inside("result"),
)
