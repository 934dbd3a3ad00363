"""What the readers of provider documents share: keys, periods, currencies, amounts, tiers.

Lives here: checks and shapes that mean the same in every document of the bill side.
Does not live here: where a document keeps a field (the reader's module), or how it is decoded (intake/).
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Context, Decimal

from tickmark import money
from tickmark.errors import RecordRejected
from tickmark.formats import Json, JsonObject, decimal, instant, optional_text, text
from tickmark.records import UsageBucket

WIDE = Context(prec=60)
"""Moves a decimal point without rounding; the ambient context keeps only 28 digits."""
TOKENS = "Tokens"
"""The consumed unit that counts single tokens, as FOCUS writes it."""
MAX_DECIMAL = Decimal(10) ** 20
"""DECIMAL(38,18) holds what is below."""
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DAY = re.compile(r"(\d{4})(-?)(\d{2})\2(\d{2})(?:[ T]00:00:00(?:Z|\+00:00)?)?", re.ASCII)
_ISO_4217 = re.compile(r"[A-Za-z]{3}", re.ASCII)


def natural_key(format_name: str, dimensions: Mapping[str, object]) -> str:
    """Identity of a record: what it is about, without how much.

    Absent and null dimensions do not count, so a provider that adds a column it leaves empty does not
    change the identity of what was delivered before.
    """
    present = {name: value for name, value in dimensions.items() if value is not None}
    ordered = json.dumps(present, sort_keys=True, default=str)
    return f"{format_name}:{hashlib.blake2b(ordered.encode(), digest_size=16).hexdigest()}"


def filled(record: JsonObject, *nulls: str) -> JsonObject:
    """The fields of a record that hold something; `nulls` are words that its source writes for nothing."""
    return {field: value for field, value in record.items() if value not in ("", None, *nulls)}


def pick(record: JsonObject, fields: tuple[str, ...]) -> dict[str, object]:
    """The named fields of a record, null where absent."""
    return {field: record.get(field) for field in fields}


def period(
    record: JsonObject, start_field: str, end_field: str, *, naive_is_utc: bool = False
) -> tuple[datetime, datetime]:
    """A half-open period in UTC; raise RecordRejected where it is empty or runs backwards."""
    start = instant(record, start_field, naive_is_utc=naive_is_utc)
    end = instant(record, end_field, naive_is_utc=naive_is_utc)
    if start >= end:
        raise RecordRejected("E-FIELD-PERIOD", end_field, f"a time after {start_field}", record[end_field])
    return start, end


def at_midnight(written: Json) -> Json:
    """An ISO day as its first instant in UTC; what is no such day stays, for `instant` to judge."""
    is_day = isinstance(written, str) and _ISO_DAY.fullmatch(written)
    return f"{written}T00:00:00Z" if is_day else written


def utc_day(record: JsonObject, field: str) -> tuple[datetime, datetime]:
    """A UTC day that is written as 2026-07-25 or 20260725, or as its midnight."""
    written = text(record, field)
    found = _DAY.fullmatch(written)
    day = "-".join(found.group(1, 3, 4)) if found else None
    try:
        start = instant({field: at_midnight(day)}, field)
    except RecordRejected:
        raise RecordRejected("E-FIELD-TIME", field, "a day like 2026-07-25 or 20260725", written) from None
    return start, start + timedelta(days=1)


def currency(record: JsonObject, field: str) -> str:
    """An ISO 4217 code, upper case: 'usd' → 'USD'."""
    code = text(record, field)
    if not is_iso_4217(code):
        raise RecordRejected("E-FIELD-CURRENCY", field, "a three-letter ISO 4217 code", code)
    return code.upper()


def is_iso_4217(code: str) -> bool:
    """Has a code the shape of a national currency's; other names are virtual currencies."""
    return _ISO_4217.fullmatch(code) is not None


def required_decimal(record: JsonObject, field: str) -> Decimal:
    """An exact number that the format always carries."""
    if (number := decimal(record, field)) is None:
        raise RecordRejected("E-FIELD-MISSING", field, "a decimal number", record.get(field))
    return number


def storable(number: Decimal, field: str) -> Decimal:
    """An amount, price or quantity as the tables keep it, to 18 decimal places."""
    if abs(number) >= MAX_DECIMAL:
        raise RecordRejected("E-FIELD-RANGE", field, "a number below 10^20", number)
    return money.amount(number)


def optional_decimal(record: JsonObject, field: str) -> Decimal | None:
    """A storable number, or None where it is absent or empty."""
    number = decimal(record, field)
    return None if number is None else storable(number, field)


def float_amount(record: JsonObject, field: str) -> Decimal:
    """An amount its source keeps as a 64-bit float, without the float's noise; text is exact as written."""
    number = required_decimal(record, field)
    return storable(number if isinstance(record[field], str) else money.amount_from_float64(number), field)


def grouped_by(record: JsonObject, field: str) -> str:
    """A dimension that is null unless the export was asked to group by it."""
    if (value := optional_text(record, field)) is None:
        raise RecordRejected("E-FIELD-MISSING", field, f"a value (export with group_by={field})", None)
    return value


def service_tier(tier: str | None) -> str:
    """The tier in the rate book's words: lower case; 'default' and none mean standard."""
    return "standard" if tier is None or tier == "default" else tier.lower()


def served_tier(tier: str | None, speed: str | None) -> str:
    """The tier of Anthropic's documents: fast mode is one of its own, as the price list has it."""
    return "fast" if speed == "fast" else service_tier(tier)


def usage_rows(first: UsageBucket, tokens: Mapping[str, int]) -> Iterator[UsageBucket]:
    """One row per class that was used, from the row of `uncached_input`.

    That row is always there, even with 0 tokens, and it alone carries `requests`: adding up the
    column counts each request once.
    """
    yield replace(first, record_key=f"{first.record_key}:{first.token_class}")
    for token_class, used in tokens.items():
        if used:
            yield replace(
                first,
                record_key=f"{first.record_key}:{token_class}",
                token_class=token_class,
                tokens_usage_export=used,
                requests=None,
            )
