"""`codex_sessions`: what the Codex command line writes of its sessions.

Where it comes from: `rollout-*.jsonl` below `~/.codex/sessions/`, of every machine. A record about usage is
an `event_msg` of type `token_count`: `last_token_usage` is one call of a model, `total_token_usage` adds up
the session and is the control. Other lines, an event without counts (limits) and an event that repeats the
total before it are not about usage; neither is `token_usage_record` (2026-09), which says the same again.
Control: the total must be the total before, in the same file, plus the call. Where it is not, lines were lost
or written twice: that record is set aside with E-USAGE-PARTS, and the count goes on from its total. Older
versions write no `last_token_usage`: then the difference of two totals is the call.
Model: `info.model`, else that of the last `turn_context` before it; it is the model asked for. Provider:
`model_provider` of the `session_meta`, else `openai`. Retries of the client are hidden (`request_collapsed`).
Sessions of a ChatGPT subscription look the same and are on no usage bill.
Tokens: input includes cached and cache writes, output includes reasoning. Key: the whole record, so that a
session copied by a fork counts once. Time: when the line was written, ISO 8601 with zone.
Text: not read. There is no team: one source per team, or per machine.
Source: public readers of these files, 2026-11. Checked against the fixture of one of them, which is made up.
"""

from collections.abc import Callable, Iterator

from tickmark import providers
from tickmark.errors import RecordRejected
from tickmark.formats import Format, Json, JsonObject, child, count, instant, optional_text
from tickmark.gateways._lines import content_key
from tickmark.gateways._usage import TokenFields, fill, token_fields, with_cached
from tickmark.records import Attempt, Row

INPUT, CACHED, WRITTEN = "input_tokens", "cached_input_tokens", "cache_write_input_tokens"
OUTPUT, REASONING = "output_tokens", "reasoning_output_tokens"
COUNTS = (INPUT, CACHED, WRITTEN, OUTPUT, REASONING)
BEFORE = "(before)"
"""Field that carries what earlier lines of the file said."""


def thread() -> Callable[[JsonObject], JsonObject]:
    """Give each line the model, the provider and the total that stand before it in its file."""
    said: dict[str, Json] = {}

    def follow(record: JsonObject) -> JsonObject:
        payload, kind = child(record, "payload"), record.get("type")
        with_before = {**record, BEFORE: {**said}}
        if kind == "turn_context":
            said["model"] = optional_text(payload, "model")
        elif kind == "session_meta":
            said["provider"] = optional_text(payload, "model_provider")
        elif total := child(child(payload, "info"), "total_token_usage"):
            said["total"] = {**total}
        return with_before

    return follow


def read(record: JsonObject) -> Iterator[Row]:
    """One call of a model."""
    if "type" not in record or "payload" not in record:
        raise RecordRejected("E-FIELD-MISSING", "payload", "a line of a Codex session", None)
    payload, before = child(record, "payload"), child(record, BEFORE)
    info = child(payload, "info")
    if record["type"] != "event_msg" or payload.get("type") != "token_count" or not info:
        return
    total = child(info, "total_token_usage")
    if total and total == before.get("total"):
        return
    attempt = Attempt(
        record_key=content_key({name: value for name, value in record.items() if name != BEFORE}),
        provider=providers.by_name(optional_text(before, "provider") or "openai"),
        operation="responses",
        started_at=instant(record, "timestamp"),
        attempt_grain="request_collapsed",
        request_model=optional_text(info, "model") or optional_text(before, "model"),
    )
    fill(attempt, _tokens(_call(info, total, child(before, "total"))))
    yield attempt


def _call(info: JsonObject, total: JsonObject, before: JsonObject) -> dict[str, int | None]:
    """The counts of one call; raise RecordRejected where the session's total says otherwise."""
    last = child(info, "last_token_usage")
    apart = {field: (count(total, field) or 0) - (count(before, field) or 0) for field in COUNTS}
    if last and total and any(apart[field] != (count(last, field) or 0) for field in COUNTS):
        expected = "the total before it plus last_token_usage (lines are missing, or written twice)"
        raise RecordRejected("E-USAGE-PARTS", "payload.info.total_token_usage", expected, total)
    return {field: count(last, field) if last else _known(total, field, apart) for field in COUNTS}


def _known(total: JsonObject, field: str, apart: dict[str, int]) -> int | None:
    return None if count(total, field) is None else apart[field]


def _tokens(call: dict[str, int | None]) -> TokenFields:
    tokens, output = call[INPUT], call[OUTPUT]
    if tokens is None or output is None or min(tokens, output) < 0:
        expected = f"{INPUT} and {OUTPUT} of a call, or totals that grow"
        raise RecordRejected("E-USAGE-SHAPE", "payload.info", expected, call)
    if call[CACHED] is None:
        return with_cached(tokens, None, output, call[REASONING])
    return token_fields(
        {
            INPUT: tokens,
            "input_tokens_details": {"cached_tokens": call[CACHED], "cache_write_tokens": call[WRITTEN]},
            OUTPUT: output,
            "output_tokens_details": {"reasoning_tokens": call[REASONING]},
        }
    )


FORMAT = Format(
    name="codex_sessions",
    side="gateway",
    tables=("attempts",),
    containers=("jsonl",),
    summary="session files of the Codex command line: tokens of every call",
    verified="unverified",
    shows=("cache classes",),
    read=read,
    thread=thread,
)
