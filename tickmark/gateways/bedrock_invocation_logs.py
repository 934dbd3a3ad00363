"""`bedrock_invocation_logs`: Amazon Bedrock's own log of each model invocation.

Where it comes from: model invocation logging to S3 (gzip, one JSON object per line) or CloudWatch Logs (the
message of each event). One record is one HTTP attempt: retries of an SDK have a `requestId` of their own and
nothing groups them. Not logged: calls of the `bedrock-mantle` endpoint (OpenAI-compatible), and everything
before logging was switched on.
Model: `modelId` as it was asked for. The ARN of a foundation model or of a system inference profile is cut to
the id that it names; the ARN of an application inference profile, a provisioned or an imported model stays
whole, because it does not name its model. Which model served is never logged.
Tokens: the classes are disjoint, `inputTokenCount` excludes cache reads and writes. Lifetimes of cache writes
stand only in an inline body (`cacheDetails`, `cache_creation`); without one all live 5 minutes, the default.
Failures: `errorCode` is set and nothing is billed; where tokens were counted nonetheless nobody can tell.
`requestMetadata` (the caller's tags): `team` and `workload`. `identity.arn` is the credential.
`inferenceRegion` (cross-region inference), else `region`, is the geography.
Text: `inputBodyJson` is given for InvokeModel with Anthropic models, in Anthropic's shape, and the answer
where it was not streamed. Bodies above 100 KB lie in S3 (`inputBodyS3Path`) and are not fetched.
Join key: `requestId` (x-amzn-requestid). Zone: ISO 8601 with zone. Currency: none.
Source: AWS user guide and public records, 2026-11. Checked against two documentation samples.
"""

import re
from collections.abc import Iterator

from tickmark.errors import RecordRejected
from tickmark.formats import Format, Json, JsonObject, child, count, instant, items, optional_text, text
from tickmark.gateways._usage import TokenFields, fill
from tickmark.records import Attempt, Row

SCHEMA = "ModelInvocationLog"
OPERATIONS = ("InvokeModel", "InvokeModelWithResponseStream", "Converse", "ConverseStream")
_NAMES_ITS_MODEL = re.compile(r"arn:[^:]*:bedrock:[^:]*:[^:]*:(?:foundation-model|inference-profile)/(.+)")


def read(record: JsonObject) -> Iterator[Row]:
    """One attempt."""
    if record.get("schemaType") != SCHEMA:
        raise RecordRejected("E-FIELD-VALUE", "schemaType", SCHEMA, record.get("schemaType"))
    asked, said, tags = child(record, "input"), child(record, "output"), child(record, "requestMetadata")
    operation = text(record, "operation")
    if operation not in OPERATIONS:
        raise RecordRejected("E-OPERATION", "operation", f"one of {', '.join(OPERATIONS)}", operation)
    attempt = Attempt(
        record_key=text(record, "requestId"),
        provider="aws.bedrock",
        operation=_operation(record, said),
        started_at=instant(record, "timestamp"),
        request_model=_model(record),
        streamed=operation.endswith("Stream"),
        error_type=optional_text(record, "errorCode"),
        inference_geo=optional_text(record, "inferenceRegion") or optional_text(record, "region"),
        team=optional_text(tags, "team"),
        workload=optional_text(tags, "workload"),
        credential_id=optional_text(child(record, "identity"), "arn"),
    )
    if count(asked, "inputTokenCount") is not None:
        fill(attempt, _tokens(asked, said))
    if attempt.error_type is not None:
        attempt.outcome = "provider_error"
        attempt.billable_expected = None if attempt.tokens_input_total else False
    yield attempt


def _model(record: JsonObject) -> str:
    model = text(record, "modelId")
    named = _NAMES_ITS_MODEL.fullmatch(model)
    return named[1] if named else model


def _operation(record: JsonObject, said: JsonObject) -> str:
    if text(record, "operation").startswith("Converse"):
        return "chat"
    if "anthropic." in text(record, "modelId"):
        return "messages"
    # An embedding has no output tokens, and the log has no field for them then.
    return "invoke_model" if "outputTokenCount" in said else "embeddings"


def _tokens(asked: JsonObject, said: JsonObject) -> TokenFields:
    uncached, read_ = count(asked, "inputTokenCount") or 0, count(asked, "cacheReadInputTokenCount") or 0
    written = count(asked, "cacheWriteInputTokenCount") or 0
    hour = _written_for_an_hour(said.get("outputBodyJson"))
    if hour > written:
        raise RecordRejected(
            "E-USAGE-PARTS", "output.outputBodyJson", "at most cacheWriteInputTokenCount", hour
        )
    return {
        "tokens_input_total": uncached + read_ + written,
        "tokens_uncached_input": uncached,
        "tokens_cache_read": read_,
        "tokens_cache_write_5m": written - hour,
        "tokens_cache_write_1h": hour,
        "tokens_output": count(said, "outputTokenCount") or 0,
        "token_semantics": "exclusive",
        "usage_origin": "provider_reported",
    }


def _written_for_an_hour(body: Json) -> int:
    """Cache writes of an hour, in the usage that an inline body may hold."""
    usage = child(body, "usage") if isinstance(body, dict) else {}
    by_anthropic = count(child(usage, "cache_creation"), "ephemeral_1h_input_tokens") or 0
    details = usage.get("cacheDetails")
    listed = [item for _, item in items(details)] if isinstance(details, list) else []
    by_converse = (
        count(each, "inputTokens") or 0
        for each in listed
        if isinstance(each, dict) and each.get("ttl") == "1h"
    )
    return by_anthropic + sum(by_converse)


def request_body(record: JsonObject) -> JsonObject | None:
    """The body as the provider got it, where it is in the log and of a shape that is counted."""
    return _anthropic(record, "input", "inputBodyJson")


def answer(record: JsonObject) -> JsonObject | None:
    """The answer, unless it was streamed: then the log holds its chunks."""
    return _anthropic(record, "output", "outputBodyJson")


def _anthropic(record: JsonObject, side: str, field: str) -> JsonObject | None:
    body = child(record, side).get(field)
    said = child(record, "output")
    return body if isinstance(body, dict) and body and _operation(record, said) == "messages" else None


FORMAT = Format(
    name="bedrock_invocation_logs",
    side="gateway",
    tables=("attempts",),
    containers=("json",),
    summary="Amazon Bedrock model invocation logs (S3 or CloudWatch), Converse and InvokeModel",
    verified="unverified",
    shows=("attempts", "cache classes", "request text", "answer text"),
    read=read,
    request_body=request_body,
    answer=answer,
)
