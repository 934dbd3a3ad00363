"""`bifrost`: rows of Bifrost's `logs` table.

Where it comes from: GET /api/logs (pages saved unchanged, or their rows as JSON lines), or the table itself
(Postgres, SQLite) as JSON lines or CSV. JSON columns may be values or JSON text.
One row is one target: each fallback is a row of its own, `parent_request_id` names the first and
`fallback_index` counts them. `attempt_trail` names the tries with each key inside a row: every failed try
before the last becomes an attempt of its own, at the row's start, its own time being unknown. Without a trail
`number_of_retries` are retries hidden in the row. The number of an attempt counts fallbacks, then tries.
A row begins as `processing` and is written again when it ends: the finished one counts.
Token convention: inclusive, for every provider; cached reads and writes are in `prompt_tokens_details`.
Cost: USD, with the lookup in Bifrost's own cache. Cache: `cache_debug.cache_hit` was answered by Bifrost.
Failed tries for rate limit, key or balance cost nothing; for others nobody can tell.
Zone: UTC or written out. Model: `model` as sent to the provider; the answer's, and its id, only from
`raw_response`, which like `raw_request` is logged on request and then is the provider's own text.
Source: Bifrost's repository, logstore and schemas (2026-08); not checked against a real export.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from tickmark import providers
from tickmark.errors import RecordRejected
from tickmark.formats import Format, JsonObject, child, flag, instant, objects, one_of, optional_text, text
from tickmark.gateways._lines import (
    Counts,
    after,
    first_of,
    from_cache,
    http_status,
    inside,
    label,
    logged,
    plain_count,
    settle,
    token_columns,
    usd,
)
from tickmark.gateways._usage import TokenFields, fill, served_tier
from tickmark.records import Attempt, Row
from tickmark.strictjson import json_object, json_value

OPERATIONS = {
    "chat_completion": "chat",
    "text_completion": "completions",
    "embedding": "embeddings",
    "list": "embeddings",
    "responses": "responses",
    "response": "responses",
}
FREE_FAILURES = ("rate_limit_error", "authentication_error", "billing_error")
STATUSES = ("processing", "success", "error")
_KIND_TAIL = re.compile(r"[._](chunk|stream)$", re.ASCII)


def read(record: JsonObject) -> Iterator[Row]:
    """The last try of a row, and before it every failed one that its trail names."""
    kind = _KIND_TAIL.sub("", text(record, first_of(record, "object", "object_type"))).replace(".", "_")
    if kind == "list_models":
        return
    if kind not in OPERATIONS:
        raise RecordRejected("E-OPERATION", "object", f"one of {', '.join(OPERATIONS)}", kind)
    last = _attempt(record, OPERATIONS[kind])
    trail = objects({"attempt_trail": json_value(record, "attempt_trail")}, "attempt_trail")
    yield from (_failed_try(last, number, tried) for number, tried in enumerate(trail[:-1]))
    if trail:
        last.attempt_number, last.attempt_grain = (last.attempt_number or 0) + len(trail) - 1, "attempt"
    else:
        last.retries_collapsed = plain_count(record, "number_of_retries")
    _finish(last, record)
    yield last


def _attempt(record: JsonObject, operation: str) -> Attempt:
    started, response = instant(record, "timestamp", naive_is_utc=True), logged(record, "raw_response")
    labels = json_object(record, "metadata")
    return Attempt(
        record_key=text(record, "id"),
        provider=providers.by_name(text(record, "provider")),
        operation=operation,
        started_at=started,
        ended_at=after(started, record, "latency"),
        request_id=optional_text(record, "parent_request_id") or text(record, "id"),
        attempt_number=(plain_count(record, "fallback_index") or 0) + 1,
        attempt_grain="request_collapsed",
        request_model=optional_text(record, "model"),
        response_model=optional_text(record, "server_side_fallback_model") or label(response, "model"),
        provider_response_id=label(response, "id"),
        streamed=flag(record, "stream"),
        service_tier=served_tier(response, logged(response, "usage")),
        team=optional_text(record, first_of(record, "team_name", "team_id")),
        workload=label(labels, "workload"),
        credential_id=optional_text(record, "selected_key_id"),
    )


def _failed_try(last: Attempt, number: int, tried: JsonObject) -> Attempt:
    reason = optional_text(tried, "fail_reason")
    return replace(
        last,
        record_key=f"{last.record_key}#{number + 1}",
        ended_at=None,
        attempt_number=(last.attempt_number or 0) + number,
        attempt_grain="attempt",
        response_model=None,
        provider_response_id=None,
        error_type=reason,
        outcome="provider_error",
        billable_expected=False if reason in FREE_FAILURES else None,
        credential_id=optional_text(tried, "key_id"),
    )


def _finish(attempt: Attempt, record: JsonObject) -> None:
    status = one_of(record, "status", STATUSES)
    if status == "processing":
        attempt.outcome, attempt.billable_expected = "timeout", None
        return
    attempt.cost_usd_gateway = usd(record, "cost")
    fill(attempt, _usage(record, attempt.provider))
    if status == "error":
        _fail(attempt, json_object(record, "error_details"))
    elif flag(json_object(record, "cache_debug"), "cache_hit"):
        from_cache(attempt)


def _fail(attempt: Attempt, details: JsonObject) -> None:
    attempt.outcome, attempt.billable_expected = "provider_error", None
    attempt.error_type = label(child(details, "error"), "type")
    code = http_status(details, "status_code")
    if code is not None:
        settle(attempt, code)


def _usage(record: JsonObject, provider: str) -> TokenFields:
    usage = json_object(record, "token_usage") or record
    parts = child(usage, "prompt_tokens_details")
    written = child(parts, "cached_write_token_details")
    reads = plain_count(parts, first_of(parts, "cached_read_tokens", "cached_tokens"))
    minutes, hour = (plain_count(written, f"cached_write_tokens_{life}") for life in ("5m", "1h"))
    writes = plain_count(parts, first_of(parts, "cached_write_tokens", "cache_write_tokens"))
    counts = Counts(
        input=plain_count(usage, "prompt_tokens"),
        output=plain_count(usage, "completion_tokens"),
        cache_read=plain_count(record, "cached_read_tokens") if reads is None else reads,
        cache_write=writes if minutes is hour is None else minutes,
        cache_write_1h=hour,
        reasoning=plain_count(child(usage, "completion_tokens_details"), "reasoning_tokens"),
        cached_inside=True,
    )
    return token_columns(counts, provider, "token_usage")


def version(record: JsonObject) -> int:
    """A row that ended comes after the one that began."""
    return 0 if record.get("status") == "processing" else 1


def request_body(record: JsonObject) -> JsonObject | None:
    """The request as Bifrost sent it, where raw requests are logged."""
    return logged(record, "raw_request") or None


def answer(record: JsonObject) -> JsonObject | None:
    """The provider's answer, where raw responses are logged."""
    return logged(record, "raw_response") or None


FORMAT = Format(
    name="bifrost",
    side="gateway",
    tables=("attempts",),
    containers=("json", "csv"),
    summary="Bifrost: rows of its logs table (API pages, JSON lines, CSV)",
    verified="unverified",
    read=read,
    shows=("attempts", "cache classes", "request text", "answer text", "tier", "response id", "cost"),
    columns=("id", "timestamp", "provider", "status"),
    unfold=inside("logs"),
    version=version,
    request_body=request_body,
    answer=answer,
)
