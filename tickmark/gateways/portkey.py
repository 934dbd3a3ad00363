"""`portkey`: Portkey's log export, JSON lines.

Where it comes from: the Exports page or POST /logs/exports, with the fields id, trace_id, created_at,
request, response, ai_org, ai_model, req_units, res_units, request_url, cost, cost_currency, response_time and
response_status_code. Both generations of names are read (ai_provider, request_tokens, response_tokens,
status_code; `request.body` and `response.body` of the older export).
One record is one logical request: `retry_success_count` counts the retries inside it, where the export has
it; targets of a fallback share `trace_id`, which callers may also set for a whole workflow.
Token convention: from the usage block in `response`, where `total_tokens` tells whether Anthropic's cached
tokens lie outside `prompt_tokens`. Without `response` (a workspace may deny the field) there is no cached
count: the input has no class.
Cost: US cents. Cache: `cache_status` HIT or SEMANTIC HIT was answered by Portkey.
Zone: `created_at` carries it. Join key: `id` in `response`.
`request` is in OpenAI's shape for every provider, so it is counted again only where the provider takes that.
Source: portkey.ai, logs export and its API (2026-08); not checked against a real export.
"""

from collections.abc import Iterator

from tickmark import providers
from tickmark.errors import RecordRejected
from tickmark.formats import Format, JsonObject, count, flag, instant, optional_text, text
from tickmark.gateways._lines import (
    Counts,
    after,
    content_key,
    first_of,
    from_cache,
    http_status,
    label,
    logged,
    operation,
    plain_count,
    settle,
    token_columns,
    usd,
)
from tickmark.gateways._usage import TokenFields, fill, has_counts, served_tier, token_fields
from tickmark.records import Attempt, Row
from tickmark.strictjson import json_object

CENTS = 100
HITS = ("HIT", "SEMANTIC HIT")
OPENAI_SHAPED = ("chat", "completions", "responses", "embeddings")


def read(record: JsonObject) -> Iterator[Row]:
    """One logical request."""
    response = answer(record) or {}
    usage = logged(response, "usage")
    labels = json_object(record, "metadata")
    started = instant(record, "created_at")
    attempt = Attempt(
        record_key=optional_text(record, "id") or content_key(record),
        provider=_provider(record),
        operation=operation(text(record, "request_url"), "request_url"),
        started_at=started,
        ended_at=after(started, record, "response_time"),
        request_id=optional_text(record, "trace_id"),
        retries_collapsed=count(record, "retry_success_count"),
        attempt_grain="request_collapsed",
        request_model=label(_body(record, "request"), "model") or optional_text(record, "ai_model"),
        response_model=label(response, "model"),
        provider_response_id=label(response, "id"),
        streamed=flag(record, "stream_mode"),
        cost_usd_gateway=usd(record, "cost", CENTS),
        team=label(labels, "team"),
        workload=label(labels, "workload"),
        credential_id=optional_text(record, "virtual_key"),
    )
    _only_usd(record)
    fill(attempt, _usage(record, usage, attempt.provider))
    attempt.service_tier = served_tier(response, usage)
    _settle(attempt, record)
    yield attempt


def _provider(record: JsonObject) -> str:
    served = providers.by_url(text(record, "request_url"))
    return served or providers.by_name(text(record, first_of(record, "ai_org", "ai_provider", "provider")))


def _only_usd(record: JsonObject) -> None:
    currency = optional_text(record, "cost_currency") or "USD"
    if currency.upper() != "USD":
        raise RecordRejected(
            "E-FIELD-CURRENCY", "cost_currency", "USD, the only currency Portkey writes", currency
        )


def _usage(record: JsonObject, usage: JsonObject, provider: str) -> TokenFields:
    if has_counts(usage):
        return token_fields(_as_it_was(usage))
    counts = Counts(
        input=plain_count(record, first_of(record, "req_units", "request_tokens")),
        output=plain_count(record, first_of(record, "res_units", "response_tokens")),
    )
    return token_columns(counts, provider, "req_units")


def _as_it_was(usage: JsonObject) -> JsonObject:
    """Anthropic's block, where Portkey put its counts under OpenAI's names without adding the cached ones."""
    names = ("prompt_tokens", "completion_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    prompt, completion, read, written = (count(usage, name) or 0 for name in names)
    cached = read + written
    if not cached or count(usage, "total_tokens") != prompt + completion + cached:
        return usage
    return {
        "input_tokens": prompt,
        "output_tokens": completion,
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": written,
    }


def _settle(attempt: Attempt, record: JsonObject) -> None:
    status = http_status(record, first_of(record, "response_status_code", "status_code"))
    if status is not None:
        settle(attempt, status)
    elif flag(record, "is_success") is False:
        attempt.outcome, attempt.billable_expected = "provider_error", None
    if (optional_text(record, "cache_status") or "").upper() in HITS:
        from_cache(attempt)


def request_body(record: JsonObject) -> JsonObject | None:
    """The request, where the provider takes the shape that Portkey logs."""
    shaped = operation(text(record, "request_url"), "request_url") in OPENAI_SHAPED
    return (_body(record, "request") or None) if shaped else None


def answer(record: JsonObject) -> JsonObject | None:
    """The answer as Portkey gave it to the caller."""
    return _body(record, "response") or None


def _body(record: JsonObject, field: str) -> JsonObject:
    flat = logged(record, f"{field}.body")
    outer = flat or logged(record, field)
    return logged(outer, "body") or outer


FORMAT = Format(
    name="portkey",
    side="gateway",
    tables=("attempts",),
    containers=("jsonl",),
    summary="Portkey log export (JSON lines)",
    verified="unverified",
    read=read,
    shows=("cache classes", "request text", "answer text", "tier", "response id", "cost"),
    request_body=request_body,
    answer=answer,
)
