"""JSON as evidence: what is decoded exactly, and what is refused by name (R01-R03, R09, R10)."""

import json
from contextlib import suppress
from decimal import Decimal
from typing import Any

import duckdb
import pydantic_core
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickmark import strictjson
from tickmark.errors import RecordRejected

SYNTAX, DUPKEY, NUMBER, DEPTH, SURROGATE = (
    f"E-JSON-{rule}" for rule in ("SYNTAX", "DUPKEY", "NUMBER", "DEPTH", "SURROGATE")
)
REFUSED = {
    "R01 cut object": ('{"a":1', SYNTAX),
    "R01 cut text": ('{"a":"x', SYNTAX),
    "R01 nothing": ("", SYNTAX),
    "R01 trailing garbage": ('{"a":1} x', SYNTAX),
    "R01 two objects": ('{"a":1}{"a":2}', SYNTAX),
    "R01 single quotes": ("{'a':1}", SYNTAX),
    "R01 bare key": ("{a:1}", SYNTAX),
    "R01 comment": ('{"a":1 /* x */}', SYNTAX),
    "R01 trailing comma in object": ('{"a":1,}', SYNTAX),
    "R01 trailing comma in array": ("[1,]", SYNTAX),
    "R01 missing comma": ('{"a":1 "b":2}', SYNTAX),
    "R01 raw newline in text": ('{"a":"x\ny"}', SYNTAX),
    "R01 raw NUL in text": ('{"a":"x\0y"}', SYNTAX),
    "R01 NUL between": ('{"a":1}\0', SYNTAX),
    "R01 no-break space between": ('{"a":\u00a01}', SYNTAX),
    "R01 leading byte order mark": ('\ufeff{"a":1}', SYNTAX),
    "R01 escape that does not exist": (r'{"a":"\x41"}', SYNTAX),
    "R01 half an escape": (r'{"a":"\u12"}', SYNTAX),
    "R01 leading zero": ('{"a":01}', SYNTAX),
    "R01 plus sign": ('{"a":+1}', SYNTAX),
    "R01 bare point": ('{"a":.5}', SYNTAX),
    "R01 point without digits": ('{"a":1.}', SYNTAX),
    "R01 hexadecimal": ('{"a":0x1F}', SYNTAX),
    "R01 underscore": ('{"a":1_000}', SYNTAX),
    "R01 full-width digits": ('{"a":\uff11\uff12}', SYNTAX),
    "R01 Python words": ('{"a":True}', SYNTAX),
    "R01 an integer of 5,000 digits": ('{"a":' + "9" * 5000 + "}", SYNTAX),
    "R02 duplicate key": ('{"a":1,"a":99}', DUPKEY),
    "R02 same duplicate": ('{"a":1,"a":1}', DUPKEY),
    "R02 duplicate written as an escape": (r'{"a":1,"\u0061":2}', DUPKEY),
    "R02 duplicate far inside": ('[{"x":[{"a":1,"b":2,"a":3}]}]', DUPKEY),
    "R03 NaN": ('{"a":NaN}', NUMBER),
    "R03 Infinity": ('{"a":Infinity}', NUMBER),
    "R03 minus Infinity": ('{"a":-Infinity}', NUMBER),
    "R03 beyond Decimal": ('{"a":1e9999999999999999999}', NUMBER),
    "R09 5,000 arrays": ("[" * 5000 + "]" * 5000, DEPTH),
    "R09 65 arrays": ("[" * 65 + "]" * 65, DEPTH),
    "R09 65 objects": ('{"a":' * 65 + "1" + "}" * 65, DEPTH),
    "R09 200,000 open brackets": ("[" * 200_000, DEPTH),
    "R10 lone high surrogate": (r'{"a":"x\ud800y"}', SURROGATE),
    "R10 lone low surrogate": (r'{"a":"\udfff"}', SURROGATE),
    "R10 surrogates in the wrong order": (r'{"a":"\udc00\ud800"}', SURROGATE),
    "R10 lone surrogate in a key": (r'{"\uD800":1}', SURROGATE),
}


@pytest.mark.parametrize(("source", "rule"), REFUSED.values(), ids=REFUSED)
def test_refused_by_name(source: str, rule: str) -> None:
    with pytest.raises(RecordRejected) as refused:
        strictjson.loads(source)
    assert refused.value.rule == rule
    assert len(str(refused.value)) < 200, "an error never repeats what it refuses"


