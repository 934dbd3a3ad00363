"""`langfuse_observations`: observations of Langfuse, tables v3 (`observations`) and v4 (`events`).

Where it comes from: the blob storage export (`observations/` and `observations_v2/`; JSON, JSONL, CSV or
Parquet), rows of ClickHouse's `observations`, `events_core` and `events_full`, pages of the API and trace
files of the app ("Download trace as JSON"). Names may be snake case or camel case; JSON columns text or not.
One record is one observation. GENERATION and EMBEDDING are attempts; spans, agents, tools and events are
no usage, even where they repeat the sum of what is below them.
Retries: an SDK logs its call, so HTTP retries hide inside one row. Two instrumentations of one call (a
framework and a client) give two generations: nothing in a record tells.
Token convention: keys are exclusive, `input` excludes cached tokens and `output` reasoning ones, unless
`total` shows that the details lie inside (OpenInference sends them so). Audio and image input is
unclassified. `total` alone, or no usage, is missing; usage without provided usage is Langfuse's own estimate.
Provider: from `metadata` (gen_ai.provider.name, gen_ai.system, llm.provider, ai.model.provider, ls_provider,
server.address); else it is `unknown`, unless the source in tickmark.yaml has `provider:`.
Model: as the SDK named it.
Join key: gen_ai.response.id in `metadata`, or the id that LiteLLM's callback wrote (`time-..._<id>`).
Rows come again with each update: the highest `event_ts` (else `updated_at`) counts. A row with `is_deleted`
says nothing of usage: deleting a trace does not undo the call.
Zone: UTC, with or without saying so. Currency: USD. `input` and `output` are what the SDK chose to log, so
they are not counted again.
Source: langfuse.com export field reference, migrations 0002, 0039, 0040 (2026-08). Checked against 20 real
trace files that Langfuse's repository tests with; a blob export was not at hand.
"""

import re
from collections.abc import Iterator
from decimal import Decimal

from tickmark import providers
from tickmark.formats import Format, JsonObject, flag, instant, optional_text, text
from tickmark.gateways._langfuse_usage import counts
from tickmark.gateways._lines import (
    Counts,
    ended,
    inside,
    label,
    snake_case,
    token_columns,
    usd,
    written_at,
)
from tickmark.gateways._usage import fill
from tickmark.records import Attempt, Row
from tickmark.strictjson import json_object, json_value

OPERATIONS = {"GENERATION": "chat", "EMBEDDING": "embeddings"}
_ALIASES = {"span_id": "id", "model": "provided_model_name"}
_PROVIDER_NAMES = (
    "gen_ai.provider.name",
    "gen_ai.system",
    "ai.model.provider",
    "llm.provider",
    "llm.system",
    "ls_provider",
)
_LITELLM_ID = re.compile(r"time-[0-9-]+_(.+)", re.ASCII | re.DOTALL)


def read(record: JsonObject) -> Iterator[Row]:
    """One attempt, where the observation is a model call."""
    record = snake_case(record, _ALIASES)
    kind = text(record, "type")
    if kind not in OPERATIONS or flag(record, "is_deleted"):
        return
    known, started = _attributes(record), instant(record, "start_time", naive_is_utc=True)
    attempt = Attempt(
        record_key=text(record, "id"),
        provider=_provider(known),
        operation=OPERATIONS[kind],
        started_at=started,
        ended_at=ended(record, "end_time", started),
        attempt_grain="request_collapsed",
        request_model=label(known, "gen_ai.request.model") or optional_text(record, "provided_model_name"),
        response_model=label(known, "gen_ai.response.model"),
        provider_response_id=_response_id(record, known),
        streamed=True if record.get("completion_start_time") else None,
        workload=optional_text(record, "trace_name"),
        cost_usd_gateway=_cost(record),
    )
    _bill(attempt, record)
    yield attempt


def _bill(attempt: Attempt, record: JsonObject) -> None:
    found: Counts = counts(json_object(record, "usage_details"))
    fields = token_columns(found, attempt.provider, "usage_details")
    fill(attempt, fields)
    provided = record.get("provided_usage_details")
    if fields and provided is not None and not json_object(record, "provided_usage_details"):
        attempt.usage_origin = "gateway_estimated"
    if optional_text(record, "level") == "ERROR":
        # A client saw an exception: whether the provider had answered, the row does not say.
        attempt.outcome, attempt.billable_expected = "provider_error", None


def _provider(known: JsonObject) -> str:
    host = providers.by_host(label(known, "server.address") or "")
    # The AI SDK writes provider and endpoint, 'openai.responses'; frameworks write their own names.
    names = [name for key in _PROVIDER_NAMES if (name := label(known, key))]
    candidates = (providers.known(name) or providers.known(name.partition(".")[0]) for name in names)
    return host or next(filter(None, candidates), providers.UNKNOWN)


def _cost(record: JsonObject) -> Decimal | None:
    """Cost of all classes; a total of 0 without details means that Langfuse knew no price."""
    cost = usd(json_object(record, "cost_details"), "total")
    return (usd(record, "total_cost") or None) if cost is None else cost


def _attributes(record: JsonObject) -> JsonObject:
    """Metadata and the span attributes in it: objects, JSON text, or (v4) names and values apart."""
    metadata = json_object(record, "metadata")
    names, values = json_value(record, "metadata_names"), json_value(record, "metadata_values")
    if isinstance(names, list) and isinstance(values, list):
        metadata = {str(name): value for name, value in zip(names, values, strict=False)}
    plain = {name.removeprefix("attributes."): value for name, value in metadata.items()}
    return {**plain, **json_object(metadata, "attributes")}


def _response_id(record: JsonObject, known: JsonObject) -> str | None:
    litellm = _LITELLM_ID.fullmatch(text(record, "id"))
    return litellm[1] if litellm else label(known, "gen_ai.response.id")


def version(record: JsonObject) -> int:
    """When the observation was last written."""
    return written_at(snake_case(record, _ALIASES), "event_ts", "updated_at")


FORMAT = Format(
    name="langfuse_observations",
    side="gateway",
    tables=("attempts",),
    containers=("json", "csv", "parquet"),
    summary="Langfuse observations: blob exports, ClickHouse rows (v3, v4), API pages, trace files",
    verified="real file",
    read=read,
    shows=("cache classes", "response id", "cost"),
    columns=("type", "start_time", "usage_details"),
    unfold=inside("observations", "data"),
    version=version,
)
