"""`envoy_ai_gateway`: JSON access log of Envoy AI Gateway.

Where it comes from: Envoy's access log with the documented JSON format (one object per line), with or without
the collector's file name. Names are the operator's: keep `gen_ai.*` as documented and the costs of
`llmRequestCosts` under gen_ai.usage.input_tokens, .output_tokens, .reasoning_tokens and, for cache classes,
.cache_read.input_tokens (or .cached_input_tokens) and .cache_creation.input_tokens.
One record is one downstream request: retries hide inside it; `x-envoy-attempt-count` or
`upstream_request_attempt_count`, if logged, counts them. Lines without `gen_ai.*` values are no usage.
Token convention: inclusive, cached tokens inside input, if a cached count is logged; else the
input has no class. No usage is missing, "-" is absent.
Outcome: by `response_code` and `response_flags`: DC the caller went away, UT, DT and SI timed out, RL, RLSE
and UAEX were stopped by the gateway; NR, UH, UF, UO and LH never reached a provider.
Provider: by `:authority` or `upstream_host` where it names a known host; else the backend's name as written
in gen_ai.provider.name (`namespace/name/...`), so call backends by their provider.
Zone: `start_time` carries it. Key: `x-request-id`; there is no response id of the provider and no cost.
Source: envoyproxy/ai-gateway, docs and examples (2026-08). Checked against its documented log entry.
"""

from collections.abc import Iterator

from tickmark import providers
from tickmark.errors import RecordRejected
from tickmark.formats import Format, JsonObject, instant, optional_text
from tickmark.gateways._lines import (
    Counts,
    after,
    content_key,
    first_of,
    http_status,
    operation,
    plain_count,
    settle,
    token_columns,
)
from tickmark.gateways._usage import TokenFields, fill
from tickmark.records import Attempt, Row

USAGE = "gen_ai.usage."
PATH_FIELDS = ("x-envoy-origin-path", "request.path", "path", ":path")
ATTEMPTS = ("x-envoy-attempt-count", "upstream_request_attempt_count")
CACHE_READ = (f"{USAGE}cache_read.input_tokens", f"{USAGE}cached_input_tokens")
CACHE_WRITE = (f"{USAGE}cache_creation.input_tokens", f"{USAGE}cache_creation_input_tokens")
FLAGS: dict[str, tuple[str, bool | None]] = {
    "DC": ("client_abort", None),
    **dict.fromkeys(("UT", "DT", "SI"), ("timeout", None)),
    **dict.fromkeys(("RL", "RLSE", "UAEX"), ("blocked", False)),
    **dict.fromkeys(("NR", "UH", "UF", "UO", "LH"), ("provider_error", False)),
    **dict.fromkeys(("UC", "UR", "LR"), ("provider_error", None)),
}


def read(line: JsonObject) -> Iterator[Row]:
    """One downstream request, where it is about a model."""
    record = {field: value for field, value in line.items() if value not in ("-", "")}
    if not any(field.startswith("gen_ai.") and value is not None for field, value in record.items()):
        return
    started, path = instant(record, "start_time"), first_of(record, *PATH_FIELDS)
    tries = plain_count(record, first_of(record, *ATTEMPTS))
    sent = first_of(record, "gen_ai.request.model_override", "gen_ai.request.model")
    attempt = Attempt(
        record_key=optional_text(record, "x-request-id") or content_key(line),
        provider=_provider(record),
        operation=operation(optional_text(record, path) or "", path),
        started_at=started,
        ended_at=after(started, record, "duration"),
        request_id=optional_text(record, "x-request-id"),
        retries_collapsed=tries - 1 if tries else None,
        attempt_grain="request_collapsed",
        request_model=optional_text(record, sent),
        response_model=optional_text(record, "gen_ai.response.model"),
        workload=optional_text(record, "route_name"),
    )
    fill(attempt, _usage(record, attempt.provider))
    _settle(attempt, record)
    yield attempt


def _provider(record: JsonObject) -> str:
    for field in (":authority", "upstream_host"):
        host = (optional_text(record, field) or "").rpartition(":")[0] or optional_text(record, field)
        if host and (served := providers.by_host(host)):
            return served
    backend = (optional_text(record, "gen_ai.provider.name") or providers.UNKNOWN).split("/")
    named = next(filter(None, map(providers.known, backend)), None)
    return named or providers.by_name(backend[1] if len(backend) > 1 else backend[0])


def _usage(record: JsonObject, provider: str) -> TokenFields:
    read, written = first_of(record, *CACHE_READ), first_of(record, *CACHE_WRITE)
    counts = Counts(
        input=plain_count(record, f"{USAGE}input_tokens"),
        output=plain_count(record, f"{USAGE}output_tokens"),
        cache_read=plain_count(record, read),
        cache_write=plain_count(record, written),
        reasoning=plain_count(record, f"{USAGE}reasoning_tokens"),
        cached_inside=True if read in record or written in record else None,
    )
    return token_columns(counts, provider, f"{USAGE}input_tokens")


def _settle(attempt: Attempt, record: JsonObject) -> None:
    status = http_status(record, "response_code")
    if status is None:
        raise RecordRejected("E-FIELD-MISSING", "response_code", "an HTTP status, or 0", None)
    settle(attempt, status)
    raised = (optional_text(record, "response_flags") or "").split(",")
    meant = next((FLAGS[name] for name in raised if name in FLAGS), None)
    if meant:
        attempt.outcome, attempt.billable_expected = meant
        attempt.error_type = ",".join(raised)


FORMAT = Format(
    name="envoy_ai_gateway",
    side="gateway",
    tables=("attempts",),
    containers=("json",),
    summary="Envoy AI Gateway: JSON access log",
    verified="unverified",
    read=read,
    shows=("cache classes",),
)
