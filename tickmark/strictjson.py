"""JSON as evidence: exact numbers, no duplicate keys, no NaN, valid text, bounded depth.

Lives here: decoding one JSON text, alone or in a cell of a record.
jiter refuses what it must and keeps numbers exact, twice as fast as the standard library (2026-11: orjson,
msgspec and DuckDB change duplicate keys, long integers or lone surrogates without a word;
tests/readers/test_strictjson.py). The standard library says which rule a refused text breaks.
It refuses what is no UTF-8 as well: outside of strings every byte is ASCII, and strings are proved.
A number of absurd size is refused where it is used (`formats.decimal`), not here.
"""

import json
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

import jiter

from tickmark.errors import Bytes, RecordRejected
from tickmark.formats import Json, JsonObject, child

MAX_DEPTH = 64


def loads(text: str) -> Json:
    """Decode one JSON text; raise RecordRejected with the rule that it breaks."""
    return decode(text.encode())


def decode(content: bytes) -> Json:
    """The same from UTF-8."""
    try:
        value: Json = jiter.from_json(
            content, catch_duplicate_keys=True, float_mode="decimal", allow_inf_nan=False
        )
    except ValueError:
        return _explained(content)
    _refuse_deep(value, content)
    return value


def json_value(record: JsonObject, field: str) -> Json:
    """A JSON cell: table exports write it as a value or as JSON text; None where empty."""
    value = record.get(field)
    if not isinstance(value, str):
        return value
    try:
        return loads(value) if value else None
    except RecordRejected as rejected:
        raise RecordRejected(rejected.rule, field, rejected.expected, value) from None


def json_object(record: JsonObject, field: str) -> JsonObject:
    """The same for an object; empty where absent, null or empty."""
    return child({field: json_value(record, field)}, field)


def _explained(content: bytes) -> Json:
    """The same by the standard library, which says what is wrong and where."""
    try:
        source = content.decode()
    except UnicodeDecodeError as error:
        place = f"(record, byte {error.start + 1})"
        raise RecordRejected("E-TEXT-UTF8", place, "UTF-8 text", Bytes(len(content))) from None
    try:
        value: Json = _DECODER.decode(source)
    except RecursionError:
        raise RecordRejected("E-JSON-DEPTH", "(record)", f"at most {MAX_DEPTH} levels", source) from None
    except ValueError as error:
        at = getattr(error, "pos", None)
        place = "(record)" if at is None else f"(record, character {at + 1})"
        raise RecordRejected("E-JSON-SYNTAX", place, "one valid JSON value", source) from None
    _refuse_deep(value, content)
    if not _encodable(value):
        raise RecordRejected("E-JSON-SURROGATE", "(record)", "text without lone surrogates", source)
    return value


def _refuse_deep(value: Json, content: bytes) -> None:
    """Raise RecordRejected below 64 levels; levels are walked only while as many brackets are left."""
    left, depth = content.count(b"[") + content.count(b"{"), 0
    level: list[Json] = [value] if isinstance(value, _CONTAINERS) else []
    while level and depth + left > MAX_DEPTH:
        depth, left = depth + 1, left - len(level)
        if depth > MAX_DEPTH:
            raise RecordRejected(
                "E-JSON-DEPTH", "(record)", f"at most {MAX_DEPTH} levels", Bytes(len(content))
            )
        level = [inner for part in level for inner in _inside(part) if isinstance(inner, _CONTAINERS)]


_CONTAINERS = (dict, list)


def _inside(part: Json) -> Iterable[Json]:
    if isinstance(part, dict):
        return part.values()
    return part if isinstance(part, list) else ()


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise RecordRejected("E-JSON-DUPKEY", "(record)", "each key once per object", found)
    return found


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise RecordRejected("E-JSON-NUMBER", "(record)", "a number within Decimal's range", text) from None


def _refuse(text: str) -> Json:
    raise RecordRejected("E-JSON-NUMBER", "(record)", "a finite number", text)


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_number, parse_constant=_refuse)


def _encodable(value: Json) -> bool:
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        return False
    return True
