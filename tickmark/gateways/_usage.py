"""The `usage` blocks of provider responses, as disjoint token classes.

Lives here: which convention a usage block follows, and its classes. Every reader that sees a raw
provider response uses this one mapping. Does not live here: where a gateway keeps the block.

Conventions measured on 4,299 real responses (reference of 2026-11): OpenAI-shaped input counts
include cached tokens, Anthropic's exclude them; reasoning is a part of output in both.
"""

from collections.abc import Mapping

from tickmark.errors import RecordRejected
from tickmark.formats import JsonObject, child, count, required_count
from tickmark.records import Attempt

TokenFields = Mapping[str, "int | str | None"]


def token_fields(usage: JsonObject) -> TokenFields:
    """Fields of `Attempt` that a provider's usage block fills."""
    if "prompt_tokens" in usage:
        return _inclusive(
            usage, "prompt_tokens", "completion_tokens", "prompt_tokens_details", "completion_tokens_details"
        )
    if "input_tokens" in usage and ("total_tokens" in usage or "input_tokens_details" in usage):
        return _inclusive(
            usage, "input_tokens", "output_tokens", "input_tokens_details", "output_tokens_details"
        )
    if "input_tokens" in usage:
        return _anthropic(usage)
    raise RecordRejected("E-USAGE-SHAPE", "usage", "prompt_tokens or input_tokens", dict(usage))


def has_counts(usage: JsonObject) -> bool:
    """Whether a block names the counts that `token_fields` reads."""
    return "prompt_tokens" in usage or "input_tokens" in usage


def _inclusive(
    usage: JsonObject, input_field: str, output_field: str, details: str, output_details: str
) -> TokenFields:
    total = required_count(usage, input_field)
    parts = child(usage, details)
    read = _cache_read(usage, parts)
    written = count(parts, "cache_write_tokens") or 0
    uncached = total - read - written - (count(usage, "cache_creation_input_tokens") or 0)
    if uncached < 0:
        raise RecordRejected("E-USAGE-PARTS", f"usage.{details}", f"at most usage.{input_field}", parts)
    return {
        "tokens_input_total": total,
        "tokens_uncached_input": uncached,
        "tokens_cache_read": read,
        # OpenAI's default cache write lives 30 minutes (gpt-5.6 and later, pricing page of 2026-07).
        "tokens_cache_write_30m": written,
        "tokens_output": count(usage, output_field) or 0,
        "tokens_output_reasoning": count(child(usage, output_details), "reasoning_tokens"),
        "token_semantics": "inclusive",
        "usage_origin": "provider_reported",
        **_litellm_writes(usage, parts, total),
    }


def with_cached(
    total: int, cached: int | None, output: int, reasoning: int | None = None, *, field: str = "usage"
) -> TokenFields:
    """Counts of a source that knows its input as a total and, at most, the cached part of it.

    Where it does not say what was cached, `fill` leaves the input without a class: it is never uncached.
    """
    if cached is not None and cached > total:
        raise RecordRejected("E-USAGE-PARTS", field, "at most the input it is a part of", cached)
    return {
        "tokens_input_total": total,
        "tokens_uncached_input": total - (cached or 0),
        "tokens_cache_read": cached,
        "tokens_output": output,
        "tokens_output_reasoning": reasoning,
        "token_semantics": "unknown" if cached is None else "inclusive",
        "usage_origin": "provider_reported",
    }


def fill(attempt: Attempt, fields: TokenFields) -> None:
    """Set what a usage block or columns say; without a convention for cached tokens there are no classes."""
    for field, value in fields.items():
        setattr(attempt, field, value)
    if attempt.token_semantics == "unknown" and attempt.tokens_input_total is not None:
        unclassify(attempt)


def unclassify(attempt: Attempt) -> None:
    """Nobody can say what of this input was cached: no class, no price. Embeddings are never cached."""
    attempt.token_semantics, total = "unknown", attempt.tokens_input_total
    if attempt.operation == "embeddings":
        attempt.tokens_uncached_input, attempt.tokens_unclassified = total, None
        return
    attempt.tokens_uncached_input, attempt.tokens_unclassified = None, total
    attempt.tokens_cache_read = attempt.tokens_cache_write_5m = attempt.tokens_cache_write_30m = None
    attempt.tokens_cache_write_1h = attempt.tokens_cache_write_12h = None


def _litellm_writes(usage: JsonObject, details: JsonObject, total: int) -> TokenFields:
    """LiteLLM turns Anthropic's counts into OpenAI's shape and keeps the writes beside it (1.109)."""
    if "cache_creation_input_tokens" not in usage:
        return {}
    minutes, hour, unclassified = _anthropic_writes(usage, child(details, "cache_creation_token_details"))
    return {
        "tokens_input_total": total - unclassified,
        "tokens_cache_write_5m": minutes,
        "tokens_cache_write_1h": hour,
        "tokens_unclassified": unclassified,
    }


def _cache_read(usage: JsonObject, details: JsonObject) -> int:
    """Cached tokens, under the name each OpenAI-shaped host gives them."""
    for holder, field in (
        (details, "cached_tokens"),
        (usage, "prompt_cache_hit_tokens"),
        (usage, "num_cached_tokens"),
        (usage, "cache_read_input_tokens"),
    ):
        if (value := count(holder, field)) is not None:
            return value
    return 0


def _anthropic(usage: JsonObject) -> TokenFields:
    uncached = required_count(usage, "input_tokens")
    read = count(usage, "cache_read_input_tokens") or 0
    minutes, hour, unclassified = _anthropic_writes(usage, child(usage, "cache_creation"))
    return {
        "tokens_input_total": uncached + read + minutes + hour,
        "tokens_uncached_input": uncached,
        "tokens_cache_read": read,
        "tokens_cache_write_5m": minutes,
        "tokens_cache_write_1h": hour,
        "tokens_unclassified": unclassified,
        "tokens_output": count(usage, "output_tokens") or 0,
        "tokens_output_reasoning": count(child(usage, "output_tokens_details"), "thinking_tokens"),
        "units_web_search": count(child(usage, "server_tool_use"), "web_search_requests"),
        "token_semantics": "exclusive",
        "usage_origin": "provider_reported",
    }


def _anthropic_writes(usage: JsonObject, split: JsonObject) -> tuple[int, int, int]:
    """Cache writes of 5 minutes, of an hour, and of neither; without a split all live 5 minutes."""
    written = count(usage, "cache_creation_input_tokens") or 0
    hour = count(split, "ephemeral_1h_input_tokens") or 0
    # The usage export has only the split; answers with web searches write more into the total (2026-01).
    minutes = (count(split, "ephemeral_5m_input_tokens") or 0) if split else written
    if minutes + hour > written:
        raise RecordRejected(
            "E-USAGE-PARTS", "usage.cache_creation", "at most cache_creation_input_tokens", split
        )
    return minutes, hour, written - minutes - hour


def served_tier(response: JsonObject, usage: JsonObject) -> str:
    """The tier that was served (never the one asked for), in the rate book's words; fast mode is one."""
    if usage.get("speed") == "fast":
        return "fast"
    tier = response.get("service_tier") or usage.get("service_tier") or "standard"
    return "standard" if tier == "default" else str(tier).lower()
