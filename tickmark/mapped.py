"""Reading a record through a mapping: each canonical field from its path, typed and refused like any other.

Lives here: values. Does not live here: the mapping file and its checks (mapping.py).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from tickmark import providers
from tickmark.errors import RecordRejected
from tickmark.formats import Json, JsonObject, decimal, epoch, instant, items
from tickmark.gateways._lines import plain_count
from tickmark.gateways._usage import fill, token_fields, unclassify
from tickmark.invoices._fields import WIDE, natural_key, storable
from tickmark.records import FIELD_TYPES, REQUIRED_FIELDS, Attempt, Row

Keys = Sequence[str]
_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_OFFSET = re.compile(r"(Z|[+-]\d{2}:?\d{2})$", re.ASCII)
_WRITES = (
    "tokens_cache_write_5m",
    "tokens_cache_write_30m",
    "tokens_cache_write_1h",
    "tokens_cache_write_12h",
)


@dataclass(frozen=True, slots=True)
class Cell:
    """Where one field comes from; see `mapping.Source`."""

    path: Keys | None = None
    const: str | int | bool | None = None
    values: Mapping[str, str] | None = None
    unit: str | None = None
    zone: str | None = None
    scale: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Mapped:
    """A mapping, ready to read."""

    record: type[Row]
    table: str
    cells: Mapping[str, Cell]
    key: Sequence[Keys] | None
    only: Mapping[tuple[str, ...], Sequence[str]]
    records: Keys | None
    usage: Keys | None
    input_counts: str | None
    is_table: bool

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that a table must have."""
        return tuple(dict.fromkeys(_column(cell.path) for cell in self.cells.values() if cell.path))

    def unfold(self, value: Json) -> Iterator[tuple[str, Json]]:
        """The records of a JSON value."""
        if self.records is None:
            yield from items(value)
            return
        inner: Json = value
        for key in self.records:
            inner = inner.get(key) if isinstance(inner, dict) else None
        if not isinstance(inner, list):
            raise RecordRejected("E-FIELD-TYPE", ".".join(self.records), "a list of records", inner)
        yield from ((f"{'.'.join(self.records)}{place}", item) for place, item in items(inner))

    def read(self, record: JsonObject) -> Iterator[Row]:
        """One row, or none where the record is about no usage."""
        if not all(self._text(record, path) in values for path, values in self.only.items()):
            return
        types = FIELD_TYPES[self.record]
        found = {name: self._value(record, name, cell, types[name]) for name, cell in self.cells.items()}
        given: dict[str, Any] = {name: value for name, value in found.items() if value is not None}
        for name in REQUIRED_FIELDS[self.record] - given.keys() - {"record_key"}:
            raise RecordRejected("E-FIELD-MISSING", self._name(name), f"a value for {name}", None)
        row = self.record(record_key=self._key(record), **given)
        if isinstance(row, Attempt):
            self._complete(row, record)
        yield row

    def at(self, path: Keys | None) -> Callable[[JsonObject], JsonObject | None] | None:
        """What reads the object at a path of a record."""
        if path is None:
            return None

        def found(record: JsonObject) -> JsonObject | None:
            value = self._at(record, path)
            return value if isinstance(value, dict) else None

        return found

    def _at(self, record: JsonObject, path: Keys) -> Json:
        if self.is_table:
            return record.get(_column(path))
        value: Any = record
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return value  # type: ignore[no-any-return]

    def _text(self, record: JsonObject, path: Keys) -> str:
        value = self._at(record, path)
        return str(value).lower() if isinstance(value, bool) else str(value)

    def _name(self, field: str) -> str:
        cell = self.cells.get(field)
        return field if cell is None or cell.path is None else ".".join(cell.path)

    def _key(self, record: JsonObject) -> str:
        if self.key is None:
            return natural_key("content", record)
        parts = {".".join(path): self._at(record, path) for path in self.key}
        if all(part in (None, "") for part in parts.values()):
            raise RecordRejected("E-FIELD-MISSING", next(iter(parts)), "the record's key", None)
        alone = next(iter(parts.values()))
        return alone if len(parts) == 1 and isinstance(alone, str) else natural_key("mapped", parts)

    def _value(self, record: JsonObject, name: str, cell: Cell, kind: type) -> object:
        place = self._name(name)
        raw = cell.const if cell.path is None else self._at(record, cell.path)
        if raw in (None, ""):
            return None
        if cell.values is not None:
            raw = _translated(raw, cell.values, place)
        if name == "provider":
            raw = providers.by_url(str(raw)) or providers.by_name(str(raw))
        return _READ[kind](raw, place, cell)

    def _complete(self, row: Attempt, record: JsonObject) -> None:
        """Token classes that follow from those that are mapped."""
        if self.usage is not None:
            block = self._at(record, self.usage)
            if isinstance(block, dict):
                fill(row, token_fields(block))
        elif self.input_counts is not None:
            _classify(row, self.input_counts)
        if row.operation == "embeddings" and row.tokens_input_total is not None:
            row.tokens_output = row.tokens_output or 0
        if row.usage_origin == "missing" and None not in (row.tokens_input_total, row.tokens_output):
            row.usage_origin = "provider_reported"


