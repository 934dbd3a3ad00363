"""What a format is, and typed access to a decoded record.

Lives here: the contract between `intake/` (which owns bytes) and the readers in `gateways/`
and `invoices/` (which own meaning): a reader is a pure function from one decoded record to rows.
Does not live here: opening, decompressing or decoding files (intake/).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, TypeAlias

from tickmark import money, months
from tickmark.errors import RecordRejected
from tickmark.records import Row

Json: TypeAlias = "str | int | Decimal | bool | list[Json] | dict[str, Json] | None"
JsonObject: TypeAlias = Mapping[str, Json]
"""A decoded object: integers are int, other numbers Decimal, duplicate keys were refused."""

MAX_TOKENS = 10**10
YEARS = range(2014, 2100)
"""Years of our time: seconds read as milliseconds, or the other way round, are of none of them."""


@dataclass(frozen=True, slots=True)
class Format:
    """One format a gateway or a provider delivers.

    `container` says how bytes become records: `jsonl` one object per line; `csv` one mapping of
    column to text per row (every column is a string); `bucket_pages` the paged buckets of usage
    and cost APIs, one record per result, with its bucket's fields merged in under their own names.
    `read` yields canonical rows, or raises RecordRejected. `request_body` returns the logged
    request as the provider got it, `answer` what came back, or None where the log holds no text.
    """

    name: str
    side: Literal["gateway", "bill"]
    table: Literal["attempts", "usage_buckets", "billing_lines", "invoices"]
    container: Literal["jsonl", "csv", "bucket_pages"]
    summary: str
    verified: str
    read: Callable[[JsonObject], Iterator[Row]]
    columns: tuple[str, ...] = ()
    request_body: Callable[[JsonObject], JsonObject | None] | None = None
    answer: Callable[[JsonObject], JsonObject | None] | None = None
    keyed: bool = True
    """False where records have no natural key (FOCUS lines): equal lines of one file are all real."""


def text(record: JsonObject, field: str) -> str:
    """A required, non-empty string."""
    if (value := optional_text(record, field)) is None:
        raise RecordRejected("E-FIELD-MISSING", field, "a non-empty string", record.get(field))
    return value


def optional_text(record: JsonObject, field: str) -> str | None:
    """A string, or None where it is absent, null or empty."""
    value = record.get(field)
    if value is not None and not isinstance(value, str):
        raise RecordRejected("E-FIELD-TYPE", field, "a string", value)
    return value or None


def count(record: JsonObject, field: str) -> int | None:
    """A whole number of tokens or calls; None where absent or null. 12.0, '12', true are refused."""
    value = record.get(field)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise RecordRejected("E-FIELD-TYPE", field, "a whole number", value)
    if not 0 <= value <= MAX_TOKENS:
        raise RecordRejected("E-FIELD-RANGE", field, f"between 0 and {MAX_TOKENS}", value)
    return value


def required_count(record: JsonObject, field: str) -> int:
    """A whole number that the format always carries."""
    if (value := count(record, field)) is None:
        raise RecordRejected("E-FIELD-MISSING", field, "a whole number", None)
    return value


def decimal(record: JsonObject, field: str) -> Decimal | None:
    """An exact number written as a JSON number or as plain decimal text; None where absent or empty."""
    value = record.get(field)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise RecordRejected("E-FIELD-TYPE", field, "a decimal number", value)
    try:
        return money.parse_decimal(str(value))
    except ValueError as error:
        raise RecordRejected("E-FIELD-DECIMAL", field, str(error), value) from None


def instant(record: JsonObject, field: str, *, naive_is_utc: bool = False) -> datetime:
    """A required timestamp: ISO 8601 text, or whole Unix seconds."""
    value = record.get(field)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise RecordRejected("E-FIELD-TIME", field, "a timestamp", value)
    try:
        if isinstance(value, int):
            return months.from_epoch(value)
        found = months.parse_instant(value, naive_is_utc=naive_is_utc)
    except ValueError as error:
        raise RecordRejected("E-FIELD-TIME", field, str(error), value) from None
    if found.year not in YEARS:
        raise RecordRejected("E-FIELD-TIME", field, f"a year from {YEARS[0]} to {YEARS[-1]}", value)
    return found


def child(record: JsonObject, field: str) -> JsonObject:
    """A nested object; empty where absent or null."""
    value = record.get(field)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise RecordRejected("E-FIELD-TYPE", field, "an object", value)
    return value
