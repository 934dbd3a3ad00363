"""What LiteLLM's two logs have in common: call types, providers, failures, usage, stored text.

Lives here: the meaning of one logged call, whichever log it stands in. Does not live here: where each log
keeps a field (litellm_spend_logs, litellm_standard_logging).

Read from the source of litellm 1.109.1.
"""

import re

from tickmark import providers
from tickmark.errors import RecordRejected
from tickmark.formats import JsonObject, child, count, optional_text, text
from tickmark.gateways._usage import fill, served_tier, token_fields
from tickmark.records import Attempt

OPERATIONS = {
    "completion": "chat",
    "text_completion": "completions",
    "embedding": "embeddings",
    "responses": "responses",
    "anthropic_messages": "messages",
    "generate_content": "generate_content",
    "generate_content_stream": "generate_content",
}
"""Calls that tokens pay for; asynchronous ones have an `a` before their name."""
_SETTLING = {"retrieve_batch": "batch", "get_responses": "responses"}
"""Reads that carry the tokens of a batch or of a background response once it is done."""
_NOT_USAGE = frozenset(
    {
        "moderation",
        "create_batch",
        "cancel_batch",
        "create_file",
        "file_retrieve",
        "file_delete",
        "file_list",
        "file_content",
        "get_fine_tuning_job",
        "retrieve_fine_tuning_job",
        "list_fine_tuning_jobs",
        "cancel_fine_tuning_job",
        "delete_responses",
        "cancel_responses",
        "list_input_items",
        "call_mcp_tool",
        "list_mcp_tools",
        "get_assistants",
        "create_assistants",
        "delete_assistant",
        "create_thread",
        "get_thread",
        "add_message",
        "a_add_message",
        "get_messages",
        "vector_store_create",
        "vector_store_retrieve",
        "vector_store_list",
        "vector_store_update",
        "vector_store_delete",
        "vector_store_file_create",
        "vector_store_file_list",
        "vector_store_file_retrieve",
        "vector_store_file_content",
        "vector_store_file_update",
        "vector_store_file_delete",
        "list_containers",
        "retrieve_container",
        "delete_container",
        "list_container_files",
    }
)
"""Calls that manage objects, ask LiteLLM's own tools, or are free; none of them uses tokens."""
SUFFIX = re.compile(r"(_cache_hit[0-9.]+|_batch_cost|_background_cost|-attempt-[0-9]+)$", re.ASCII)
_HTTP_STATUS = re.compile(r"[1-9][0-9]{2}", re.ASCII)
_CLIENT_LEFT = "499"
_BLOCKED = ("BudgetExceededError", "RouterRateLimitError", "ProxyModelNotFoundError")
_NO_ANSWER = ("Timeout", "APITimeoutError", "APIConnectionError")
_ALTERED = ("litellm_truncated", "redacted-by-litellm")


def operation(record: JsonObject) -> str | None:
    """What the call does, None where it uses no tokens; raise RecordRejected for what no rule knows."""
    if _reached_nobody(record):
        return None
    call = text(record, "call_type")
    for name in (call, call.removeprefix("a")):
        if name in OPERATIONS:
            return OPERATIONS[name]
        if name in _SETTLING:
            return _SETTLING[name] if count(record, "total_tokens") else None
        if name in _NOT_USAGE:
            return None
    raise RecordRejected("E-OPERATION", "call_type", f"one of {', '.join(OPERATIONS)}", call)


def _reached_nobody(record: JsonObject) -> bool:
    """LiteLLM refused the call (its key, its model) before it chose a provider."""
    chosen = optional_text(record, "custom_llm_provider") or optional_text(record, "api_base")
    return chosen is None and has_failed(record) and not count(record, "total_tokens")


def provider(record: JsonObject) -> str:
    """Who served the call: by its host, else by LiteLLM's name."""
    served = providers.by_url(optional_text(record, "api_base") or "")
    return served or providers.by_name(text(record, "custom_llm_provider"))


def has_failed(record: JsonObject) -> bool:
    """What the log says of the call's end."""
    status = optional_text(record, "status") or "success"
    if status not in ("success", "failure"):
        raise RecordRejected("E-FIELD-VALUE", "status", "success or failure", status)
    return status == "failure"


