"""Langfuse's usage keys, as disjoint token classes.

Lives here: which key is which class, and whether details lie outside the figures they detail. Does not live
here: where an observation keeps its usage (langfuse_observations).

Keys of Langfuse's own price table (2026-08) and of 20 real traces: OpenAI's details with `input_`/`output_`
before them, Anthropic's and Gemini's as they come, OpenInference's as `prompt_details.*`.
"""

from collections.abc import Iterable

from tickmark.formats import JsonObject
from tickmark.gateways._lines import Counts, plain_count

INPUT = ("input", "input_tokens", "prompt_tokens", "promptTokenCount", "prompt_token_count")
OUTPUT = ("output", "output_tokens", "completion_tokens", "candidatesTokenCount", "candidates_token_count")
TOTAL = ("total", "total_tokens", "totalTokenCount", "total_token_count")
CACHE_READ = (
    "input_cached_tokens",
    "input_cache_read",
    "cache_read_input_tokens",
    "cachedContentTokenCount",
    "cached_content_token_count",
    "prompt_details.cache_read",
)
CACHE_READ_PARTS = ("input_cached_text_tokens", "input_cached_audio_tokens")
CACHE_WRITE = (
    "input_cache_creation",
    "cache_creation_input_tokens",
    "cache_write_tokens",
    "prompt_details.cache_write",
)
CACHE_WRITE_5M = ("input_cache_creation_5m",)
CACHE_WRITE_1H = ("input_cache_creation_1h",)
REASONING = (
    "output_reasoning_tokens",
    "output_reasoning",
    "reasoning_tokens",
    "thoughtsTokenCount",
    "thoughts_token_count",
    "completion_details.reasoning",
)
_NAMED = {*CACHE_READ, *CACHE_READ_PARTS, *CACHE_WRITE, *CACHE_WRITE_5M, *CACHE_WRITE_1H, *REASONING}
_NAMED |= {*INPUT, *OUTPUT}
_ORDER = ((True, True), (False, False), (False, True), (True, False))


def counts(usage: JsonObject) -> Counts:
    """Counts of a usage map; details are outside `input` and `output` unless its total proves otherwise."""
    read, reasoning = _first(usage, CACHE_READ), _first(usage, REASONING)
    read = _sum(usage, CACHE_READ_PARTS) if read is None else read
    write, hour = _written(usage)
    other_input = _sum(usage, _others(usage, ("input_", "prompt_details."))) or 0
    other_output = _sum(usage, _others(usage, ("output_", "completion_details."))) or 0
    given, said = _first(usage, INPUT), _first(usage, OUTPUT)
    details = ((read or 0) + (write or 0) + (hour or 0) + other_input, (reasoning or 0) + other_output)
    input_outside, output_outside = _outside(_first(usage, TOTAL), (given or 0) + (said or 0), details)
    return Counts(
        input=0 if given is None and details[0] else given,
        output=(said or 0) + details[1] if output_outside and details[1] else said,
        cache_read=read,
        cache_write=write,
        cache_write_1h=hour,
        reasoning=reasoning,
        unclassified=other_input if input_outside and other_input else None,
        cached_inside=not input_outside,
    )


def _written(usage: JsonObject) -> tuple[int | None, int | None]:
    """Cache writes of the default lifetime and of an hour; where both are named, their sum is not read."""
    minutes, hour = _first(usage, CACHE_WRITE_5M), _first(usage, CACHE_WRITE_1H)
    return (_first(usage, CACHE_WRITE), None) if minutes is hour is None else (minutes, hour)


def _outside(total: int | None, plain: int, details: tuple[int, int]) -> tuple[bool, bool]:
    """Do the details of input and of output come on top of them? Where the total is silent, yes."""
    for outside in _ORDER:
        if total == plain + sum(part for part, added in zip(details, outside, strict=True) if added):
            return outside
    return True, True


def _others(usage: JsonObject, beginnings: tuple[str, ...]) -> Iterable[str]:
    """Details of other kinds: audio, images, predictions."""
    return [key for key in usage if key.startswith(beginnings) and key not in _NAMED]


def _first(usage: JsonObject, keys: Iterable[str]) -> int | None:
    """Of several names for one count, the first that is there."""
    return next((value for key in keys if (value := plain_count(usage, key)) is not None), None)


def _sum(usage: JsonObject, keys: Iterable[str]) -> int | None:
    found = [value for key in keys if (value := plain_count(usage, key)) is not None]
    return sum(found) if found else None
