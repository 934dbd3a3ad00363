"""`helicone`: requests of Helicone, as its export tool and its ClickHouse table give them.

Where it comes from: `@helicone/export` (JSON lines or CSV, rows of POST /v1/request/query-clickhouse), or
rows of ClickHouse's `request_response_rmt` (JSON lines, CSV, Parquet).
One record is one logical request: retries of the gateway are inside it, uncounted. Rows come again with
each update: the highest `updated_at` counts.
Token convention: exclusive. `prompt_tokens` leaves out cached tokens and `completion_tokens`, in rows that
have `reasoning_tokens`, the reasoning. A logged response body with its usage block is read instead.
All counts 0 is missing usage. Cost: USD; the ClickHouse column holds billionths of it.
Cache: a row with a `cache_reference_id` of its own was answered by Helicone.
Status: HTTP; -1 is a timeout, -2 pending, -3 cancelled, -4 a threat that was blocked.
Zone: UTC, with or without saying so. Join key: `id` in the response body, if exported with --include-body.
The tool's 12-column CSV lacks provider, path, request id and cache columns: its provider is `unknown` unless
the source in tickmark.yaml has `provider:`, its operation is taken from the shape of `request_body`, and its
input cannot be split. Prefer JSON lines.
Source: Helicone's repository, export tool and query (2026-08); not checked against a real export.
"""

from collections.abc import Iterator

from tickmark import providers
from tickmark.errors import RecordRejected
from tickmark.formats import Format, JsonObject, instant, optional_text
from tickmark.gateways._lines import (
    Counts,
    content_key,
    ended,
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
    written_at,
)
from tickmark.gateways._usage import TokenFields, fill, has_counts, token_fields
from tickmark.records import Attempt, Row
from tickmark.strictjson import json_object

STATUSES = {
    "-1": ("timeout", None),
    "-2": ("timeout", None),
    "-3": ("client_abort", None),
    "-4": ("blocked", False),
}
BILLIONTHS = 10**9
NO_REFERENCE = "00000000-0000-0000-0000-000000000000"
SHAPES = {"messages": "chat", "prompt": "completions"}


def read(record: JsonObject) -> Iterator[Row]:
    """One logical request."""
    response = response_body(record) or {}
    labels = json_object(record, first_of(record, "request_properties", "properties"))
    raw = "response_status" not in record
    started = instant(record, "request_created_at", naive_is_utc=True)
    attempt = Attempt(
        record_key=optional_text(record, first_of(record, "request_id", "response_id"))
        or content_key(record),
        provider=_provider(record),
        operation=_operation(record),
        started_at=started,
        ended_at=ended(record, "response_created_at", started),
        attempt_grain="request_collapsed",
        request_model=optional_text(record, first_of(record, "request_model", "model")),
        response_model=optional_text(record, "response_model") or label(response, "model"),
        provider_response_id=label(response, "id"),
        cost_usd_gateway=usd(record, first_of(record, "cost", "costUSD"), BILLIONTHS if raw else 1),
        team=label(labels, "team"),
        workload=label(labels, "workload"),
        credential_id=optional_text(record, "proxy_key_id"),
    )
    fill(attempt, _usage(record, response, attempt.provider))
    _settle(attempt, record)
    yield attempt


def _provider(record: JsonObject) -> str:
    served = providers.by_url(optional_text(record, "target_url") or "")
    return served or providers.by_name(optional_text(record, "provider") or providers.UNKNOWN)


def _operation(record: JsonObject) -> str:
    path = optional_text(record, field := first_of(record, "request_path", "target_url"))
    if path is not None:
        return operation(path, field)
    body = request_body(record) or {}
    shape = next((name for key, name in SHAPES.items() if key in body), None)
    if shape is None and "input" in body:
        # A Responses answer always has output, an embedding never.
        shape = "responses" if plain_count(record, "completion_tokens") else "embeddings"
    if shape is None:
        expected = "a path, or a body with messages, prompt or input"
        raise RecordRejected("E-OPERATION", "request_body", expected, record.get("request_body"))
    return shape


def _usage(record: JsonObject, response: JsonObject, provider: str) -> TokenFields:
    if has_counts(usage := logged(response, "usage")):
        return token_fields(usage)
    has_cache = "prompt_cache_read_tokens" in record
    output, reasoning = plain_count(record, "completion_tokens"), plain_count(record, "reasoning_tokens")
    counts = Counts(
        input=plain_count(record, "prompt_tokens"),
        output=(output or 0) + reasoning if reasoning else output,
        cache_read=plain_count(record, "prompt_cache_read_tokens"),
        cache_write=plain_count(record, "prompt_cache_write_tokens"),
        reasoning=reasoning,
        cached_inside=False if has_cache else None,
    )
    return token_columns(counts, provider, "prompt_tokens")


def _settle(attempt: Attempt, record: JsonObject) -> None:
    field = first_of(record, "response_status", "status")
    said = STATUSES.get(str(record.get(field)))
    status = None if said else http_status(record, field)
    if said:
        attempt.outcome, attempt.billable_expected = said
    elif status is None:
        raise RecordRejected("E-FIELD-MISSING", field, "an HTTP status", None)
    elif optional_text(record, "cache_reference_id") not in (None, NO_REFERENCE):
        from_cache(attempt)
        attempt.http_status = status
    else:
        settle(attempt, status)


def version(record: JsonObject) -> int:
    """When the row was last written."""
    return written_at(record, "updated_at")


def request_body(record: JsonObject) -> JsonObject | None:
    """The request, where it was exported and the gateway did not translate it for another provider."""
    mapped = record.get("ai_gateway_body_mapping") not in (None, "", "NO_MAPPING")
    return None if mapped else _body(record, "request_body")


def response_body(record: JsonObject) -> JsonObject | None:
    """The answer, where it was exported."""
    return _body(record, "response_body")


def _body(record: JsonObject, field: str) -> JsonObject | None:
    body = logged(record, field)
    # Without --include-body a note stands where the body was.
    return None if not body or "helicone_message" in body else body


FORMAT = Format(
    name="helicone",
    side="gateway",
    tables=("attempts",),
    containers=("json", "csv", "parquet"),
    summary="Helicone: export tool (JSON lines, CSV) and ClickHouse rows of request_response_rmt",
    verified="unverified",
    read=read,
    shows=("cache classes", "request text", "answer text", "response id", "cost"),
    columns=("request_created_at", "prompt_tokens", "completion_tokens"),
    version=version,
    request_body=request_body,
    answer=response_body,
)
