"""What the organization endpoints of OpenAI have in common: the frame of a result, and its counts.

Lives here: kinds of results, bucket times, group keys, request counts, and the disjoint classes of each
endpoint's counts. Does not live here: amounts (openai_costs), and where an export keeps a field.
Source: openai-openapi of 2026-08-21, API reference of 2026-10: GET /v1/organization/usage/* and /costs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tickmark import providers
from tickmark.errors import RecordRejected
from tickmark.formats import JsonObject, count, flag, optional_text, required_count
from tickmark.invoices._fields import grouped_by, natural_key, period, pick, service_tier, usage_rows
from tickmark.records import UsageBucket

GROUP_KEYS = (
    *("project_id", "user_id", "api_key_id", "model", "batch", "service_tier", "api_source"),
    *("size", "source", "vector_store_id", "context_level"),
)
NO_MODEL = "(none)"
"""The model of what no model does: storage, sessions, searches in files."""
MAX_UNITS = 10**18
"""Bytes, characters and seconds may be more than any count of tokens."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What an endpoint counts where it is one thing: the field, and its class."""

    field: str
    token_class: str
    has_model: bool = True
    counts_requests: bool = True


TOKENS_OF_ALL_KINDS = ("completions", "decisions")
"""Endpoints that count tokens of every class and modality."""
_INPUT = Counted("input_tokens", "uncached_input")
ONE_CLASS = {
    "embeddings": _INPUT,
    # Moderation is free: as input its tokens would lack a price.
    "moderations": Counted("input_tokens", "moderation_token"),
    "images": Counted("images", "image"),
    "audio_speeches": Counted("characters", "speech_character"),
    "audio_transcriptions": Counted("seconds", "audio_second"),
    "vector_stores": Counted("usage_bytes", "storage_byte", has_model=False, counts_requests=False),
    "code_interpreter_sessions": Counted(
        "num_sessions", "code_session", has_model=False, counts_requests=False
    ),
    "file_searches": Counted("num_requests", "file_search_call", has_model=False, counts_requests=False),
    # Its model requests are those of completions: counted there.
    "web_searches": Counted("num_requests", "web_search", counts_requests=False),
}
"""Endpoints as results name them (`organization.usage.<endpoint>.result`), and what each counts."""

_WITHIN = (
    (
        *("uncached_input", "input_text_tokens"),
        {"input_audio": "input_audio_tokens", "input_image": "input_image_tokens"},
    ),
    (
        *("cache_read", "input_cached_text_tokens"),
        {"cache_audio": "input_cached_audio_tokens", "cache_image": "input_cached_image_tokens"},
    ),
    (
        *("output", "output_text_tokens"),
        {"output_audio": "output_audio_tokens", "output_image": "output_image_tokens"},
    ),
)
"""A class with its text, and the other modalities that are counted inside it."""


def require_kind(record: JsonObject, kind: str) -> None:
    """Refuse the result of another endpoint, as its `object` names it."""
    # Results share field names: completions read as embeddings would lose their output in silence.
    if record.get("object", kind) != kind:
        raise RecordRejected("E-RESULT-KIND", "object", f"'{kind}'", record["object"])


def kind_of_usage(endpoint: str) -> str:
    """The `object` of an endpoint's results."""
    return f"organization.usage.{endpoint}.result"


def usage(record: JsonObject, key_space: str, endpoint: str) -> Iterator[UsageBucket]:
    """The rows of one result: one per class that was used, and always the first."""
    if endpoint in TOKENS_OF_ALL_KINDS:
        classes = token_classes(record)
        first = _row(record, key_space, _INPUT, classes.pop(_INPUT.token_class))
        yield from usage_rows(first, classes)
    else:
        counted = ONE_CLASS[endpoint]
        number = required_count(record, counted.field, MAX_UNITS)
        yield from usage_rows(_row(record, key_space, counted, number), {})


def _row(record: JsonObject, key_space: str, counted: Counted, number: int) -> UsageBucket:
    start, end = period(record, "start_time", "end_time")
    return UsageBucket(
        record_key=natural_key(key_space, {"start": start, "end": end, **pick(record, GROUP_KEYS)}),
        provider=providers.by_name("openai"),
        model=grouped_by(record, "model") if counted.has_model else NO_MODEL,
        token_class=counted.token_class,
        bucket_start=start,
        bucket_end=end,
        tokens_usage_export=number,
        requests=required_count(record, "num_model_requests") if counted.counts_requests else None,
        service_tier=_tier(record),
        project_id=optional_text(record, "project_id"),
        credential_id=optional_text(record, "api_key_id"),
    )


def token_classes(record: JsonObject) -> dict[str, int]:
    """Disjoint classes of a result that counts tokens; raise RecordRejected where its parts do not add up."""
    total = required_count(record, "input_tokens")
    parts = {
        "cache_read": count(record, "input_cached_tokens") or 0,
        "cache_write_30m": count(record, "input_cache_write_tokens") or 0,
        "cache_write_12h": count(record, "input_cache_write_12h_tokens") or 0,
    }
    uncached = total - sum(parts.values())
    if uncached < 0:
        raise RecordRejected(
            "E-USAGE-PARTS", "input_tokens", "at least its cached and cache-write tokens", total
        )
    if count(record, "input_uncached_tokens") not in (None, uncached):
        raise RecordRejected(
            "E-USAGE-PARTS", "input_uncached_tokens", "input_tokens without cached and cache-write", uncached
        )
    return _by_modality(
        record, {"uncached_input": uncached, **parts, "output": required_count(record, "output_tokens")}
    )


def _by_modality(record: JsonObject, parts: Mapping[str, int]) -> dict[str, int]:
    """Audio and image tokens in classes of their own: they have other prices than text."""
    found = dict(parts)
    for token_class, text_field, others in _WITHIN:
        beside = {name: count(record, field) or 0 for name, field in others.items()}
        found[token_class] -= sum(beside.values())
        stated = count(record, text_field)
        if stated != found[token_class] and (stated is not None or any(beside.values())):
            # Another modality, or counts that overlap: none of it may be priced as text.
            expected = "the text tokens that audio and image tokens leave of the total"
            raise RecordRejected("E-USAGE-PARTS", text_field, expected, stated)
        found |= beside
    return found


def _tier(record: JsonObject) -> str:
    return "batch" if flag(record, "batch") else service_tier(optional_text(record, "service_tier"))
