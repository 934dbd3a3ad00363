"""OTLP as JSON: spans and log records of one export, each with its resource, and attribute values.

Lives here: the encoding (opentelemetry-proto, JSON mapping: lowerCamelCase, ids in hex, 64-bit numbers as
text). Does not live here: what an attribute means (_spans, and one table per convention).
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from tickmark.errors import RecordRejected
from tickmark.formats import Json, JsonObject, child, objects, optional_text, text

Attributes = Mapping[str, Json]
_SIGNALS = (
    ("resourceSpans", "scopeSpans", "spans"),
    ("resourceLogs", "scopeLogs", "logRecords"),
)
_EXPORTS = ("resourceSpans", "resourceLogs", "resourceMetrics", "resourceProfiles")
_WHOLE = ("stringValue", "boolValue", "bytesValue")
_TEXT_DIGITS = 20


def unfold(value: Json) -> Iterator[tuple[str, Json]]:
    """Every span and log record of an export (or a list of them), its `resource` and `scope` merged in."""
    exports = value if isinstance(value, list) else [value]
    for number, export in enumerate(exports):
        place = f"[{number}]." if isinstance(value, list) else ""
        if not isinstance(export, dict) or not any(outer in export for outer in _EXPORTS):
            # No export: the reader says what is missing.
            yield place.removesuffix("."), export
            continue
        for signal in _SIGNALS:
            yield from ((place + where, record) for where, record in _signal(export, *signal))


def _signal(export: JsonObject, outer: str, middle: str, inner: str) -> Iterator[tuple[str, Json]]:
    for i, group in enumerate(objects(export, outer)):
        resource = child(group, "resource")
        for j, scope in enumerate(objects(group, middle)):
            name = optional_text(child(scope, "scope"), "name")
            for k, record in enumerate(objects(scope, inner)):
                yield (
                    f"{outer}[{i}].{middle}[{j}].{inner}[{k}]",
                    {
                        **record,
                        "signal": inner,
                        "resource": dict(resource),
                        "scope": name,
                    },
                )


def attributes(record: JsonObject) -> dict[str, Json]:
    """Attributes by name, as plain values; raise RecordRejected where one comes twice or has no value."""
    found: dict[str, Json] = {}
    for pair in objects(record, "attributes"):
        name = text(pair, "key")
        if name in found:
            raise RecordRejected("E-JSON-DUPKEY", name, "each attribute once", pair)
        found[name] = plain(pair.get("value"), name)
    return found


def plain(value: Json, name: str) -> Json:
    """The value of an AnyValue: numbers as numbers, arrays and key-value lists as JSON; empty is null."""
    if value is None or value == {}:
        return None
    if not isinstance(value, dict) or len(value) != 1:
        raise RecordRejected("E-FIELD-TYPE", name, "an object with one value", value)
    ((kind, inner),) = value.items()
    if kind in _WHOLE:
        return inner
    if kind == "intValue":
        return _whole(inner, name)
    if kind == "doubleValue" and isinstance(inner, int | Decimal) and not isinstance(inner, bool):
        return inner
    if kind in ("arrayValue", "kvlistValue") and isinstance(inner, dict):
        values = objects(inner, "values")
        if kind == "arrayValue":
            return [plain(dict(item), name) for item in values]
        return attributes({"attributes": [dict(item) for item in values]})
    raise RecordRejected("E-FIELD-TYPE", name, "a value of OTLP's JSON encoding", value)


def _whole(value: Json, name: str) -> int:
    """A 64-bit integer: digits as text, or a number."""
    if isinstance(value, str) and len(value) <= _TEXT_DIGITS and value.isascii():
        digits = value.removeprefix("-")
        if digits.isdigit():
            return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise RecordRejected("E-FIELD-TYPE", name, "a whole number, as digits", value)
