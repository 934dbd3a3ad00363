"""`litellm_spend_logs`: rows of LiteLLM's `LiteLLM_SpendLogs` table as JSON lines.

Where it comes from: an export of the proxy's Postgres table (fields of litellm 1.109.1). One record
is one logical request: retries appear only as a count, except billed retries, which newer versions
write as rows of their own (`<id>-attempt-<n>`). JSON columns may be objects or JSON text.
Token convention: OpenAI's for every provider (`prompt_tokens` includes cached). Times are naive UTC.
`spend` may contain margin and discount: it is kept as the gateway's figure, never used as a price.
Join key: `request_id` is the provider's response id where there is one; suffixes are stripped.
"""

import re
from collections.abc import Iterator

from tickmark import providers
from tickmark.errors import RecordRejected
from tickmark.formats import Format, JsonObject, child, count, instant, optional_text, text
from tickmark.gateways._lines import fill, json_object, json_value, usd
from tickmark.gateways._usage import served_tier, token_fields
from tickmark.records import Attempt, Row

OPERATIONS = {
    "completion": "chat",
    "acompletion": "chat",
    "embedding": "embeddings",
    "aembedding": "embeddings",
    "responses": "responses",
    "aresponses": "responses",
    "anthropic_messages": "messages",
}
_HTTP_STATUS = re.compile(r"[1-9][0-9]{2}", re.ASCII)
_RETRY = re.compile(r"-attempt-([0-9]{1,4})$", re.ASCII)
_SUFFIX = re.compile(r"(_cache_hit[0-9.]+|_batch_cost|_background_cost|-attempt-[0-9]+)$", re.ASCII)


def read(record: JsonObject) -> Iterator[Row]:
    """One logical request, or one billed retry."""
    key = text(record, "request_id")
    metadata, response = json_object(record, "metadata"), json_object(record, "response")
    failed = _status(record) == "failure"
    retry = _RETRY.search(key)
    attempt = Attempt(
        record_key=key,
        provider=_provider(record),
        operation=_operation(record),
        started_at=instant(record, "startTime", naive_is_utc=True),
        ended_at=instant(record, "endTime", naive_is_utc=True) if record.get("endTime") else None,
        request_id=optional_text(record, "litellm_call_id") or _SUFFIX.sub("", key),
        attempt_number=int(retry[1]) if retry else None,
        retries_collapsed=count(metadata, "attempted_retries"),
        attempt_grain="attempt" if retry else "request_collapsed",
        request_model=optional_text(record, "model_group"),
        response_model=None if failed else optional_text(response, "model") or optional_text(record, "model"),
        provider_response_id=None if failed else _SUFFIX.sub("", key),
        http_status=None,
        team=optional_text(record, "team_id"),
        workload=_workload(record),
        credential_id=optional_text(record, "api_key"),
        cost_usd_gateway=usd(record, "spend"),
    )
    if failed:
        _fail(attempt, metadata)
    elif str(record.get("cache_hit")).lower() == "true":
        attempt.outcome, attempt.billable_expected = "gateway_cache_hit", False
    else:
        _bill(attempt, record, metadata, response)
    yield attempt


def _status(record: JsonObject) -> str:
    status = optional_text(record, "status") or "success"
    if status not in ("success", "failure"):
        raise RecordRejected("E-FIELD-VALUE", "status", "success or failure", status)
    return status


def _provider(record: JsonObject) -> str:
    served = providers.by_url(optional_text(record, "api_base") or "")
    return served or providers.by_name(text(record, "custom_llm_provider"))


def _operation(record: JsonObject) -> str:
    call = text(record, "call_type")
    if call not in OPERATIONS:
        raise RecordRejected("E-OPERATION", "call_type", f"one of {', '.join(OPERATIONS)}", call)
    return OPERATIONS[call]


def _workload(record: JsonObject) -> str | None:
    tags = json_value(record, "request_tags")
    return str(tags[0]) if isinstance(tags, list) and tags else None


def _fail(attempt: Attempt, metadata: JsonObject) -> None:
    error = child(metadata, "error_information")
    code = optional_text(error, "error_code") or ""
    attempt.http_status = int(code) if _HTTP_STATUS.fullmatch(code) else None
    attempt.error_type = optional_text(error, "error_class")
    # A failure that the provider answered costs nothing; one without an answer may have been billed.
    attempt.outcome = "timeout" if attempt.http_status is None else "provider_error"
    attempt.billable_expected = None if attempt.http_status is None else False


def _bill(attempt: Attempt, record: JsonObject, metadata: JsonObject, response: JsonObject) -> None:
    usage = child(metadata, "usage_object") or child(response, "usage")
    if not usage and count(record, "total_tokens"):
        usage = {field: record.get(field) for field in ("prompt_tokens", "completion_tokens")}
        attempt.usage_origin = "gateway_estimated"
    if usage:
        estimated = attempt.usage_origin
        fill(attempt, token_fields(usage))
        if estimated == "gateway_estimated":
            attempt.usage_origin = estimated
    attempt.service_tier = served_tier(response, usage)


def request_body(record: JsonObject) -> JsonObject | None:
    """The request the proxy sent, where `store_prompts_in_spend_logs` kept it."""
    return json_object(record, "proxy_server_request") or None


def answer(record: JsonObject) -> JsonObject | None:
    """The answer in OpenAI's shape, where `store_prompts_in_spend_logs` kept it."""
    return json_object(record, "response") or None


FORMAT = Format(
    name="litellm_spend_logs",
    side="gateway",
    tables=("attempts",),
    containers=("jsonl",),
    summary="LiteLLM proxy, table LiteLLM_SpendLogs exported as JSON lines",
    verified="real file",
    read=read,
    request_body=request_body,
    answer=answer,
)