def _classify(row: Attempt, input_counts: str) -> None:
    """The disjoint classes of an input count, by what the mapping says that it includes."""
    counted = row.tokens_input_total if row.tokens_uncached_input is None else row.tokens_uncached_input
    if counted is None:
        return
    beside = (row.tokens_cache_read or 0) + sum(getattr(row, name) or 0 for name in _WRITES)
    if input_counts == "exclude_cached":
        row.token_semantics = "exclusive"
        row.tokens_uncached_input, row.tokens_input_total = counted, counted + beside
        return
    row.tokens_input_total, row.tokens_uncached_input = counted, counted - beside
    if input_counts == "unknown":
        unclassify(row)
        return
    row.token_semantics = "inclusive"
    if row.tokens_uncached_input < 0:
        raise RecordRejected("E-USAGE-PARTS", "tokens_input_total", "at least the cached tokens", beside)


def _column(path: Keys) -> str:
    return ".".join(path)


def _translated(raw: Json, values: Mapping[str, str], place: str) -> str:
    said = str(raw).lower() if isinstance(raw, bool) else str(raw)
    if said not in values:
        raise RecordRejected("E-FIELD-VALUE", place, f"one of {', '.join(values)}", raw)
    return values[said]


def _as_text(raw: Json, place: str, _: Cell) -> str:
    if isinstance(raw, bool) or not isinstance(raw, str | int):
        raise RecordRejected("E-FIELD-TYPE", place, "text", raw)
    return str(raw)


def _as_count(raw: Json, place: str, cell: Cell) -> int:
    if cell.scale is not None:
        scaled = _as_decimal(raw, place, cell)
        raw = int(scaled) if scaled == scaled.to_integral_value() else scaled
    number = plain_count({place: raw}, place)
    assert number is not None  # noqa: S101 - empty values were taken out before
    return number


def _as_decimal(raw: Json, place: str, cell: Cell) -> Decimal:
    number = decimal({place: raw}, place)
    assert number is not None  # noqa: S101 - empty values were taken out before
    return storable(number if cell.scale is None else WIDE.multiply(number, cell.scale), place)


def _as_flag(raw: Json, place: str, _: Cell) -> bool:
    flag = {"true": True, "false": False}.get(raw.lower()) if isinstance(raw, str) else raw
    if not isinstance(flag, bool):
        raise RecordRejected("E-FIELD-TYPE", place, "true or false", raw)
    return flag


def _as_instant(raw: Json, place: str, cell: Cell) -> datetime:
    if cell.unit is not None:
        return epoch({place: raw}, place, _PER_SECOND[cell.unit])
    if isinstance(raw, str) and cell.zone not in (None, "UTC") and not _OFFSET.search(raw[10:]):
        raw = raw + str(cell.zone)
    return instant({place: raw}, place, naive_is_utc=cell.zone == "UTC")


_READ: Mapping[type, Callable[[Json, str, Cell], Any]] = {
    str: _as_text,
    int: _as_count,
    Decimal: _as_decimal,
    bool: _as_flag,
    datetime: _as_instant,
}
