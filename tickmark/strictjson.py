"""JSON as evidence: exact numbers, no duplicate keys, no NaN, valid text, bounded depth.

Lives here: decoding one JSON text. Why not a faster decoder: each of them changes data silently in at
least one common case (duplicate keys, 30-digit integers, lone surrogates; tests/readers/test_strictjson.py).
"""

import json
from decimal import Decimal

from tickmark import money
from tickmark.errors import RecordRejected
from tickmark.formats import Json

MAX_DEPTH = 64
_ESCAPED_SURROGATE = "\\ud"


def loads(source: str) -> Json:
    """Decode one JSON text; raise RecordRejected with the rule that it breaks."""
    try:
        value: Json = _DECODER.decode(source)
    except RecursionError:
        raise RecordRejected("E-JSON-DEPTH", "(record)", f"at most {MAX_DEPTH} levels", source) from None
    except ValueError as error:
        at = getattr(error, "pos", None)
        place = "(record)" if at is None else f"(record, character {at + 1})"
        raise RecordRejected("E-JSON-SYNTAX", place, "one valid JSON value", source) from None
    if _may_be_deep(source) and _depth(value) > MAX_DEPTH:
        raise RecordRejected("E-JSON-DEPTH", "(record)", f"at most {MAX_DEPTH} levels", source)
    if _ESCAPED_SURROGATE in source.lower() and not _encodable(value):
        raise RecordRejected("E-JSON-SURROGATE", "(record)", "text without lone surrogates", source)
    return value


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise RecordRejected("E-JSON-DUPKEY", "(record)", "each key once per object", found)
    return found


def _number(text: str) -> Decimal:
    try:
        return money.parse_decimal(text)
    except ValueError as error:
        raise RecordRejected("E-JSON-NUMBER", "(record)", str(error), text) from None


def _refuse(text: str) -> Json:
    raise RecordRejected("E-JSON-NUMBER", "(record)", "a finite number", text)


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_number, parse_constant=_refuse)


def _may_be_deep(source: str) -> bool:
    return source.count("[") + source.count("{") > MAX_DEPTH


def _depth(value: Json) -> int:
    depth, level = 0, [value]
    while level := [part for part in level if isinstance(part, dict | list)]:
        depth += 1
        level = [inner for part in level for inner in (part.values() if isinstance(part, dict) else part)]
    return depth


def _encodable(value: Json) -> bool:
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        return False
    return True
