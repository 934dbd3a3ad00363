"""`openinference`: OpenInference spans (Arize, Phoenix, Envoy AI Gateway) as OTLP/JSON.

Where it comes from: the collector's file exporter (one export per line) or any OTLP/JSON document.
One record is one span. Spans of kind LLM and EMBEDDING are attempts; agents, chains, tools, retrievers,
rerankers, guardrails and every other span are `not_usage`. Audio and images are quarantined by name.
Retries and wrapping libraries: as in `otlp_genai` (`tickmark formats otlp_genai`): rows are
`request_collapsed`, and of two spans of one call the inner counts.
Usage: `output.value` often holds the provider's raw response; then its id, model, tier and usage block are
read from there, with the provider's own convention. Else llm.token_count.*: cached tokens inside the
prompt, reasoning inside the completion. A stream without a usage chunk has neither: its usage is missing.
Text: `input.value` and `output.value`, where they are a provider's request and response as JSON;
frameworks' own shapes, redacted values and texts that are no JSON give none.
Provider: llm.provider, else llm.system, which names the interface (an Azure deployment may say openai);
spans of embeddings often name none: they are `unknown`, which meets no price and no bill. Requested model:
from the request, never from llm.model_name where an answer is there.
Zone: UTC, nanoseconds since 1970. llm.cost.total is USD, the library's own figure, never a price.
Verified: 43 real spans of Envoy AI Gateway's recordings (2025-08 to 2025-10) against the provider's answers
recorded with them; ids and times are not part of those recordings.
Source: openinference-semantic-conventions 0.1.42, 2026-08.
"""

from collections.abc import Iterator

from tickmark import strictjson
from tickmark.errors import RecordRejected
from tickmark.formats import Format, JsonObject, optional_text
from tickmark.gateways import _otlp, _spans
from tickmark.gateways._conventions import Convention, Kinds, decode
from tickmark.records import Attempt, Row

KINDS: Kinds = {
    "LLM": "chat",
    "EMBEDDING": "embeddings",
    **dict.fromkeys(
        (
            "AGENT",
            "CHAIN",
            "TOOL",
            "RETRIEVER",
            "RERANKER",
            "GUARDRAIL",
            "EVALUATOR",
            "PROMPT",
            "UNKNOWN",
        )
    ),
}
CONVENTION = Convention(
    kinds=(("openinference.span.kind", KINDS),),
    calls=(),
    span_names={
        "Completion": "completions",
        "Response": "responses",
        **dict.fromkeys(("Transcription", "Translation", "Speech", "ImagesResponse")),
    },
    provider=("llm.provider", "llm.system"),
    request_model=("llm.request.model_name",),
    response_model=("llm.response.model_name", "llm.model_name", "embedding.model_name"),
    input_tokens=("llm.token_count.prompt",),
    output_tokens=("llm.token_count.completion",),
    cache_read=("llm.token_count.prompt_details.cache_read",),
    cache_write=("llm.token_count.prompt_details.cache_write",),
    reasoning=("llm.token_count.completion_details.reasoning",),
    cost=("llm.cost.total",),
    workload=("openinference.project.name", "service.name"),
)
_REDACTED = "__REDACTED__"
_ASKED = ("messages", "input", "prompt", "contents")
_ANSWERED = ("choices", "output", "content", "data", "candidates", "usage")


def read(record: JsonObject) -> Iterator[Row]:
    """One model call; nothing for other spans."""
    call = decode(record, CONVENTION)
    asked, answered = _asked(call.attributes), _answered(call.attributes)
    for row in _spans.read(call, answered):
        if isinstance(row, Attempt) and asked is not None:
            row.request_model = row.request_model or optional_text(asked, "model")
            row.streamed = asked.get("stream") is True
        yield row


def _asked(attributes: _otlp.Attributes) -> JsonObject | None:
    body = _body(attributes, "input")
    if body is None or not isinstance(body.get("model"), str) or not any(field in body for field in _ASKED):
        return None
    messages = body.get("messages", [])
    is_own = isinstance(messages, list) and all(isinstance(message, dict) for message in messages)
    return body if is_own else None


def _answered(attributes: _otlp.Attributes) -> JsonObject | None:
    body = _body(attributes, "output")
    if (
        body is None
        or not isinstance(body.get("model"), str)
        or not any(field in body for field in _ANSWERED)
    ):
        return None
    return body


def _body(attributes: _otlp.Attributes, side: str) -> JsonObject | None:
    """The JSON object in `input.value` or `output.value`, or None where it is something else or redacted."""
    value = attributes.get(f"{side}.value")
    if not isinstance(value, str) or not value.startswith("{") or _REDACTED in value:
        return None
    try:
        body = strictjson.loads(value)
    except RecordRejected:
        return None
    return body if isinstance(body, dict) else None


def request_body(record: JsonObject) -> JsonObject | None:
    """The request in the provider's shape, where the span holds it whole."""
    return _asked(_otlp.attributes(record))


def answer(record: JsonObject) -> JsonObject | None:
    """The answer in the provider's shape, where the span holds it whole."""
    return _answered(_otlp.attributes(record))


FORMAT = Format(
    name="openinference",
    side="gateway",
    tables=("attempts",),
    containers=("json",),
    summary="OpenInference spans as OTLP/JSON (Phoenix, Arize, Envoy AI Gateway)",
    verified="real file",
    read=read,
    unfold=_spans.unfolding(CONVENTION),
    version=_spans.version,
    shows=("cache classes", "request text", "answer text", "tier", "response id"),
    request_body=request_body,
    answer=answer,
)
