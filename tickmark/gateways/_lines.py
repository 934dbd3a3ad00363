"""What log lines of gateways share: endpoints, counts in columns, latency, cost, outcome by status, keys.

Lives here: shapes that mean the same in every gateway's log. Does not live here: where a gateway keeps a
field (its reader's module), or the usage blocks of providers (`_usage`).
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from tickmark import money, months
from tickmark.errors import RecordRejected
from tickmark.formats import Json, JsonObject, count, decimal, instant, items
from tickmark.gateways._usage import TokenFields
from tickmark.records import Attempt
from tickmark.strictjson import json_object

MAX_COST = 10**9
MAX_LATENCY_MS = 10**9
HTTP_ERROR = 400
_UNANSWERED = {0: "client_abort", 408: "timeout", 499: "client_abort", 504: "timeout"}
_STATUSES = range(600)
_CACHE_WRITE = {"openai": "tokens_cache_write_30m", "azure": "tokens_cache_write_30m"}
"""The lifetime of a cache write whose log names none: the provider's default, elsewhere 5 minutes."""
_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_DIGITS = re.compile(r"[0-9]{1,20}", re.ASCII)


PATHS = {
    "/chat/completions": "chat",
    "/completions": "completions",
    "/responses": "responses",
    "/embeddings": "embeddings",
    "/messages": "messages",
}
"""How the path of an endpoint ends, and what the endpoint does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Token counts of one answer as a log keeps them; None where it has no such column."""

    input: int | None
    output: int | None
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_1h: int | None = None
    reasoning: int | None = None
    unclassified: int | None = None
    cached_inside: bool | None = None
    """Does `input` include the cached tokens; None where the log cannot split them: then none has a class."""


def token_columns(counts: Counts, provider: str, field: str) -> TokenFields:
    """Fields of `Attempt` that counts fill; none where all are 0 or absent: usage is missing."""
    parts = (counts.cache_read, counts.cache_write, counts.cache_write_1h)
    cached = sum(part or 0 for part in parts)
    if not (counts.input or counts.output or cached):
        return {}
    if counts.input is None:
        raise RecordRejected("E-FIELD-MISSING", field, "a count of input tokens beside the others", None)
    total = counts.input + cached if counts.cached_inside is False else counts.input
    if cached > total:
        raise RecordRejected("E-USAGE-PARTS", field, "cached tokens of at most the input", cached)
    return {
        "tokens_input_total": total,
        "tokens_uncached_input": total - cached,
        "tokens_cache_read": counts.cache_read,
        _CACHE_WRITE.get(provider, "tokens_cache_write_5m"): counts.cache_write,
        "tokens_cache_write_1h": counts.cache_write_1h,
        "tokens_unclassified": counts.unclassified,
        "tokens_output": counts.output or 0,
        "tokens_output_reasoning": counts.reasoning,
        "token_semantics": _SEMANTICS[counts.cached_inside],
        "usage_origin": "provider_reported",
    }


_SEMANTICS = {True: "inclusive", False: "exclusive", None: "unknown"}


def operation(url: str, field: str) -> str:
    """What the endpoint does; raise RecordRejected for an unknown one."""
    if (found := by_path(url, PATHS)) is None:
        raise RecordRejected("E-OPERATION", field, f"a path ending in one of {', '.join(PATHS)}", url)
    return found


def by_path(url: str, endings: Mapping[str, str]) -> str | None:
    """What an endpoint does, by the end of its path."""
    path = url.partition("?")[0]
    return next((name for ending, name in endings.items() if path.endswith(ending)), None)


def settle(attempt: Attempt, status: int) -> None:
    """Outcome by HTTP status: an error that was answered is free; without an answer nobody can tell."""
    attempt.http_status = status or None
    if status in _UNANSWERED:
        attempt.outcome, attempt.billable_expected = _UNANSWERED[status], None
    elif status >= HTTP_ERROR:
        attempt.outcome, attempt.billable_expected = "provider_error", False


def from_cache(attempt: Attempt) -> None:
    """The gateway answered from its own cache: no provider was asked."""
    attempt.outcome, attempt.billable_expected = "gateway_cache_hit", False


