"""`openai_batch_output`: the result lines of OpenAI's Batch API, and of Azure's.

Where it comes from: the output file and the error file of a batch, unchanged. One record is one request of
the batch; retries inside the batch are not shown. To give every line a time and an endpoint, lay the batch
object beside them in one document: `jq -s --slurpfile b batch.json '{batch: $b[0], results: .}'
output.jsonl`.
Time: `created` in the answer's body (Unix seconds). Lines without it (embeddings, failures) take the start of
the batch (`in_progress_at`, else `created_at`); a failure without any time costs nothing and is counted as
not about usage, an answer without any time is set aside.
Provider: `openai` where the line has an `id` (batch_req_...), `azure` where it has none: Azure's lack it.
Operation: by the body's `object`, or the endpoint of the batch. The price is that of the tier `batch`.
Tokens: OpenAI's `usage`, cached inside input. Failures (an `error`, a status of 400 and above,
`batch_expired`, `batch_cancelled`) are not billed.
Text: the answer is in the line, the request in the batch's input file, which is not read.
Join keys: the answer's `id`; `custom_id` is the caller's own and unique in its batch only, so it is not kept.
Source: OpenAI API reference 2026-11. Read: a real OpenAI line and a real Azure line of 2024-12.
"""

from collections.abc import Iterator
from datetime import datetime

from tickmark.errors import RecordRejected
from tickmark.formats import Format, JsonObject, child, count, instant, optional_text
from tickmark.gateways._batch import moment, unfold, untimed
from tickmark.gateways._lines import HTTP_ERROR, content_key, operation
from tickmark.gateways._usage import fill, token_fields
from tickmark.records import Attempt, Row

OPERATIONS = {
    "chat.completion": "chat",
    "text_completion": "completions",
    "response": "responses",
    "list": "embeddings",
}


def read(record: JsonObject) -> Iterator[Row]:
    """One answer, or one failure that has a time."""
    response = child(record, "response")
    body, status = child(response, "body"), count(response, "status_code")
    failed = bool(child(record, "error")) or (status is not None and status >= HTTP_ERROR)
    if status is None and not failed:
        raise RecordRejected("E-FIELD-MISSING", "response.status_code", "an HTTP status, or an error", None)
    started = _started(record, body)
    if started is None:
        if failed:
            return
        raise untimed("response.body.created")
    response_id = None if failed else optional_text(body, "id")
    attempt = Attempt(
        record_key=response_id or optional_text(record, "id") or content_key(record),
        provider="openai" if optional_text(record, "id") else "azure",
        operation=_operation(record, body),
        started_at=started,
        response_model=None if failed else optional_text(body, "model"),
        provider_response_id=response_id,
        streamed=False,
        http_status=status,
        service_tier="batch",
    )
    if failed:
        error = child(record, "error") or child(body, "error")
        attempt.outcome, attempt.billable_expected = "provider_error", False
        attempt.error_type = optional_text(error, "code")
    elif usage := child(body, "usage"):
        fill(attempt, token_fields(usage))
    yield attempt


def _started(record: JsonObject, body: JsonObject) -> datetime | None:
    own = next((field for field in ("created", "created_at") if body.get(field) is not None), None)
    return moment(record, "in_progress_at", "created_at") if own is None else instant(body, own)


def _operation(record: JsonObject, body: JsonObject) -> str:
    if endpoint := optional_text(child(record, "batch"), "endpoint"):
        return operation(endpoint, "batch.endpoint")
    kind = optional_text(body, "object")
    if kind not in OPERATIONS:
        expected = f"one of {', '.join(OPERATIONS)}, or the batch object beside the lines"
        raise RecordRejected("E-OPERATION", "response.body.object", expected, kind)
    return OPERATIONS[kind]


def answer(record: JsonObject) -> JsonObject | None:
    """The answer as it came."""
    return child(child(record, "response"), "body") or None


FORMAT = Format(
    name="openai_batch_output",
    side="gateway",
    tables=("attempts",),
    containers=("json",),
    summary="result lines of OpenAI and Azure batches (output and error files)",
    verified="real file",
    shows=("cache classes", "answer text", "tier", "response id"),
    read=read,
    unfold=unfold,
    answer=answer,
)
