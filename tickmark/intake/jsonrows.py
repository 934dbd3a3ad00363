"""JSON lines and JSON documents: one record per object, or what a format's `unfold` cuts out of a value.

Lives here: the containers `jsonl` and `json`. Does not live here: what a record means (gateways/, invoices/).
"""

from collections.abc import Iterable, Iterator
from itertools import chain

from tickmark import strictjson
from tickmark.errors import Bytes, InputRejectedError, RecordRejected, Where
from tickmark.formats import Format, Json, JsonObject, items
from tickmark.intake.physical import MAX_DOCUMENT, MAX_LINE, Record, conserved, lines, truncated, unmarked
from tickmark.intake.stream import Verified, unpacked_name

Line = tuple[int, int, bytes | None]
_LINES_ONLY = (".jsonl", ".ndjson", ".log")


def rows(file: Verified, format_: Format) -> Iterator[Record]:
    """One record per line: an object, or each object that the line unfolds into."""
    return _rows(lines(file), file, format_)


def document_or_rows(file: Verified, format_: Format) -> Iterator[Record]:
    """The same, or, where the first line alone is no JSON value, the file as one document."""
    found = lines(file)
    # The stream must be open before its name can be trusted to say what it is.
    begun = list(_upto_text(found))
    if unpacked_name(file.path).endswith(_LINES_ONLY) or not begun or _is_value(begun[-1]):
        return _rows(chain(begun, found), file, format_)
    return _document(chain(begun, found), file, format_)


def _rows(found: Iterable[Line], file: Verified, format_: Format) -> Iterator[Record]:
    end = 0
    for number, (offset, length, content) in enumerate(found, start=1):
        whole = Record(number, offset, length)
        try:
            yield from _records(whole, offset, length, content, format_)
        except RecordRejected as rejected:
            # An object that was cut is no JSON value at all.
            if content is not None and length == len(content) and rejected.rule != "E-JSON-OBJECT":
                raise truncated(file, number) from None
            whole.rejected = rejected
            yield whole
        end = offset + length
    conserved(file, end)


def _records(
    whole: Record, offset: int, length: int, content: bytes | None, format_: Format
) -> Iterator[Record]:
    if content is None:
        raise RecordRejected("E-LINE-LONG", "(record)", f"at most {MAX_LINE} bytes", Bytes(length))
    source = unmarked(offset, content)
    if not source.strip(b" \t\r"):
        yield whole
        return
    value = strictjson.decode(source)
    if format_.containers == ("jsonl",) and format_.unfold is None:
        whole.value = _object(value)
        yield whole
        return
    yield from _unfolded(value, format_, whole)


def _object(value: Json) -> JsonObject:
    if not isinstance(value, dict):
        raise RecordRejected("E-JSON-OBJECT", "(record)", "an object", value)
    return value


def _unfolded(value: Json, format_: Format, whole: Record) -> Iterator[Record]:
    """The records in a value; where it holds none it is blank."""
    # All of them before the first: a value that breaks in the middle is refused as a whole.
    found = list((format_.unfold or items)(value))
    for place, item in found:
        record = Record(whole.line, whole.offset, whole.length, place=place)
        try:
            record.value = _object(item)
        except RecordRejected as rejected:
            record.rejected = rejected
        yield record
    if not found:
        yield whole


def _upto_text(found: Iterator[Line]) -> Iterator[Line]:
    for line in found:
        yield line
        if line[2] is None or line[2].strip(b" \t\r\xef\xbb\xbf"):
            return


def _is_value(line: Line) -> bool:
    offset, _, content = line
    if content is None:
        return False
    try:
        strictjson.decode(unmarked(offset, content))
    except RecordRejected as rejected:
        return rejected.rule != "E-JSON-SYNTAX"
    return True


def _document(found: Iterable[Line], file: Verified, format_: Format) -> Iterator[Record]:
    whole = bytearray()
    for offset, length, content in found:
        if content is None or offset + length > MAX_DOCUMENT:
            raise _unreadable(file, f"lines of at most {MAX_LINE} bytes, {MAX_DOCUMENT} in a document")
        whole += content + b"\n" if length > len(content) else content
    conserved(file, len(whole))
    try:
        yield from _unfolded(
            strictjson.decode(unmarked(0, bytes(whole))), format_, Record(None, 0, len(whole))
        )
    except RecordRejected as rejected:
        raise _unreadable(file, f"{rejected.expected} ({rejected.rule})", rejected.field) from None


def _unreadable(file: Verified, expected: str, place: str | None = None) -> InputRejectedError:
    return InputRejectedError(
        "E-JSON-DOCUMENT",
        expected,
        where=Where(file.display, field=place),
        repair="deliver one JSON value per line, or one complete document per file",
    )
