"""`exchange_jsonl`: raw request/response pairs, one HTTP attempt per line.

Where it comes from: a logging proxy or an SDK hook. One record is one attempt, failures included.
Fields: `timestamp` (ISO 8601 with zone), `provider`, `url`, `status`, `request_headers`, `stream`,
`request`, `response`, `latency_ms`, `metadata.team`, `metadata.workload`. Streams are stored with
their chunks merged into the non-stream shape.
Retries: the SDKs of OpenAI and Anthropic number them in `x-stainless-retry-count` (0 is the first
attempt); nothing else groups attempts into one request.
Token convention: the provider's own (see `_usage`). Join keys: `response.id`.
Servers of your own (vLLM and other OpenAI-compatible ones): this is their format too, written by a proxy in
front of them, with `provider: vllm` where the host is not a known one. vLLM's own request log
(`--enable-log-requests`) is text with the prompt and no token count of an answer: it cannot be audited. vLLM
names cached tokens only with `--enable-prompt-tokens-details`; without it all input counts as uncached. A
stream has usage only where the request asked for it (`stream_options.include_usage`).
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta

from tickmark import months, providers
from tickmark.errors import RecordRejected
from tickmark.formats import Format, JsonObject, child, count, instant, optional_text, text
from tickmark.gateways._lines import HTTP_ERROR, content_key, operation
from tickmark.gateways._usage import fill, served_tier, token_fields
from tickmark.records import Attempt, Row

_RETRIES = re.compile(r"[0-9]{1,4}", re.ASCII)


def read(record: JsonObject) -> Iterator[Row]:
    """One attempt."""
    url = text(record, "url")
    request, response = child(record, "request"), child(record, "response")
    status = count(record, "status")
    started = instant(record, "timestamp")
    latency = count(record, "latency_ms")
    response_id = optional_text(response, "id")
    attempt = Attempt(
        record_key=response_id or content_key(record),
        provider=providers.by_url(url) or providers.by_name(text(record, "provider")),
        operation=operation(url, "url"),
        started_at=started,
        ended_at=None if latency is None else started + timedelta(milliseconds=latency),
        attempt_number=_attempt_number(child(record, "request_headers")),
        request_model=optional_text(request, "model"),
        response_model=optional_text(response, "model"),
        provider_response_id=response_id,
        streamed=bool(record.get("stream")),
        http_status=status,
        team=optional_text(child(record, "metadata"), "team"),
        workload=optional_text(child(record, "metadata"), "workload"),
    )
    if status is None or status >= HTTP_ERROR:
        _fail(attempt, response)
    else:
        _bill(attempt, response)
    yield attempt


def _fail(attempt: Attempt, response: JsonObject) -> None:
    error = response.get("error")
    attempt.outcome = "provider_error"
    attempt.error_type = optional_text(error, "type") if isinstance(error, dict) else None
    # Failed requests are free at OpenAI, Anthropic, Mistral, DeepSeek and xAI (billing pages of 2026).
    attempt.billable_expected = False


def _created(response: JsonObject) -> datetime | None:
    """The provider's own time of an answer (`created`; `created_at` of responses), if it is of our time."""
    seconds = response.get("created", response.get("created_at"))
    if isinstance(seconds, bool) or not isinstance(seconds, int):
        return None
    with suppress(ValueError):
        return months.from_epoch(seconds)
    return None


def _bill(attempt: Attempt, response: JsonObject) -> None:
    attempt.provider_created_at = _created(response)
    usage = child(response, "usage")
    if usage:
        fill(attempt, token_fields(usage))
        attempt.service_tier = served_tier(response, usage)
        attempt.inference_geo = optional_text(usage, "inference_geo")


def _attempt_number(headers: JsonObject) -> int | None:
    retries = optional_text(headers, "x-stainless-retry-count")
    if retries is None:
        return None
    if not _RETRIES.fullmatch(retries):
        raise RecordRejected(
            "E-FIELD-TYPE", "request_headers.x-stainless-retry-count", "at most 4 digits", retries
        )
    return int(retries) + 1


def answer(record: JsonObject) -> JsonObject | None:
    """The answer as it came."""
    return child(record, "response") or None


def request_body(record: JsonObject) -> JsonObject | None:
    """The request as it was sent."""
    return child(record, "request") or None


FORMAT = Format(
    name="exchange_jsonl",
    side="gateway",
    tables=("attempts",),
    containers=("jsonl",),
    summary="raw request/response pairs: OpenAI chat, responses, embeddings; Anthropic; compatible hosts",
    verified="real file",
    read=read,
    shows=("attempts", "cache classes", "request text", "answer text", "tier", "response id"),
    request_body=request_body,
    answer=answer,
)
