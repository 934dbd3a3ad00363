"""Recorded exchanges: requests whose bill is known, from a user's own logs or a public collection.

Lives here: reading files of them, and the reasons why a public recording is no ground truth.
Does not live here: counting them again (parity, calibration, specdiff).
"""

import base64
import json
import re
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tickmark import months, providers
from tickmark.errors import InputRejectedError, RecordRejected, Where
from tickmark.formats import Json, JsonObject, child, optional_text, text
from tickmark.gateways import exchange_jsonl
from tickmark.intake.containers import records
from tickmark.intake.physical import Coverage
from tickmark.intake.stream import Verified
from tickmark.records import Attempt


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and the input tokens that its provider billed for it."""

    key: str
    """What the request is found by; never its text."""
    provider: str
    operation: str
    model: str | None
    """The model that answered; the requested one where the answer names none."""
    started_at: datetime | None
    """None where it was not recorded: only rules that never changed are held against such an exchange."""
    body: JsonObject | None
    tokens_input_billed: int
    answer: JsonObject | None = None
    tokens_output_billed: int | None = None
    """Without reasoning, which is billed and not shown; None where the provider named none."""


def read(files: Iterable[Path], step: Callable[[str], None]) -> Iterator[Exchange]:
    """Every exchange of the files whose bill is known; raise InputRejectedError for a line that is none."""
    for path in files:
        step(path.name)
        for record in records(Verified(path, path.name), exchange_jsonl.FORMAT, Coverage()):
            try:
                if record.rejected is not None:
                    raise record.rejected
                yield from _read(record.value or {})
            except RecordRejected as rejected:
                raise InputRejectedError(
                    rejected.rule,
                    rejected.expected,
                    where=Where(path.name, record.line, rejected.field),
                    repair="correct or remove this line; blank lines are ignored",
                ) from None


def _read(record: JsonObject) -> Iterator[Exchange]:
    if not record:
        return
    if "request_body" in record:
        found = [from_recorded(record)]
    else:
        rows = exchange_jsonl.FORMAT.read(record)
        found = [_from_attempt(row, record) for row in rows if isinstance(row, Attempt)]
    yield from (exchange for exchange in found if exchange is not None)


def _from_attempt(attempt: Attempt, record: JsonObject) -> Exchange | None:
    """A logged attempt as an exchange; None where the provider itself reported no input tokens."""
    if attempt.usage_origin != "provider_reported" or not attempt.tokens_input_total:
        return None
    return Exchange(
        key=attempt.record_key,
        provider=attempt.provider,
        operation=attempt.operation,
        model=attempt.response_model or attempt.request_model,
        started_at=attempt.started_at,
        body=exchange_jsonl.request_body(record),
        tokens_input_billed=attempt.tokens_input_total,
        answer=exchange_jsonl.answer(record),
        tokens_output_billed=_unhidden(attempt.tokens_output, attempt.tokens_output_reasoning),
    )


OPERATIONS = {
    "completions": "completions",
    "chat.completions": "chat",
    "responses": "responses",
    "embeddings": "embeddings",
    "messages": "messages",
    "generateContent": "generate_content",
    "chat": "chat",
    "embed": "embeddings",
}


def from_recorded(record: JsonObject) -> Exchange | None:
    """A line of a public collection of recorded exchanges; None where it is no ground truth.

    Not ground truth: failures, edited or scrubbed requests, made-up answers, a body that is no object, a
    usage of zero (a stream cut before its usage was reported), recordings that their project rewrote after
    they were billed (`REWRITTEN`).
    """
    operation = OPERATIONS.get(str(record.get("api")))
    if operation is None or not _is_evidence(record):
        return None
    started, body = record.get("recorded_at"), record.get("request_body")
    usage = child(record, "usage_norm")
    billed = _billed(usage, operation)
    if not isinstance(body, dict) or not isinstance(billed, int) or billed == 0:
        return None
    return Exchange(
        key=str(record.get("request_sha256")),
        provider=_provider(record),
        operation=operation,
        model=optional_text(record, "response_model") or optional_text(record, "request_model"),
        started_at=months.parse_instant(started) if isinstance(started, str) else None,
        body=_with_images(body) if record.get("has_media") else body,
        tokens_input_billed=billed,
        answer=_answer(record.get("response_body")),
        tokens_output_billed=_unhidden(usage.get("output"), usage.get("reasoning")),
    )


def _answer(given: Json) -> JsonObject | None:
    """The answer as it came, streams put together; None where it is not in the recording, or scrubbed."""
    if not isinstance(given, dict) or _SCRUBBED.search(str(given)):
        return None
    if not given.get("_stream"):
        return given
    whole, choices = given.get("response"), given.get("choices")
    if isinstance(whole, dict):
        return whole
    found = choices if isinstance(choices, list) else []
    spoken: list[Json] = [_choice(choice) for choice in found if isinstance(choice, dict)]
    return {"choices": spoken, "usage": child(given, "final_usage_event").get("usage")}


def _choice(streamed: dict[str, Json]) -> dict[str, Json]:
    """A streamed choice as one that was not; chats find its text in a message, completions beside it."""
    message = {field: streamed.get(source) for field, source in _STREAMED.items()}
    return {
        "text": streamed.get("text"),
        "message": message,
        "finish_reason": streamed.get("finish_reason"),
    }


def _unhidden(output: Json, reasoning: Json) -> int | None:
    """Billed output without reasoning; None where the two were not told apart."""
    if not isinstance(output, int):
        return None
    return output - (reasoning if isinstance(reasoning, int) else 0)


def _provider(record: JsonObject) -> str:
    name = text(record, "provider")
    served = providers.by_host(str(record.get("endpoint_host")))
    return served or providers.by_name(_ENGINES.get(name, name))


def _billed(usage: JsonObject, operation: str) -> Json:
    """Input tokens, cached ones included: Anthropic's interface counts them beside the input."""
    billed = usage.get("input") or (usage.get("total") if operation == "embeddings" else None)
    if operation != "messages" or not isinstance(billed, int):
        return billed
    beside = [usage.get(part) for part in ("cached", "cache_write")]
    return billed + sum(part for part in beside if isinstance(part, int))