def first_tag(tags: object) -> str | None:
    """The workload: the first of a call's tags."""
    return str(tags[0]) if isinstance(tags, list) and tags else None


def settle(
    attempt: Attempt,
    record: JsonObject,
    metadata: JsonObject,
    response: JsonObject,
    error: JsonObject,
    *,
    failed: bool,
    cached: bool,
    billed_retry: bool,
) -> None:
    """Outcome, tokens, model and tier of a call."""
    _say_error(attempt, error)
    left = error.get("error_code") == _CLIENT_LEFT or attempt.error_type == "ClientDisconnected"
    usage: JsonObject = {}
    if cached:
        attempt.outcome, attempt.billable_expected = "gateway_cache_hit", False
    else:
        usage, estimated = _usage(record, metadata, response, billed_retry=billed_retry)
        _count(attempt, usage, estimated=estimated or failed or left)
        if left or failed:
            _fail(attempt, error, left=left, used=bool(usage))
    if usage or not failed:
        attempt.response_model = _model(record, metadata, response, attempt.operation)
        attempt.service_tier = served_tier(response, usage)
    if attempt.operation == "batch":
        attempt.service_tier = "batch"


def _say_error(attempt: Attempt, error: JsonObject) -> None:
    code = optional_text(error, "error_code") or ""
    attempt.error_type = optional_text(error, "error_class")
    # 499, and the status of a timeout, are LiteLLM's own words: the provider answered nothing of the kind.
    if _HTTP_STATUS.fullmatch(code) and code != _CLIENT_LEFT and attempt.error_type not in _NO_ANSWER:
        attempt.http_status = int(code)


def _fail(attempt: Attempt, error: JsonObject, *, left: bool, used: bool) -> None:
    """Tokens of a broken call were made and are billed; without them, what the provider answered decides."""
    by_litellm = (optional_text(error, "error_rate_limit_category") or "").startswith("litellm_")
    if left:
        attempt.outcome = "client_abort"
    elif by_litellm or attempt.error_type in _BLOCKED:
        attempt.outcome = "blocked"
    elif attempt.error_type in _NO_ANSWER or not (attempt.error_type or attempt.http_status):
        attempt.outcome = "timeout"
    else:
        attempt.outcome = "provider_error"
    free = attempt.outcome == "blocked" or attempt.http_status is not None
    attempt.billable_expected = True if used else False if free else None


def _usage(
    record: JsonObject, metadata: JsonObject, response: JsonObject, *, billed_retry: bool
) -> tuple[JsonObject, bool]:
    """The usage block, and whether it is LiteLLM's estimate; empty where only zeros stand for it."""
    if not billed_retry:
        for usage in (child(metadata, "usage_object"), child(response, "usage")):
            if _is_used(usage):
                return usage, False
    # The usage object of a billed retry is that of the last attempt; its own tokens are in the columns.
    tokens = {field: record.get(field) for field in ("prompt_tokens", "completion_tokens")}
    usage = {**child(metadata, "additional_usage_values"), **tokens} if billed_retry else tokens
    return (usage, True) if _is_used(usage) else ({}, False)


def _is_used(usage: JsonObject) -> bool:
    fields = ("prompt_tokens", "completion_tokens", "input_tokens", "output_tokens")
    return any(usage.get(field) for field in fields)


def _count(attempt: Attempt, usage: JsonObject, *, estimated: bool) -> None:
    if not usage:
        return
    fill(attempt, token_fields(usage))
    if estimated:
        attempt.usage_origin = "gateway_estimated"


def _model(record: JsonObject, metadata: JsonObject, response: JsonObject, operation: str) -> str | None:
    if operation == "batch":
        models = metadata.get("batch_models")
        (only,) = models if isinstance(models, list) and len(models) == 1 else (None,)
        return only if isinstance(only, str) else None
    return optional_text(response, "model") or optional_text(record, "model")


def unaltered(stored: JsonObject) -> JsonObject | None:
    """A stored body as it was, or None where it is empty, or LiteLLM cut or redacted a text in it."""
    return None if not stored or _is_altered(stored) else stored


def _is_altered(value: object) -> bool:
    if isinstance(value, str):
        return any(mark in value for mark in _ALTERED)
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(map(_is_altered, inner))
