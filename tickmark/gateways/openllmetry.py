"""`openllmetry`: spans of OpenLLMetry (Traceloop) as OTLP/JSON.

Where it comes from: the collector's file exporter (one export per line) or any OTLP/JSON document, from the
opentelemetry-instrumentation-* packages of Traceloop, versions 0.1 to 0.62.
One record is one span. A span with gen_ai.operation.name or llm.request.type of a chat, a completion or an
embedding is an attempt; workflows, tasks, agents and tools (traceloop.span.kind), and every other span, are
`not_usage`. Reranking is quarantined by name.
Retries and wrapping libraries: as in `otlp_genai` (`tickmark formats otlp_genai`): rows are
`request_collapsed`, and of two spans of one call (LangChain's and the client's) the inner counts.
Token convention: cached tokens inside the input, for Anthropic too; gen_ai.usage.* or the older
prompt_tokens and completion_tokens. llm.usage.total_tokens alone says nothing of the classes: usage is
missing then.
Zeros for input and output mean: not reported. Streams without a usage chunk may carry the library's own
count.
Team and workload: service.namespace of the resource; traceloop.workflow.name, else service.name.
Zone: UTC, nanoseconds since 1970. No currency.
Text: gen_ai.input.messages (0.5 and later) of a chat through OpenAI's client, where every message is one
text and no tools and no schema are recorded: with content on, the library records these beside the
messages. Older flattened messages (gen_ai.prompt.N) and other clients give none.
Verified: spans that opentelemetry-instrumentation-openai and -anthropic 0.62.4 wrote for calls to a
stand-in server (their own spans, encoded by opentelemetry-exporter-otlp-proto-common 1.45, ids in hex);
older names from the source of opentelemetry-semantic-conventions-ai 0.5.1.
"""

from collections.abc import Iterator

from tickmark import strictjson
from tickmark.errors import RecordRejected
from tickmark.formats import Format, Json, JsonObject, optional_text
from tickmark.gateways import _spans, otlp_genai
from tickmark.gateways._conventions import Convention, decode
from tickmark.records import Row

CONVENTION = Convention(
    kinds=(
        ("traceloop.span.kind", dict.fromkeys(("workflow", "task", "agent", "tool", "unknown"))),
        (
            "gen_ai.operation.name",
            {**otlp_genai.OPERATIONS, **dict.fromkeys(("execute_task", "vector_db_retrieve"))},
        ),
        ("llm.request.type", {"chat": "chat", "completion": "completions", "embedding": "embeddings"}),
    ),
    calls=("gen_ai.request.model",),
    span_names={**otlp_genai.SPAN_NAMES, "completion": "completions", "response": "responses"},
    provider=("gen_ai.provider.name", "gen_ai.system"),
    request_model=("gen_ai.request.model",),
    response_model=("gen_ai.response.model",),
    input_tokens=("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
    output_tokens=("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
    cache_read=("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens"),
    cache_write=(
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_write.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens",
    ),
    cache_write_1h=("anthropic.usage.cache_creation.ephemeral_1h_input_tokens",),
    reasoning=("gen_ai.usage.reasoning_tokens", "llm.usage.reasoning_tokens"),
    streamed=("gen_ai.is_streaming", "llm.is_streaming"),
    tier=(
        "openai.response.service_tier",
        "gen_ai.openai.response.service_tier",
        "anthropic.response.service_tier",
    ),
    workload=("traceloop.workflow.name", "service.name"),
)
_CLIENT = "opentelemetry.instrumentation.openai"
_BESIDE_MESSAGES = ("gen_ai.tool.definitions", "gen_ai.request.structured_output_schema")
_REASONS = "gen_ai.response.finish_reasons"
_TEXT_PART = {"type", "content"}


def read(record: JsonObject) -> Iterator[Row]:
    """One model call; nothing for other spans."""
    yield from _spans.read(decode(record, CONVENTION))


def request_body(record: JsonObject) -> JsonObject | None:
    """The chat completion that was asked for, where the span shows all of it."""
    call = decode(record, CONVENTION)
    scope = optional_text(record, "scope") or ""
    whole = scope.startswith(_CLIENT) and not any(name in call.attributes for name in _BESIDE_MESSAGES)
    messages = _texts(call.attributes.get("gen_ai.input.messages")) if whole else None
    if messages is None or record.get("name") != "openai.chat":
        return None
    return {"model": call.text(CONVENTION.request_model), "messages": messages}


def answer(record: JsonObject) -> JsonObject | None:
    """The answer to such a request, as a chat completion."""
    if request_body(record) is None:
        return None
    attributes = decode(record, CONVENTION).attributes
    said, reasons = _texts(attributes.get("gen_ai.output.messages")), attributes.get(_REASONS)
    if said is None or not isinstance(reasons, list) or len(reasons) != len(said):
        return None
    return {
        "choices": [
            {"index": index, "finish_reason": reason, "message": message}
            for index, (reason, message) in enumerate(zip(reasons, said, strict=True))
        ]
    }


def _texts(recorded: Json) -> list[Json] | None:
    """Messages of one text each, as a chat has them; None where one is anything else."""
    try:
        messages = strictjson.loads(recorded) if isinstance(recorded, str) else None
    except RecordRejected:
        return None
    if not isinstance(messages, list):
        return None
    found: list[Json] = []
    for message in messages:
        parts = message.get("parts") if isinstance(message, dict) else None
        part = parts[0] if isinstance(parts, list) and len(parts) == 1 else None
        if (
            not isinstance(message, dict)
            or not isinstance(part, dict)
            or part.keys() != _TEXT_PART
            or part["type"] != "text"
        ):
            return None
        found.append({"role": message.get("role"), "content": part["content"]})
    return found


FORMAT = Format(
    name="openllmetry",
    side="gateway",
    tables=("attempts",),
    containers=("json",),
    summary="OpenLLMetry (Traceloop) spans as OTLP/JSON",
    verified="real file",
    read=read,
    unfold=_spans.unfolding(CONVENTION),
    version=_spans.version,
    shows=("cache classes", "request text", "answer text", "tier", "response id"),
    request_body=request_body,
    answer=answer,
)
