"""`litellm_spend_logs`: rows of LiteLLM's `LiteLLM_SpendLogs` table as JSON lines, CSV or Parquet.

Where it comes from: an export of the proxy's Postgres table (psql with `csv header`, row_to_json, or a
lake). JSON columns may be objects or JSON text; empty CSV cells are null.
One record is one logical request. Retries and fallbacks appear only as a count (`attempted_retries`),
except an earlier attempt that the provider billed, which newer versions write as a row of its own:
request_id `<id>-attempt-<n>`, n from 0, tokens estimated by LiteLLM. The rows of one request share
`litellm_call_id`.
Failures: without tokens they cost nothing where the provider answered, and nobody knows after a timeout.
With tokens, and where the client left (499), what was made until then is billed, by LiteLLM's estimate.
LiteLLM's own refusals (budgets, its rate limits) are `blocked`; what it refused before it chose a provider
is `not_usage`.
Token convention: OpenAI's for every provider: `prompt_tokens` includes cache reads and writes. Rows that
only have the columns know no cached tokens; they are `gateway_estimated`. Zeros everywhere mean: not
reported.
Batches: the row of a finished batch (`_batch_cost`) counts as one call of operation `batch` at batch tier;
its model is known where the batch used one. Polls, files, moderations, MCP tools and other management
calls are `not_usage`. Images, audio, video, rerank, OCR, search, realtime, fine-tuning, passthrough:
quarantined by name.
Join key: `request_id` is the provider's response id where there is one; LiteLLM makes one up for Bedrock
Converse and others. Suffixes (`_cache_hit<time>`, `_batch_cost`, `_background_cost`, `-attempt-<n>`) are
stripped.
Zone: naive UTC. `spend` is USD and may contain margin and discount: kept as the gateway's figure, never a
price. Organisation, session and end user have no column here. Text that LiteLLM cut or redacted is not
handed out.
Verified: one row of LiteLLM's own recording and real usage blocks; columns from the source of litellm
1.109.1.
"""

import re
from collections.abc import Iterator

from tickmark.formats import Format, JsonObject, child, count, instant, optional_text, text
from tickmark.gateways import _litellm
from tickmark.gateways._lines import usd
from tickmark.records import Attempt, Row
from tickmark.strictjson import json_object, json_value

_RETRY = re.compile(r"-attempt-([0-9]{1,4})$", re.ASCII)


def read(record: JsonObject) -> Iterator[Row]:
    """One logical request, or one billed retry; nothing for a call that uses no tokens."""
    key = text(record, "request_id")
    operation = _litellm.operation(record)
    if operation is None:
        return
    metadata, response = json_object(record, "metadata"), json_object(record, "response")
    failed, retry = _litellm.has_failed(record), _RETRY.search(key)
    attempt = Attempt(
        record_key=key,
        provider=_litellm.provider(record),
        operation=operation,
        started_at=instant(record, "startTime", naive_is_utc=True),
        ended_at=instant(record, "endTime", naive_is_utc=True) if record.get("endTime") else None,
        request_id=_litellm.SUFFIX.sub("", optional_text(record, "litellm_call_id") or key),
        attempt_number=int(retry[1]) + 1 if retry else None,
        retries_collapsed=None if retry else count(metadata, "attempted_retries"),
        attempt_grain="attempt" if retry else "request_collapsed",
        request_model=optional_text(record, "model_group"),
        # The id before the suffix of a retry is the answer's, which that attempt did not give.
        provider_response_id=None if failed or retry else _litellm.SUFFIX.sub("", key),
        team=optional_text(record, "team_id"),
        workload=_litellm.first_tag(json_value(record, "request_tags")),
        credential_id=optional_text(record, "api_key"),
        cost_usd_gateway=usd(record, "spend"),
    )
    _litellm.settle(
        attempt,
        record,
        metadata,
        response,
        child(metadata, "error_information"),
        failed=failed,
        cached="_cache_hit" in key or str(record.get("cache_hit")).lower() == "true",
        billed_retry=retry is not None,
    )
    yield attempt


def request_body(record: JsonObject) -> JsonObject | None:
    """The request the proxy got, where `store_prompts_in_spend_logs` kept it whole."""
    return _litellm.unaltered(json_object(record, "proxy_server_request"))


def answer(record: JsonObject) -> JsonObject | None:
    """The answer in OpenAI's shape, where `store_prompts_in_spend_logs` kept it whole."""
    return _litellm.unaltered(json_object(record, "response"))


FORMAT = Format(
    name="litellm_spend_logs",
    side="gateway",
    tables=("attempts",),
    containers=("jsonl", "csv", "parquet"),
    summary="LiteLLM proxy: table LiteLLM_SpendLogs as JSON lines, CSV or Parquet",
    verified="real file",
    read=read,
    shows=("cache classes", "request text", "answer text", "tier", "response id", "cost"),
    columns=(
        "request_id",
        "call_type",
        "startTime",
        "model",
        "custom_llm_provider",
        "metadata",
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
        "spend",
    ),
    numeric=("prompt_tokens", "completion_tokens", "total_tokens", "spend"),
    request_body=request_body,
    answer=answer,
)
