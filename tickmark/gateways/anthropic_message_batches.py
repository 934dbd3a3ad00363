"""`anthropic_message_batches`: the results of Anthropic's Message Batches.

Where it comes from: GET /v1/messages/batches/{id}/results, in one document with the batch object, because
neither a line nor the message in it has a time:
    jq -s --slurpfile b batch.json '{batch: $b[0], results: .}' results.jsonl
Lines without their batch are set aside. One record is one request of the batch; its order means nothing.
Time: from `created_at` to `ended_at` of the batch (ISO 8601 with zone), the same for all of its lines: a
batch that runs past midnight may be billed on its second day.
Outcomes: `succeeded` is billed at the tier `batch`; `errored` (a failure), `canceled` (a client's abort) and
`expired` (a timeout) are not billed.
Tokens: Anthropic's `usage`, input without cached. Text: the answer; the request is not in the results.
Join key: `message.id`; `custom_id` is the caller's own and unique in its batch only.
Source: Anthropic API reference, 2026-11. Checked against the documentation only.
"""

from collections.abc import Iterator

from tickmark.errors import RecordRejected
from tickmark.formats import Format, JsonObject, child, optional_text, text
from tickmark.gateways._batch import moment, unfold, untimed
from tickmark.gateways._lines import content_key
from tickmark.gateways._usage import fill, served_tier, token_fields
from tickmark.records import Attempt, Row

OUTCOMES = {
    "succeeded": "success",
    "errored": "provider_error",
    "canceled": "client_abort",
    "expired": "timeout",
}


def read(record: JsonObject) -> Iterator[Row]:
    """One request of the batch."""
    result = child(record, "result")
    kind = text(result, "type")
    if kind not in OUTCOMES:
        raise RecordRejected("E-FIELD-VALUE", "result.type", f"one of {', '.join(OUTCOMES)}", kind)
    started = moment(record, "created_at")
    if started is None:
        raise untimed("batch.created_at")
    message = child(result, "message")
    attempt = Attempt(
        record_key=optional_text(message, "id") or content_key(record),
        provider="anthropic",
        operation="messages",
        started_at=started,
        ended_at=moment(record, "ended_at"),
        response_model=optional_text(message, "model"),
        provider_response_id=optional_text(message, "id"),
        streamed=False,
        outcome=OUTCOMES[kind],
        billable_expected=kind == "succeeded",
        service_tier="batch",
    )
    if kind == "errored":
        error = child(result, "error")
        attempt.error_type = optional_text(child(error, "error") or error, "type")
    elif kind == "succeeded" and (usage := child(message, "usage")):
        fill(attempt, token_fields(usage))
        attempt.service_tier = served_tier({}, {"service_tier": "batch", **usage})
        attempt.inference_geo = optional_text(usage, "inference_geo")
    yield attempt


def answer(record: JsonObject) -> JsonObject | None:
    """The message as it came."""
    return child(child(record, "result"), "message") or None


FORMAT = Format(
    name="anthropic_message_batches",
    side="gateway",
    tables=("attempts",),
    containers=("json",),
    summary="results of Anthropic's Message Batches, with the batch object for their time",
    verified="unverified",
    shows=("cache classes", "answer text", "tier", "response id"),
    read=read,
    unfold=unfold,
    answer=answer,
)
