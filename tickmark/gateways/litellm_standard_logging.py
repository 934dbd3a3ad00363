"""`litellm_standard_logging`: LiteLLM's StandardLoggingPayload objects, as its callbacks write them.

Where it comes from: the S3, GCS, Azure Blob or webhook callback: one object per file, JSON lines per
flush, or a JSON array of them. One record is one logical request, failures included; its retries do not
appear. `trace_id` is shared by what one caller's request needed (fallbacks). Fields and their meaning are
those of the table `LiteLLM_SpendLogs` (`tickmark formats litellm_spend_logs`): which calls count, what
failures cost, cached tokens inside `prompt_tokens`, zeros that mean: not reported.
Differences: times are Unix seconds with a fraction (older ones naive UTC text), `response_cost` is the
cost, the key and the team stand in `metadata`, `stream` says whether the answer was streamed, a cache hit
repeats the id of the answer it repeats and so counts as a request of its own only by `litellm_call_id`.
Text: `messages` and `model_parameters` of a chat completion are its request, where nothing was redacted;
other calls lose parts of theirs and give none. `response` is the answer in OpenAI's shape.
Join key: `id` is the provider's response id where there is one; LiteLLM makes one up for Bedrock Converse.
Verified: one real Bedrock call and LiteLLM's own recording of an OpenAI stream; fields from litellm
1.109.1.
"""

from collections.abc import Iterator
from datetime import datetime

from tickmark.formats import Format, JsonObject, child, epoch, instant, optional_text, text
from tickmark.gateways import _litellm
from tickmark.gateways._lines import usd
from tickmark.records import Attempt, Row


def read(record: JsonObject) -> Iterator[Row]:
    """One logical request; nothing for a call that uses no tokens."""
    answer_id = text(record, "id")
    operation = _litellm.operation(record)
    if operation is None:
        return
    metadata, error = child(record, "metadata"), child(record, "error_information")
    failed, cached = _litellm.has_failed(record), record.get("cache_hit") is True
    call = optional_text(record, "litellm_call_id")
    attempt = Attempt(
        record_key=f"{answer_id}_cache_hit:{call}" if cached and call else answer_id,
        provider=_litellm.provider(record),
        operation=operation,
        started_at=_time(record, "startTime"),
        ended_at=_time(record, "endTime") if record.get("endTime") else None,
        request_id=optional_text(record, "trace_id") or call or answer_id,
        attempt_grain="request_collapsed",
        request_model=optional_text(record, "model_group"),
        provider_response_id=None if failed else _litellm.SUFFIX.sub("", answer_id),
        streamed=_flag(record, "stream"),
        team=optional_text(metadata, "user_api_key_team_id"),
        workload=_litellm.first_tag(record.get("request_tags")),
        credential_id=optional_text(metadata, "user_api_key_hash"),
        cost_usd_gateway=usd(record, "response_cost"),
    )
    _litellm.settle(
        attempt, record, metadata, _response(record), error, failed=failed, cached=cached, billed_retry=False
    )
    yield attempt


def _time(record: JsonObject, field: str) -> datetime:
    if isinstance(record.get(field), str):
        return instant(record, field, naive_is_utc=True)
    return epoch(record, field, per_second=1)


def _flag(record: JsonObject, field: str) -> bool | None:
    value = record.get(field)
    return value if isinstance(value, bool) else None


def _response(record: JsonObject) -> JsonObject:
    """The answer; redacted ones and those of some calls are text."""
    response = record.get("response")
    return response if isinstance(response, dict) else {}


def request_body(record: JsonObject) -> JsonObject | None:
    """The chat completion that was asked for: the only call whose text is logged whole."""
    messages = record.get("messages")
    if _litellm.operation(record) != "chat" or not isinstance(messages, list):
        return None
    model = optional_text(record, "model")
    return _litellm.unaltered({**child(record, "model_parameters"), "model": model, "messages": messages})


def answer(record: JsonObject) -> JsonObject | None:
    """The answer in OpenAI's shape, where it was not redacted."""
    return _litellm.unaltered(_response(record))


FORMAT = Format(
    name="litellm_standard_logging",
    side="gateway",
    tables=("attempts",),
    containers=("json",),
    summary="LiteLLM callbacks to object storage: StandardLoggingPayload, one per file or line",
    verified="real file",
    read=read,
    shows=("cache classes", "request text", "answer text", "tier", "response id", "cost"),
    request_body=request_body,
    answer=answer,
)
