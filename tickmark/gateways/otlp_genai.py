"""`otlp_genai`: OpenTelemetry GenAI spans and events as OTLP/JSON.

Where it comes from: the collector's file exporter (one export per line) or any OTLP/JSON document; spans
(resourceSpans) and log records (resourceLogs). Semantic conventions 1.27 to 1.41, and the names before them
(gen_ai.system, gen_ai.usage.prompt_tokens, gen_ai.usage.completion_tokens).
One record is one span or log record. A span of a model call (operation chat, text_completion,
generate_content, embeddings) is one attempt; agents, tools, retrieval, workflows and every other span are
`not_usage`. Spans without an operation name are calls where they name a requested model and their own name
says which call (`chat gpt-4`, Vercel's `ai.generateText.doGenerate`). The event
gen_ai.client.inference.operation.details, as a log record, is an attempt where its span was not delivered:
its time is the event's. Other events (messages, gen_ai.choice) are `not_usage`.
Retries: a span is one call of the client library; HTTP retries below it are spans of their own that carry
no tokens, so rows are `request_collapsed`. An outer library's span of the same call has the same trace and
response id, or stands above the call in the same export: the inner span counts. Deliver one trace together.
Token convention: cached tokens inside the input, reasoning inside the output. A span whose cached tokens
exceed its input breaks the convention and is quarantined. The input of a span without cache
attributes has no class, for some libraries leave them out. Cache writes live 5 minutes where no attribute
says an hour. Zeros for input and output mean: not reported.
Provider: by server.address, else gen_ai.provider.name; `unknown` where neither is there.
Team is service.namespace and workload service.name of the resource. Join keys: gen_ai.response.id, trace
id.
Zone: UTC, nanoseconds since 1970. No currency, no text: tools that were sent may be missing from a span,
so no request is rebuilt. Sampled traces are incomplete: never audit on them.
Verified: spans and events that opentelemetry-instrumentation-openai-v2 2.4b0 and Anthropic's SDK 2.12.0
wrote for calls to a stand-in server (their own spans, encoded by opentelemetry-exporter-otlp-proto-common
1.45, ids in hex), and the attributes of real spans of seven agent frameworks (2025-06 to 2026-03).
Source: semantic-conventions 1.41.1, opentelemetry-proto 1.7, 2026-08.
"""

from collections.abc import Iterator

from tickmark.formats import Format, JsonObject
from tickmark.gateways import _spans
from tickmark.gateways._conventions import Convention, Kinds, decode
from tickmark.records import Row

OPERATIONS: Kinds = {
    "chat": "chat",
    "text_completion": "completions",
    "generate_content": "generate_content",
    "embeddings": "embeddings",
    **dict.fromkeys(
        (
            "create_agent",
            "invoke_agent",
            "execute_tool",
            "invoke_workflow",
            "retrieval",
            "plan",
            "chain",
        )
    ),
}
SPAN_NAMES: Kinds = {
    **{name: operation for name, operation in OPERATIONS.items() if operation},
    "doGenerate": "chat",
    "doStream": "chat",
    "doEmbed": "embeddings",
    "call_llm": "generate_content",
}
CONVENTION = Convention(
    kinds=(("gen_ai.operation.name", OPERATIONS),),
    calls=("gen_ai.request.model",),
    span_names=SPAN_NAMES,
    provider=("gen_ai.provider.name", "gen_ai.system"),
    request_model=("gen_ai.request.model",),
    response_model=("gen_ai.response.model",),
    input_tokens=("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
    output_tokens=("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
    cache_read=("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.details.cache_read_tokens"),
    cache_write=(
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_write.input_tokens",
        "gen_ai.usage.details.cache_write_tokens",
    ),
    cache_write_1h=("anthropic.usage.cache_creation.ephemeral_1h_input_tokens",),
    reasoning=(
        "gen_ai.usage.reasoning.output_tokens",
        "gen_ai.usage.details.reasoning_tokens",
        "gen_ai.usage.details.thoughts_tokens",
    ),
    streamed=("gen_ai.request.stream",),
    tier=(
        "openai.response.service_tier",
        "gen_ai.openai.response.service_tier",
        "anthropic.response.service_tier",
    ),
)


def read(record: JsonObject) -> Iterator[Row]:
    """One model call; nothing for other spans and events."""
    yield from _spans.read(decode(record, CONVENTION))


FORMAT = Format(
    name="otlp_genai",
    side="gateway",
    tables=("attempts",),
    containers=("json",),
    summary="OpenTelemetry GenAI spans and events as OTLP/JSON (collector's file exporter)",
    verified="real file",
    read=read,
    unfold=_spans.unfolding(CONVENTION),
    version=_spans.version,
    shows=("cache classes", "tier", "response id"),
)
