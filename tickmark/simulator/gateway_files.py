"""The log side of the simulated month: what each gateway wrote down.

Lives here: records of `exchange_jsonl` and `litellm_spend_logs` for a call, and their compressed files.
Does not live here: what happened (world) and what the provider metered (metering).
"""

import gzip
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from tickmark.simulator.calls import Body, Call

_URLS = {
    ("openai", "chat"): "https://api.openai.com/v1/chat/completions",
    ("openai", "embeddings"): "https://api.openai.com/v1/embeddings",
    ("anthropic", "messages"): "https://api.anthropic.com/v1/messages",
    ("mistral_ai", "chat"): "https://api.mistral.ai/v1/chat/completions",
}
_NAMES = {"openai": "openai", "anthropic": "anthropic", "mistral_ai": "mistral"}
_NUMBERS_RETRIES = ("openai", "anthropic")
"""Providers whose SDK numbers its attempts in a header."""
_ERRORS = {
    429: ("rate_limit_error", "Rate limit reached"),
    500: ("server_error", "The server had an error while processing your request"),
    529: ("overloaded_error", "Overloaded"),
}
_LITELLM_ERRORS = {429: "RateLimitError", 500: "InternalServerError"}
_CALL_TYPES = {"chat": "acompletion", "embeddings": "aembedding"}
_COMPRESSION = 4
"""A level on which size and speed are both good: half the time of level 6 for a tenth more bytes."""


def write(folder: Path, month: str, calls: Iterable[Call]) -> None:
    """Write one file per gateway; calls past every gateway are in none."""
    folder.mkdir(parents=True, exist_ok=True)
    lines: dict[str, list[bytes]] = {gateway: [] for gateway in _RECORDS}
    for call in calls:
        if call.gateway:
            record = _RECORDS[call.gateway](call)
            lines[call.gateway].append(json.dumps(record, ensure_ascii=False).encode() + b"\n")
    for gateway, content in lines.items():
        write_gzip(folder / f"{gateway}-{month}.jsonl.gz", content)


def write_gzip(path: Path, lines: Iterable[bytes]) -> None:
    """Compress lines to a file whose bytes depend on nothing but them."""
    with path.open("wb") as file, gzip.GzipFile("", "wb", _COMPRESSION, file, mtime=0) as packed:
        packed.writelines(lines)


def exchange(call: Call) -> Body:
    """A raw request and its response."""
    model = call.model
    headers = {"x-stainless-retry-count": str(call.retry)} if model.provider in _NUMBERS_RETRIES else {}
    return {
        "timestamp": call.started_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "provider": _NAMES[model.provider],
        "url": _URLS[model.provider, model.operation],
        "status": call.status,
        "request_headers": headers,
        "stream": call.streamed,
        "request": call.body,
        "response": _answer(call) if call.succeeded else _error(call),
        "latency_ms": call.latency_ms,
        "metadata": {"team": call.team, "workload": call.workload},
    }


def litellm(call: Call) -> Body:
    """A row of LiteLLM's spend logs."""
    usage = _usage(call)
    code = str(call.status)
    failure = None if call.succeeded else {"error_code": code, "error_class": _LITELLM_ERRORS[call.status]}
    return {
        "request_id": _response_id(call),
        "call_type": _CALL_TYPES[call.model.operation],
        "api_key": f"key-{call.team}",
        "total_tokens": usage.get("total_tokens", 0),
        "prompt_tokens": usage.get("prompt_tokens", 0),
        "completion_tokens": usage.get("completion_tokens", 0),
        "startTime": _naive(call.started_at),
        "endTime": _naive(call.started_at + timedelta(milliseconds=call.latency_ms)),
        "model": call.model.name,
        "model_group": call.model.requested,
        "custom_llm_provider": _NAMES[call.model.provider],
        "api_base": "https://api.openai.com/v1",
        "metadata": json.dumps({"usage_object": usage or None, "error_information": failure}),
        "cache_hit": "None",
        "request_tags": json.dumps([call.workload]),
        "team_id": call.team,
        "response": json.dumps(_answer(call) if call.succeeded else {}, ensure_ascii=False),
        "proxy_server_request": json.dumps(call.body, ensure_ascii=False),
        "status": "success" if call.succeeded else "failure",
    }


_RECORDS: Mapping[str, Callable[[Call], Body]] = {"exchanges": exchange, "litellm": litellm}


def _naive(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")


def _response_id(call: Call) -> str:
    if call.model.operation == "messages":
        return f"msg_{call.response_id}"
    if call.model.provider == "openai" and call.model.operation == "chat":
        return f"chatcmpl-{call.response_id}"
    return f"{call.response_id:0>32}"


def _answer(call: Call) -> Body:
    usage = {"usage": _usage(call)} if call.usage_logged else {}
    if call.model.operation == "embeddings":
        return {"object": "list", "model": call.model.name, **usage}
    if call.model.operation == "messages":
        content = [{"type": "text", "text": call.answer}]
        frame = {"type": "message", "role": "assistant", "stop_reason": "end_turn"}
        return {"id": _response_id(call), "model": call.model.name, **frame, "content": content, **usage}
    message = {"role": "assistant", "content": call.answer}
    return {
        "id": _response_id(call),
        "object": "chat.completion",
        "created": int(call.started_at.timestamp()),
        "model": call.model.name,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        **usage,
    }


def _error(call: Call) -> Body:
    kind, message = _ERRORS[call.status]
    return {"type": "error", "error": {"type": kind, "message": message}}


def _usage(call: Call) -> Body:
    """The usage block of the response, in the convention of its provider."""
    tokens = call.tokens
    if not tokens:
        return {}
    uncached, cached, output = (tokens.get(name, 0) for name in ("uncached_input", "cache_read", "output"))
    if call.model.provider == "anthropic":
        written = tokens.get("cache_write_5m", 0)
        return {
            "input_tokens": uncached,
            "cache_creation_input_tokens": written,
            "cache_read_input_tokens": cached,
            "cache_creation": {"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0},
            "output_tokens": output,
            "service_tier": "standard",
        }
    total = uncached + cached
    usage = {"prompt_tokens": total, "completion_tokens": output, "total_tokens": total + output}
    details = call.model.provider == "openai" and call.model.operation == "chat"
    return {**usage, "prompt_tokens_details": {"cached_tokens": cached}} if details else usage
