"""Spans of model calls → attempts: one mechanism for every convention.

Lives here: which span is a call, what its attributes say of it, how its end is read. Does not live here:
the encoding (_otlp), names (_conventions and a module per convention), usage blocks (_usage).

One span is one call of a client library: the retries below it are HTTP spans of their own and say nothing
of tokens, so every attempt is `request_collapsed`. A library that wraps another records the same call
twice: both spans carry the response id of one trace, which is the key, and the one that began last (the
inner) wins.
"""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TypeGuard

from tickmark import months, providers
from tickmark.errors import RecordRejected
from tickmark.formats import Json, JsonObject, child, count, epoch, objects, optional_text, text
from tickmark.gateways import _otlp
from tickmark.gateways._conventions import DETAILS, Call, Convention, decode
from tickmark.gateways._usage import fill, has_counts, served_tier, token_fields, unclassify
from tickmark.records import Attempt, Row

NANOSECONDS = 10**9
WRAPS = "(above a call)"
_API_OF_PROVIDER = re.compile(r"[.](chat|completion|responses|embedding|messages|generative-ai)$", re.ASCII)
_SAID_STATUS = re.compile(r"Error code: ([1-5][0-9]{2})\b", re.ASCII)
_STATUS = re.compile(r"[1-5][0-9]{2}", re.ASCII)
_TIMED_OUT, _LEFT = ("timeout", "timedout", "timed_out"), ("cancel", "generatorexit", "clientdisconnect")
_CLOUDS = {"aws": "aws.bedrock"}
"""What a convention names by its cloud."""
_OWN_NAMES = {
    "anthropic": {"chat": "messages"},
    "gcp.gemini": {"chat": "generate_content"},
    "gcp.vertex_ai": {"chat": "generate_content"},
}
"""What a provider calls its chat."""


def read(call: Call, answer: JsonObject | None = None) -> Iterator[Row]:
    """One call; nothing for another span. `answer` is the provider's own response where the span holds it."""
    record, names, answer = call.record, call.convention, answer or {}
    operation = _operation(call)
    response_id = optional_text(answer, "id") or call.text(names.response_id)
    # Without an id of its own, a span above another call of its trace is the library that wraps it.
    if operation is None or (record.get(WRAPS) and response_id is None):
        return
    provider = _provider(call)
    started, ended = _times(record)
    trace = optional_text(record, "traceId")
    attempt = Attempt(
        record_key=f"{trace or ''}:{response_id or text(record, 'spanId')}",
        provider=provider,
        operation=_own_name(provider, operation, call, response_id),
        started_at=started,
        ended_at=ended,
        request_id=trace,
        attempt_grain="request_collapsed",
        request_model=call.text(names.request_model),
        response_model=optional_text(answer, "model") or call.text(names.response_model),
        provider_response_id=response_id,
        streamed=next((found for name in names.streamed if (found := call.flag(name)) is not None), None),
        service_tier=_tier(call, answer),
        cost_usd_gateway=call.cost(names.cost),
        team=call.text(names.team),
        workload=call.text(names.workload),
    )
    _count(attempt, call, child(answer, "usage"))
    _end(attempt, call)
    yield attempt


def version(record: JsonObject) -> int:
    """The inner of two spans began last; an event that repeats a span knows less of it."""
    return 0 if _is_event(record) else months.microseconds(_times(record)[0])


def unfolding(convention: Convention) -> Callable[[Json], Iterator[tuple[str, Json]]]:
    """How exports are cut: every span and log record; `WRAPS` marks spans above a model call."""

    def unfold(value: Json) -> Iterator[tuple[str, Json]]:
        found = list(_otlp.unfold(value))
        wrapping = _wrapping([record for _, record in found if _is_span(record)], convention)
        for place, record in found:
            if _is_span(record) and _id(record, "spanId") in wrapping:
                yield place, {**record, WRAPS: True}
            else:
                yield place, record

    return unfold


def _wrapping(spans: list[JsonObject], convention: Convention) -> set[str]:
    """Ids of the spans above a model call."""
    parents = {_id(span, "spanId"): _id(span, "parentSpanId") for span in spans if span.get("spanId")}
    wrapping: set[str] = set()
    for span in spans:
        above = _id(span, "parentSpanId")
        if above in parents and above not in wrapping and _is_call(span, convention):
            while above in parents and above not in wrapping:
                wrapping.add(above)
                above = parents[above]
    return wrapping


def _id(span: JsonObject, field: str) -> str:
    found = span.get(field)
    return found if isinstance(found, str) else ""


def _is_call(record: JsonObject, convention: Convention) -> bool:
    try:
        return _operation(decode(record, convention)) is not None
    except RecordRejected:
        return False


def _is_span(record: Json) -> TypeGuard[dict[str, Json]]:
    return isinstance(record, dict) and not _is_event(record)


def _is_event(record: JsonObject) -> bool:
    return record.get("signal") == "logRecords"


def _times(record: JsonObject) -> tuple[datetime, datetime | None]:
    if _is_event(record):
        told = "timeUnixNano" if record.get("timeUnixNano") not in (None, "0", 0) else "observedTimeUnixNano"
        return epoch(record, told, NANOSECONDS), None
    started = epoch(record, "startTimeUnixNano", NANOSECONDS)
    ended = epoch(record, "endTimeUnixNano", NANOSECONDS) if record.get("endTimeUnixNano") else None
    return started, ended


