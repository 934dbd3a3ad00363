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
Zone: UTC, nanoseconds since 1970. No currency. Text: none is rebuilt; message parts were flattened.
Verified: not against a recorded span; names from the source of opentelemetry-semantic-conventions-ai 0.5.1
and opentelemetry-instrumentation-openai, -anthropic and -langchain 0.62.4, 2026-08.
"""

from collections.abc import Iterator

from tickmark.formats import Format, Json, JsonObject
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
    cache_write=("gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_creation_input_tokens"),
    reasoning=("gen_ai.usage.reasoning_tokens", "llm.usage.reasoning_tokens"),
    streamed=("gen_ai.is_streaming", "llm.is_streaming"),
    tier=("openai.response.service_tier", "gen_ai.openai.response.service_tier"),
    workload=("traceloop.workflow.name", "service.name"),
)


def read(record: JsonObject) -> Iterator[Row]:
    """One model call; nothing for other spans."""
    yield from _spans.read(decode(record, CONVENTION))


def unfold(value: Json) -> Iterator[tuple[str, Json]]:
    """Spans and log records of an export."""
    yield from _spans.unfold(value, CONVENTION)


FORMAT = Format(
    name="openllmetry",
    side="gateway",
    tables=("attempts",),
    containers=("json",),
    summary="OpenLLMetry (Traceloop) spans as OTLP/JSON",
    verified="unverified",
    read=read,
    unfold=unfold,
    version=_spans.version,
    shows=("cache classes", "response id"),
)