DECODED: dict[str, tuple[str, Any]] = {
    "money with 28 digits": ("1234567890123456789.123456789", Decimal("1234567890123456789.123456789")),
    "money that a double would change": ("0.8160000000000001", Decimal("0.8160000000000001")),
    "exponent": ("1.26e-05", Decimal("0.0000126")),
    "an integer beyond 64 bits": ("123456789012345678901234567890", 123456789012345678901234567890),
    "R03 minus zero": ("-0", 0),
    "a float is no integer": ("12.0", Decimal("12.0")),
    "R10 a pair of surrogates is one character": (r'"\ud83d\ude00"', "\U0001f600"),
    "R10 line separators are text": ('"\u2028\u2029\x85"', "\u2028\u2029\x85"),
    "R10 NFC and NFD stay apart": ('["\u00e9", "e\u0301"]', ["\u00e9", "e\u0301"]),
    "R10 special tokens are text": ('"<|endoftext|>"', "<|endoftext|>"),
    "an escaped NUL is text": (r'"\u0000"', "\0"),
    "64 levels": ("[" * 64 + "]" * 64, None),
    "a thousand brackets side by side": ("[" + "[],{}," * 1000 + "1]", None),
    "brackets in text are no levels": (json.dumps("[" * 500), "[" * 500),
    "a backslash before ud": (r'"C:\\udata"', "C:\\udata"),
    "keys that differ in case": ('{"t":1,"T":2}', {"t": 1, "T": 2}),
    "white space around": (' \t{"a": 1}\r', {"a": 1}),
}


@pytest.mark.parametrize(("source", "value"), DECODED.values(), ids=DECODED)
def test_decoded_exactly(source: str, value: Any) -> None:
    found = strictjson.loads(source)
    if value is not None:
        assert (found, type(found)) == (value, type(value))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=4).filter(str.isascii), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(JSON)
def test_what_was_encoded_comes_back(value: Any) -> None:
    assert strictjson.loads(json.dumps(value)) == value
    assert strictjson.loads(json.dumps(value, ensure_ascii=False)) == value


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=18))
def test_a_number_keeps_every_digit(number: Decimal) -> None:
    assert strictjson.loads(f"[{number:f}]") == [number]


def test_why_no_faster_decoder() -> None:
    """Each of these changes data without a word (measured 2026-11 with the locked versions)."""
    twice, exact = '{"t":1,"t":99}', "1234567890123456789.123456789"
    assert pydantic_core.from_json(twice) == {"t": 99}
    assert pydantic_core.from_json(exact) != Decimal(exact)
    with duckdb.connect() as engine:
        as_decimal = f"select cast(json_extract('[{exact}]', '$[0]') as decimal(38, 12))"
        assert engine.execute(as_decimal).fetchall() != [(Decimal(exact),)]


BROKEN_TEXT = [
    b"\x80",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xff",
    b"\xc3",
    b"\xe2\x82",
    b"\xe0\x80\xaf",
]


@pytest.mark.parametrize("broken", BROKEN_TEXT, ids=bytes.hex)
@pytest.mark.parametrize(
    "around",
    [b'{"a":"%s"}', b'{"%s":1}', b'["%s"]', b'{"a":"\\n%s"}', b'{"a":1}%s', b'%s{"a":1}', b'{"a":%s1}'],
)
def test_f09_bytes_that_are_no_utf8_are_refused_wherever_they_stand(around: bytes, broken: bytes) -> None:
    with pytest.raises(RecordRejected) as refused:
        strictjson.decode(around.replace(b"%s", broken))
    assert refused.value.rule == "E-TEXT-UTF8"


@given(st.text(max_size=30), st.integers(0, 200), st.integers(0, 255))
def test_what_is_decoded_was_utf8(text: str, at: int, byte: int) -> None:
    content = bytearray(
        json.dumps({"k" + text: [text, 1]}, ensure_ascii=False).encode("utf-8", "surrogatepass")
    )
    content[at % len(content)] = byte
    with suppress(RecordRejected):
        strictjson.decode(bytes(content))
        content.decode()