def _operation(call: Call) -> str | None:
    """What the span does, None where it is no call; raise RecordRejected for what no rule knows."""
    names, record = call.convention, call.record
    if _is_event(record):
        event = optional_text(record, "eventName") or optional_text(call.attributes, "event.name")
        if event != DETAILS:
            return None
    elif "signal" not in record:
        raise RecordRejected("E-FIELD-MISSING", "resourceSpans", "an export of spans or log records", None)
    kind = _kind(call)
    if kind is None or (kind == "" and not any(name in call.attributes for name in names.calls)):
        return None
    word = (optional_text(record, "name") or "").partition(" ")[0].rpartition(".")[2]
    if not (found := names.span_names.get(word, kind)):
        raise RecordRejected("E-OPERATION", "name", "the name of a call that tokens of text pay for", word)
    return found


def _kind(call: Call) -> str | None:
    """What an attribute says that the span does: None where that is no call, '' where none says it."""
    for attribute, kinds in call.convention.kinds:
        if (kind := optional_text(call.attributes, attribute)) is not None:
            if kind not in kinds:
                raise RecordRejected("E-OPERATION", attribute, f"one of {', '.join(kinds)}", kind)
            return kinds[kind]
    return ""


def _own_name(provider: str, operation: str, call: Call, response_id: str | None) -> str:
    """The operation by the provider's own interface: conventions call every conversation `chat`."""
    said = call.text(("openai.api.type", *call.convention.provider)) or ""
    if operation == "chat" and (said.endswith("responses") or (response_id or "").startswith("resp_")):
        return "responses"
    return _OWN_NAMES.get(provider, {}).get(operation, operation)


def _provider(call: Call) -> str:
    """By the host that was called, else by the convention's name; `unknown` meets no price and no bill."""
    for name in ("server.address", "gen_ai.openai.api_base", "url.full"):
        host = optional_text(call.attributes, name) or ""
        if served := providers.by_url(host) or providers.by_host(host):
            return served
    said = _API_OF_PROVIDER.sub("", call.text(call.convention.provider) or "unknown")
    return providers.by_name(_CLOUDS.get(said, said))


def _tier(call: Call, answer: JsonObject) -> str:
    return served_tier(answer, {"service_tier": call.text(call.convention.tier), **child(answer, "usage")})


def _count(attempt: Attempt, call: Call, usage: JsonObject) -> None:
    """The provider's own block, else the convention's counts: cached inside input, reasoning in output."""
    names = call.convention
    if has_counts(usage):
        fill(attempt, token_fields(usage))
        return
    total, output = call.count(names.input_tokens), call.count(names.output_tokens)
    if not total and not output:
        return
    if total is None:
        attempt.tokens_output, attempt.usage_origin = output, "provider_reported"
        return
    read, written = call.count(names.cache_read), call.count(names.cache_write)
    hour = call.count(names.cache_write_1h) or 0
    if (read or 0) + (written or 0) > total or hour > (written or 0):
        raise RecordRejected(
            "E-USAGE-PARTS",
            names.input_tokens[0],
            "cached tokens inside the input tokens",
            {**call.attributes},
        )
    block = _block(call, total, output, read or 0, written or 0, hour, attempt.provider)
    fill(attempt, token_fields(block))
    if read is None and written is None:
        # Some libraries leave cached tokens out, others write 0: what is missing is not 0.
        unclassify(attempt)


def _block(
    call: Call, total: int, output: int | None, read: int, written: int, hour: int, provider: str
) -> JsonObject:
    """The convention's counts as a usage block in OpenAI's shape, with Anthropic's writes beside it."""
    details: dict[str, Json] = {"cached_tokens": read}
    beside: dict[str, Json] = {}
    if provider in ("openai", "azure"):
        details["cache_write_tokens"] = written
    elif written:
        lives: Json = {"ephemeral_5m_input_tokens": written - hour, "ephemeral_1h_input_tokens": hour}
        details["cache_creation_token_details"] = lives
        beside["cache_creation_input_tokens"] = written
    return {
        "prompt_tokens": total,
        "completion_tokens": output,
        "prompt_tokens_details": details,
        "completion_tokens_details": {"reasoning_tokens": call.count(call.convention.reasoning)},
        **beside,
    }


def _end(attempt: Attempt, call: Call) -> None:
    """How the call ended: error.type, the span's status, the exception it recorded."""
    status = child(call.record, "status")
    raised = next((e for e in objects(call.record, "events") if e.get("name") == "exception"), {})
    said = _otlp.attributes(raised)
    kind = optional_text(call.attributes, "error.type") or optional_text(said, "exception.type")
    attempt.http_status = _http_status(call, kind, (status.get("message"), said.get("exception.message")))
    if kind is None and status.get("code") not in (2, "STATUS_CODE_ERROR"):
        return
    attempt.error_type = kind
    word = (kind or "").lower()
    used = attempt.usage_origin != "missing"
    if any(mark in word for mark in _TIMED_OUT):
        attempt.outcome, attempt.billable_expected = "timeout", None
    elif any(mark in word for mark in _LEFT):
        attempt.outcome, attempt.billable_expected = "client_abort", True if used else None
    else:
        attempt.outcome = "provider_error"
        attempt.billable_expected = True if used else False if attempt.http_status else None


def _http_status(call: Call, kind: str | None, messages: tuple[Json, ...]) -> int | None:
    """The provider's status: an attribute, an error type in digits, or the words of the SDKs' exceptions."""
    for name in ("http.response.status_code", "http.status_code"):
        if (status := count(call.attributes, name)) is not None:
            return status
    if kind is not None and _STATUS.fullmatch(kind):
        return int(kind)
    found = (_SAID_STATUS.search(message) for message in messages if isinstance(message, str))
    return next((int(match[1]) for match in found if match), None)