def http_status(record: JsonObject, field: str) -> int | None:
    """An HTTP status, 0 where a log says so of a connection without an answer."""
    status = plain_count(record, field)
    if status is not None and status not in _STATUSES:
        raise RecordRejected("E-FIELD-RANGE", field, "an HTTP status", status)
    return status


def plain_count(record: JsonObject, field: str) -> int | None:
    """A count that its source may write as digits: ClickHouse quotes 64-bit integers, CSV has only text."""
    value = record.get(field)
    if value == "":
        return None
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return count({field: int(value)}, field)
    return count(record, field)


def after(started: datetime, record: JsonObject, field: str, per_second: int = 1000) -> datetime | None:
    """The start plus a duration, whole or not; None where the log has none."""
    duration = decimal(record, field)
    if duration is None:
        return None
    milliseconds = duration * 1000 / per_second if abs(duration) <= MAX_LATENCY_MS else Decimal(-1)
    if not 0 <= milliseconds <= MAX_LATENCY_MS:
        raise RecordRejected("E-FIELD-RANGE", field, f"a duration of 0 to {MAX_LATENCY_MS} ms", duration)
    return started + timedelta(microseconds=int(milliseconds * 1000))


def ended(record: JsonObject, field: str, started: datetime) -> datetime | None:
    """When it ended, None where that is absent; a log with two clocks may not have it end before it began."""
    if not record.get(field):
        return None
    end = instant(record, field, naive_is_utc=True)
    if end < started:
        raise RecordRejected("E-FIELD-PERIOD", field, "a time at or after the start", record[field])
    return end


def usd(record: JsonObject, field: str, minor_units: int = 1) -> Decimal | None:
    """A gateway's own cost figure, kept by it as a float; 100 minor units are cents."""
    cost = decimal(record, field)
    if cost is None:
        return None
    if abs(cost) > MAX_COST:
        raise RecordRejected("E-FIELD-RANGE", field, f"at most {MAX_COST}", cost)
    return money.amount_from_float64(cost / minor_units)


def inside(*wrappers: str) -> Callable[[Json], Iterator[tuple[str, Json]]]:
    """How pages are cut: the records inside one of these fields; else a list's, or the value itself."""

    def unfold(value: Json) -> Iterator[tuple[str, Json]]:
        for wrapper in wrappers:
            if isinstance(value, dict) and isinstance(value.get(wrapper), dict | list):
                yield from ((f"{wrapper}{place}", item) for place, item in items(value[wrapper]))
                return
        yield from items(value)

    return unfold


def written_at(record: JsonObject, *fields: str) -> int:
    """Microseconds of the last write, by the first field that is there; 0 where an export has none."""
    field = next((field for field in fields if record.get(field)), None)
    return 0 if field is None else months.microseconds(instant(record, field, naive_is_utc=True))


def snake_case(record: JsonObject, aliases: Mapping[str, str]) -> JsonObject:
    """A record by the snake case names of its fields; `aliases` name what is called otherwise elsewhere."""
    plain = {_snake(name): value for name, value in record.items()}
    return {aliases.get(name, name): value for name, value in plain.items()}


@lru_cache(1024)
def _snake(name: str) -> str:
    return _CAPITAL.sub("_", name).lower()


def first_of(record: JsonObject, *fields: str) -> str:
    """Of several names for one field, the one that the record uses."""
    return next((field for field in fields if record.get(field) not in (None, "")), fields[0])


def label(labels: JsonObject, name: str) -> str | None:
    """A label that callers attach; labels are anyone's, so another kind of value says nothing."""
    value = labels.get(name)
    return value if isinstance(value, str) and value else None


def logged(record: JsonObject, field: str) -> JsonObject:
    """A body that may be logged, as an object or JSON text; empty where it is absent, cut or masked."""
    try:
        return json_object(record, field)
    except RecordRejected:
        return {}


def content_key(record: JsonObject) -> str:
    """A record without an id (failures, embeddings, access logs) is known by its whole content."""
    ordered = json.dumps(record, sort_keys=True, default=str)
    return "content:" + hashlib.blake2b(ordered.encode(), digest_size=16).hexdigest()
