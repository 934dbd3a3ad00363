"""What a format is, and typed access to a decoded record.

Lives here: the contract between `intake/` (which owns bytes) and the readers in `gateways/`
and `invoices/` (which own meaning): a reader is a pure function from one decoded record to rows.
Does not live here: opening, decompressing or decoding files (intake/).
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, TypeAlias

from tickmark import money, months
from tickmark.errors import RecordRejected
from tickmark.records import Row, TableName

Json: TypeAlias = "str | int | Decimal | bool | list[Json] | dict[str, Json] | None"
JsonObject: TypeAlias = Mapping[str, Json]
"""A decoded object: integers are int, other numbers Decimal, duplicate keys were refused."""

MAX_TOKENS = 10**10
_DIGITS = re.compile(r"[0-9]{1,20}", re.ASCII)
_FLAGS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
YEARS = range(2014, 2100)
"""Years of our time: seconds read as milliseconds, or the other way round, are of none of them."""


Container: TypeAlias = Literal["jsonl", "json", "csv", "parquet", "bucket_pages", "pdf"]
Shows: TypeAlias = Literal[
    "attempts", "cache classes", "request text", "answer text", "tier", "response id", "cost"
]


@dataclass(frozen=True, slots=True)
class Format:
    """One format a gateway or a provider delivers.

    `containers` says how bytes become records; of several, the file's name decides (the first is meant
    where it does not say). `jsonl`: one object per line. `json`: the same, or one document that spans
    lines. `csv`, `parquet`: one mapping of column to cell per row. `bucket_pages`: the paged buckets of
    usage and cost APIs, one record per result, with its bucket's fields merged in under their own names.
    `pdf`: one record per file, `rows` of text as they stand on its pages.
    `unfold` cuts a JSON value into its records, each with its place; without it a list is its elements.
    `read` yields canonical rows, none where the record is of a kind that is about no usage, or raises
    RecordRejected. `version` orders deliveries of one key: the highest is the record, lower ones are
    superseded; without it a second content is a contradiction. `covers` is the period a record speaks about,
    in exports that have rows for idle periods too: what none of them covers is a gap. `thread` starts the
    memory of one file: it gives every record what the ones before it said, where a record alone does not mean
    enough. `request_body` returns the logged request as the provider got it, `answer` what came back, or None
    where the log holds no text.
    """

    name: str
    side: Literal["gateway", "bill"]
    tables: tuple[TableName, ...]
    containers: tuple[Container, ...]
    summary: str
    verified: Literal["real file", "unverified", "own format"]
    read: Callable[[JsonObject], Iterator[Row]]
    shows: tuple[Shows, ...] = ()
    columns: tuple[str, ...] = ()
    """Columns that a table must have."""
    numeric: tuple[str, ...] = ()
    """Columns whose CSV cells are numbers in plain ASCII, decoded as JSON would be; empty is null."""
    unfold: Callable[[Json], Iterator[tuple[str, Json]]] | None = None
    version: Callable[[JsonObject], int] | None = None
    covers: Callable[[JsonObject], tuple[datetime, datetime]] | None = None
    thread: Callable[[], Callable[[JsonObject], JsonObject]] | None = None
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


def one_of(record: JsonObject, field: str, words: Collection[str]) -> str:
    """A required word of a list; any other one is refused, never guessed."""
    if (word := text(record, field)) not in words:
        raise RecordRejected("E-FIELD-VALUE", field, f"one of {', '.join(words)}", word)
    return word


def count(record: JsonObject, field: str, upto: int = MAX_TOKENS) -> int | None:
    """A whole number of tokens, calls or units; None where absent or null. 12.0, '12', true are refused."""
    value = record.get(field)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise RecordRejected("E-FIELD-TYPE", field, "a whole number", value)
    if not 0 <= value <= upto:
        raise RecordRejected("E-FIELD-RANGE", field, f"between 0 and {upto}", value)
    return value


def required_count(record: JsonObject, field: str, upto: int = MAX_TOKENS) -> int:
    """A whole number that the format always carries."""
    if (value := count(record, field, upto)) is None:
        raise RecordRejected("E-FIELD-MISSING", field, "a whole number", None)
    return value


def flag(record: JsonObject, field: str) -> bool | None:
    """True or false as JSON, Postgres, ClickHouse and CSV write it; None where absent or empty."""
    value = record.get(field)
    if value is None or value == "":
        return None
    if (word := str(value).lower()) not in _FLAGS:
        raise RecordRejected("E-FIELD-TYPE", field, "true or false", value)
    return _FLAGS[word]


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


def epoch(record: JsonObject, field: str, per_second: int) -> datetime:
    """Required Unix time, a number or its digits as text; 1000 per second are milliseconds."""
    value = record.get(field)
    number = int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else value
    if isinstance(number, bool) or not isinstance(number, int | Decimal):
        raise RecordRejected("E-FIELD-TIME", field, "Unix time", value)
    try:
        return months.from_epoch(number, per_second)
    except ValueError as error:
        raise RecordRejected("E-FIELD-TIME", field, str(error), value) from None


def child(record: JsonObject, field: str) -> JsonObject:
    """A nested object; empty where absent or null."""
    value = record.get(field)
    return {} if value is None else _object(value, field)


def objects(record: JsonObject, field: str) -> list[JsonObject]:
    """The objects of a list; none where it is absent or null."""
    value = record.get(field)
    if value is None:
        return []
    if not isinstance(value, list):
        raise RecordRejected("E-FIELD-TYPE", field, "a list of objects", value)
    return [_object(item, f"{field}{place}") for place, item in items(value)]


def _object(value: Json, field: str) -> JsonObject:
    if not isinstance(value, dict):
        raise RecordRejected("E-FIELD-TYPE", field, "an object", value)
    return value


def whole(record: JsonObject, field: str) -> int | None:
    """A count that its source writes as a float (59200.0); 12.5 is refused."""
    value = record.get(field)
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return count({field: int(value)}, field)
    return count(record, field)


def items(value: Json) -> Iterator[tuple[str, Json]]:
    """The elements of a list, or the value itself."""
    if isinstance(value, list):
        yield from ((f"[{index}]", item) for index, item in enumerate(value))
    else:
        yield "", value


def enveloped(value: Json) -> Iterator[tuple[str, Json]]:
    """The same out of the envelope `{"data": ...}` in which an API answers, once or in a list of answers."""
    if isinstance(value, dict) and isinstance(value.get("data"), dict | list):
        yield from ((f"data{place}", item) for place, item in items(value["data"]))
    elif isinstance(value, list):
        yield from ((f"{at}{place}", item) for at, answer in items(value) for place, item in _opened(answer))
    else:
        yield "", value


def _opened(answer: Json) -> Iterator[tuple[str, Json]]:
    return items(answer) if isinstance(answer, list) else enveloped(answer)