def _is_evidence(record: JsonObject) -> bool:
    return (
        record.get("http_status") == HTTP_OK
        and bool(record.get("usage"))
        and record.get("authenticity") != "suspect-synthetic"
        and record.get("request_integrity") not in ("edited", "normalized")
        and not any(record.get(mark) for mark in _DOUBTS)
        and not _is_rewritten(record)
        and not _SCRUBBED.search(str(record.get("request_body")))
    )


def _is_rewritten(record: JsonObject) -> bool:
    name = REWRITTEN.get(str(record.get("source_repo")))
    return name is not None and name.search(json.dumps(record.get("request_body"), default=str)) is not None


def _with_images(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """The same with images of a known size in place of those that the collection left out."""
    if isinstance(value, dict):
        return {field: _with_images(inner) for field, inner in value.items()}
    if isinstance(value, list):
        return [_with_images(inner) for inner in value]
    return _LEFT_OUT.sub(_image, value) if isinstance(value, str) else value


def _image(left_out: re.Match[str]) -> str:
    size = LEFT_OUT_IMAGES.get(left_out[1])
    return left_out[0] if size is None else base64.b64encode(_PNG + struct.pack(">II", *size)).decode()


_STREAMED = {
    "content": "text",
    "reasoning_content": "reasoning",
    "tool_calls": "tool_calls",
    "function_call": "function_call",
    "refusal": "refusal",
}
"""Fields of a message, and where the collection keeps them of a stream."""
HTTP_OK = 200
LEFT_OUT_IMAGES = {
    "10a7227ade22bb00": (1, 1),
    "98b9a391211a4fe1": (1, 1),
    "abbd4841ba31f4d7": (1, 1),
    "d93c4dd8bf509472": (1, 1),
    "eb98b8dcafdea9c1": (16, 16),
    "7741883d2676e95e": (100, 100),
    "095162c1632d188c": (128, 128),
    "8732de395d6e78a4": (128, 128),
    "5114122fd1f53016": (640, 480),
    "ef0da1fcd7f63394": (603, 427),
}
"""Images that the public collection holds as a hash: their sizes, read from the recordings themselves."""
_LEFT_OUT = re.compile(r"<<media b64 bytes=\d+ sha256=([0-9a-f]{16})>>")
_PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
REWRITTEN = {"llamastack/llama-stack": re.compile(r"(?<![a-z0-9+/])ogx(?![a-z0-9+/])", re.IGNORECASE)}
"""Repository → a name that its recordings cannot have had when they were billed.

The project was renamed, and a replacement over its whole tree went through its recordings: requests came to
hold the new name, while answers kept the count of the old one (with the old name put back, 40 of 40 distinct
requests count as billed). Only for a project's own new name, never for a text that happens not to agree.
"""
_DOUBTS = ("response_id_conflict", "request_placeholder", "scrubbed_in_request")
_SCRUBBED = re.compile("<(GOOGLE_CLOUD_LOCATION|GPUSTACK_API_KEY)>")
"""What one recorder wrote over parts of texts (`la<GPUSTACK_API_KEY>` was `latest`), marked or not."""
_ENGINES = {"local:8000": "vllm"}
"""Hosts that the collection names by port only, by what their answers show them to be."""
