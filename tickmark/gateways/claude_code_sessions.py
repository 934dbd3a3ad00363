"""`claude_code_sessions`: what Claude Code writes of its sessions.

Where it comes from: the JSON lines below `~/.claude/projects/`, of every machine. One record about usage is
one answer of a model, subagents included; every other line (the user's, tool results, summaries, banners that
the tool writes itself as `<synthetic>` or `isApiErrorMessage`) is not about usage. The client retries by
itself: retries and failed attempts are hidden (`request_collapsed`).
An answer is written several times while it streams, each time with the tokens so far: its key is `message.id`
with `requestId`, and of its lines the one with most output tokens counts, of equal ones the latest.
Time: when the line was written, which is while or after the answer came. Zone: ISO 8601 with zone.
Provider: by the answer's id, `msg_bdrk_` is Bedrock, `msg_vrtx_` Vertex, else Anthropic. Sessions of a
subscription (Pro, Max, Team) look the same and are on no usage bill.
Tokens: Anthropic's `usage`, input without cached. `speed` fast is the tier `fast`. `costUSD`, where older
versions wrote it, is the tool's own estimate. There is no team: one source per team, or per machine.
Text: a line holds one block of an answer and no request: nothing is counted again.
Source: public readers of these files, 2026-11. Checked against the fixtures of one of them (made up).
"""

from collections.abc import Iterator

from tickmark import months
from tickmark.errors import RecordRejected
from tickmark.formats import Format, JsonObject, child, count, instant, optional_text
from tickmark.gateways._lines import content_key, usd
from tickmark.gateways._usage import fill, served_tier, token_fields
from tickmark.records import Attempt, Row

HOSTS = {"msg_bdrk_": "aws.bedrock", "msg_vrtx_": "gcp.vertex_ai"}
SYNTHETIC = "<synthetic>"
_TIME_BITS = 42
_MOST_OUTPUT = (1 << 63 - _TIME_BITS) - 1


def read(record: JsonObject) -> Iterator[Row]:
    """One answer, as far as this line knows it."""
    if not _is_answer(record):
        return
    message = child(record, "message")
    usage = child(message, "usage")
    answer_id, request_id = optional_text(message, "id"), optional_text(record, "requestId")
    attempt = Attempt(
        record_key=":".join(filter(None, (answer_id, request_id))) if answer_id else content_key(record),
        provider=next(
            (host for start, host in HOSTS.items() if (answer_id or "").startswith(start)), "anthropic"
        ),
        operation="messages",
        started_at=instant(record, "timestamp"),
        request_id=request_id,
        attempt_grain="request_collapsed",
        response_model=optional_text(message, "model"),
        provider_response_id=answer_id,
        service_tier=served_tier({}, usage),
        inference_geo=optional_text(usage, "inference_geo"),
        cost_usd_gateway=usd(record, "costUSD"),
    )
    fill(attempt, token_fields(usage))
    yield attempt


def _is_answer(record: JsonObject) -> bool:
    if "payload" in record or ("type" not in record and "message" not in record):
        raise RecordRejected("E-FIELD-MISSING", "message", "a line of a Claude Code session", None)
    message = record.get("message")
    if not isinstance(message, dict) or not message.get("usage"):
        return False
    return message.get("model") != SYNTHETIC and not record.get("isApiErrorMessage")


def version(record: JsonObject) -> int:
    """Most output tokens, then the latest millisecond, in the 63 bits of a version."""
    output = count(child(child(record, "message"), "usage"), "output_tokens") or 0
    milliseconds = months.microseconds(instant(record, "timestamp")) // 1000
    return min(output, _MOST_OUTPUT) << _TIME_BITS | milliseconds


FORMAT = Format(
    name="claude_code_sessions",
    side="gateway",
    tables=("attempts",),
    containers=("jsonl",),
    summary="session files of Claude Code: tokens of every answer",
    verified="unverified",
    shows=("cache classes", "tier", "response id"),
    read=read,
    version=version,
)
