"""`kong_ai`: log lines of Kong's AI plugins.

Where it comes from: any log plugin of Kong (file, http, tcp, ...) on a route with `ai-proxy` or
`ai-proxy-advanced`, one JSON object per line. Newer versions write `ai.proxy`, older ones `ai.<plugin>`; the
request and response transformers call a model of their own and are an attempt of their own.
One record is one downstream request: `tries` has an element per upstream try, so all but the last are retries
hidden in it; which target each try went to is not said. A line without model calls is no usage.
Token convention: OpenAI's names and meaning for every provider, cached tokens inside `prompt_tokens` (details
since Kong 3.11; before, the input has no class). All counts 0 is missing usage.
Cost is not read: Kong multiplies by prices that an operator typed, without a currency, and 0 without them.
Cache: `cache_status` Hit of the semantic cache was answered by Kong.
Operation: from the path at the provider (`upstream_uri`), else of the route.
Zone: `started_at` is Unix milliseconds. There is no response id of the provider; `request.id` is Kong's.
`payload.request` (opt in) is the caller's text in OpenAI's shape, counted again where the provider takes it.
Source: developer.konghq.com, AI audit log reference (2026-08). Checked against its example of the `ai` part;
a whole real line was not at hand.
"""

from collections.abc import Iterator
from datetime import datetime

from tickmark import providers
from tickmark.errors import RecordRejected
from tickmark.formats import Format, JsonObject, child, epoch, optional_text, text
from tickmark.gateways._lines import (
    PATHS,
    Counts,
    after,
    by_path,
    content_key,
    first_of,
    from_cache,
    http_status,
    label,
    logged,
    plain_count,
    settle,
    token_columns,
)
from tickmark.gateways._usage import fill
from tickmark.records import Attempt, Row

PROXIES = ("proxy", "ai-proxy", "ai-proxy-advanced")
ENDINGS = {
    **PATHS,
    "/chat": "chat",
    "/converse": "chat",
    "/converse-stream": "chat",
    ":generatecontent": "chat",
    ":streamgeneratecontent": "chat",
}
OPENAI_SHAPED = ("openai", "azure", "mistral_ai")


def read(record: JsonObject) -> Iterator[Row]:
    """One attempt per plugin that called a model."""
    for plugin, entry in child(record, "ai").items():
        if isinstance(entry, dict) and isinstance(entry.get("meta"), dict):
            yield _attempt(record, plugin, entry)


def _attempt(record: JsonObject, plugin: str, entry: JsonObject) -> Attempt:
    request, meta = child(record, "request"), child(entry, "meta")
    started = epoch(record, "started_at", 1000)
    key = optional_text(request, "id") or content_key(record)
    proxied = plugin in PROXIES
    attempt = Attempt(
        record_key=key if proxied else f"{key}#{plugin}",
        provider=providers.by_name(text(meta, "provider_name")),
        operation=_operation(record, request) if proxied else "chat",
        started_at=started,
        ended_at=_ended(record, started, meta, proxied=proxied),
        request_id=optional_text(request, "id"),
        retries_collapsed=_retries(record) if proxied else None,
        attempt_grain="request_collapsed",
        request_model=optional_text(meta, "request_model"),
        response_model=optional_text(meta, "response_model"),
        streamed=_streamed(meta),
        team=label(child(record, "consumer"), "username"),
        workload=label(child(record, "route"), "name"),
        credential_id=label(child(record, "authenticated_entity"), "id"),
    )
    _bill(attempt, child(entry, "usage"))
    _settle(attempt, record, entry)
    return attempt


def _operation(record: JsonObject, request: JsonObject) -> str:
    paths = [optional_text(record, "upstream_uri") or "", optional_text(request, "uri") or ""]
    found = next(filter(None, (by_path(path.lower(), ENDINGS) for path in paths)), None)
    if found is None:
        expected = f"a path ending in one of {', '.join(ENDINGS)}"
        raise RecordRejected("E-OPERATION", "upstream_uri", expected, paths)
    return found


def _ended(record: JsonObject, started: datetime, meta: JsonObject, *, proxied: bool) -> datetime | None:
    return (
        after(started, child(record, "latencies"), "request")
        if proxied
        else after(started, meta, "llm_latency")
    )


def _retries(record: JsonObject) -> int | None:
    tries = record.get("tries")
    return len(tries) - 1 if isinstance(tries, list) and tries else None


def _streamed(meta: JsonObject) -> bool | None:
    mode = label(meta, "request_mode")
    return None if mode is None else mode == "stream"


def _bill(attempt: Attempt, usage: JsonObject) -> None:
    details = child(usage, first_of(usage, "prompt_tokens_details", "input_tokens_details"))
    parts = child(usage, first_of(usage, "completion_tokens_details", "output_tokens_details"))
    # Kong 3.8 and before document the names in the singular.
    counts = Counts(
        input=plain_count(usage, first_of(usage, "prompt_tokens", "prompt_token", "input_tokens")),
        output=plain_count(usage, first_of(usage, "completion_tokens", "completion_token", "output_tokens")),
        cache_read=plain_count(details, "cached_tokens"),
        reasoning=plain_count(parts, "reasoning_tokens"),
        cached_inside=True if "cached_tokens" in details else None,
    )
    fill(attempt, token_columns(counts, attempt.provider, "usage"))


def _settle(attempt: Attempt, record: JsonObject, entry: JsonObject) -> None:
    status = http_status(child(record, "response"), "status")
    if status is not None:
        settle(attempt, status)
    if (label(child(entry, "cache"), "cache_status") or "").lower() == "hit":
        from_cache(attempt)


def _proxy(record: JsonObject) -> JsonObject:
    parts = child(record, "ai")
    return next((entry for name in PROXIES if isinstance(entry := parts.get(name), dict)), {})


def request_body(record: JsonObject) -> JsonObject | None:
    """The caller's request, where payloads are logged and the provider takes OpenAI's shape."""
    entry, ai = _proxy(record), child(record, "ai")
    name = label(logged(entry, "meta"), "provider_name") or ""
    if providers.by_name(name) not in OPENAI_SHAPED:
        return None
    return logged(logged(entry, "payload"), "request") or logged(logged(ai, "payload"), "request") or None


def answer(record: JsonObject) -> JsonObject | None:
    """The answer in OpenAI's shape, where payloads are logged."""
    return logged(logged(_proxy(record), "payload"), "response") or None


FORMAT = Format(
    name="kong_ai",
    side="gateway",
    tables=("attempts",),
    containers=("json",),
    summary="Kong AI Gateway: log plugin lines of ai-proxy and ai-proxy-advanced",
    verified="unverified",
    read=read,
    shows=("cache classes", "request text", "answer text"),
    request_body=request_body,
    answer=answer,
)
