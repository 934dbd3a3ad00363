"""From decoded bytes to decoded records, each with its place in the file.

Lives here: the three containers (`jsonl`, `csv`, `bucket_pages`) and their limits. Every physical
record comes out exactly once: with a value, with the rule it breaks, or blank.
Does not live here: what a record means (gateways/, invoices/).
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from tickmark import strictjson
from tickmark.errors import Bytes, InputRejectedError, IntegrityError, RecordRejected, Where
from tickmark.formats import Format, Json, JsonObject, instant
from tickmark.intake.stream import Verified

MAX_LINE = 64 * 10**6
MAX_DOCUMENT = 512 * 10**6
MAX_FIELD = 4 * 10**6

_BUCKET_FIELDS = (("start_time", "end_time"), ("starting_at", "ending_at"))


@dataclass(slots=True)
class Record:
    """One physical record: `line` is 1-based, or None inside a JSON document."""

    line: int | None
    offset: int
    length: int
    value: JsonObject | None = None
    rejected: RecordRejected | None = None
    place: str = ""


@dataclass(slots=True)
class Coverage:
    """Which time the buckets of a file speak about, empty buckets included."""

    spans: list[tuple[datetime, datetime]] = field(default_factory=list)
    more_after: list[datetime] = field(default_factory=list)
    """Ends of pages that say another page follows."""


def records(file: Verified, format_: Format, coverage: Coverage) -> Iterator[Record]:
    """Every record of a file, in order; raise InputRejectedError where the file as a whole is unusable."""
    if format_.container == "jsonl":
        return _jsonl(file)
    if format_.container == "csv":
        return _csv(file, format_)
    return _bucket_pages(file, coverage)


def lines(file: Verified) -> Iterator[tuple[int, int, bytes | None]]:
    """(offset, length, content) of each line; content is None where it is longer than 64 MB."""
    offset, size, begun = 0, 0, bytearray()
    for chunk in file.chunks():
        pieces = chunk.split(b"\n")
        rest = pieces.pop()
        for piece in pieces:
            size += len(piece) + 1
            yield offset, size, None if size > MAX_LINE else b"".join((begun, piece)) if begun else piece
            offset, size = offset + size, 0
            begun.clear()
        size += len(rest)
        if size > MAX_LINE:
            begun.clear()
        else:
            begun += rest
    if size:
        yield offset, size, None if size > MAX_LINE else bytes(begun)


def _decoded(offset: int, content: bytes) -> str:
    """Text of a line; a byte order mark is a part of the first one. Raises RecordRejected."""
    try:
        return content.decode("utf-8" if offset else "utf-8-sig")
    except UnicodeDecodeError as error:
        place = f"(record, byte {error.start + 1})"
        raise RecordRejected("E-TEXT-UTF8", place, "UTF-8 text", Bytes(len(content))) from None


def _utf8(offset: int, content: bytes) -> bytes:
    """The same, proved to be text, as bytes."""
    text = _decoded(offset, content)
    return content if offset else text.encode()


def _jsonl(file: Verified) -> Iterator[Record]:
    end = 0
    for number, (offset, length, content) in enumerate(lines(file), start=1):
        record = Record(number, offset, length)
        try:
            record.value = _object(offset, length, content)
        except RecordRejected as rejected:
            record.rejected = rejected
            # An object that was cut is no JSON value at all.
            if content is not None and length == len(content) and rejected.rule != "E-JSON-OBJECT":
                raise _truncated(file, number) from None
        end = offset + length
        yield record
    _conserved(file, end)


def _object(offset: int, length: int, content: bytes | None) -> JsonObject | None:
    if content is None:
        raise RecordRejected("E-LINE-LONG", "(record)", f"at most {MAX_LINE} bytes", Bytes(length))
    source = _utf8(offset, content)
    if not source.strip(b" \t\r"):
        return None
    value = strictjson.decode(source)
    if not isinstance(value, dict):
        raise RecordRejected("E-JSON-OBJECT", "(record)", "an object", value)
    return value


def _truncated(file: Verified, line: int) -> InputRejectedError:
    return InputRejectedError(
        "E-FILE-TRUNCATED",
        "a last line that is complete",
        where=Where(file.display, line),
        repair="transfer the file again; it was cut, or its lines do not end with a newline (LF)",
    )


def _conserved(file: Verified, end: int) -> None:
    if end != file.bytes_decoded:
        raise IntegrityError(
            "E-BYTES-LOST",
            f"records that cover all {file.bytes_decoded} bytes; they cover {end}",
            where=Where(file.display),
            repair="report this as a bug; nothing was published",
        )


@dataclass(slots=True)
class _Lines:
    """The lines of a CSV file as its parser takes them, and the places of those not yet in a record."""

    file: Verified
    places: list[tuple[int, int]] = field(default_factory=list)
    rejected: RecordRejected | None = None
    count: int = 0
    terminated: bool = True

    def __iter__(self) -> Iterator[str]:
        for offset, length, content in lines(self.file):
            self.count += 1
            self.places.append((offset, length))
            if content is None:
                raise _unreadable_csv(self.file, self.count, f"lines of at most {MAX_LINE} bytes")
            self.terminated = length > len(content)
            try:
                text = _decoded(offset, content)
            except RecordRejected as rejected:
                self.rejected = self.rejected or rejected
                # Quotes and commas are ASCII: where the record ends does not depend on the encoding.
                text = content.decode("ascii", errors="replace")
            yield text + "\n"

    def record(self) -> Record:
        """The record that the parser just finished."""
        taken, self.places = self.places, []
        rejected, self.rejected = self.rejected, None
        length = sum(length for _, length in taken)
        return Record(self.count - len(taken) + 1, taken[0][0], length, rejected=rejected)


def _csv(file: Verified, format_: Format) -> Iterator[Record]:
    source = _Lines(file)
    header: list[str] | None = None
    end = 0
    for cells in _rows(source):
        record = source.record()
        end = record.offset + record.length
        if any(map(str.strip, cells)):
            if header is None:
                header = _header(cells, format_, file, record.line)
            elif record.rejected is None:
                _fill(record, header, cells)
        if record.rejected is not None and not source.terminated:
            raise _truncated(file, source.count)
        yield record
    if header is None:
        raise InputRejectedError(
            "E-FILE-EMPTY",
            "a header row",
            where=Where(file.display),
            repair="ask for the export again; an empty file is not 0 rows",
        )
    _conserved(file, end)


def _rows(source: _Lines) -> Iterator[list[str]]:
    # The parser's own limit (128 KiB) would refuse the file; ours refuses the record.
    csv.field_size_limit(MAX_LINE)
    try:
        yield from csv.reader(source, strict=True)
    except csv.Error:
        begins = source.count - len(source.places) + 1
        raise _unreadable_csv(source.file, begins, "a record with balanced quotes and LF line ends") from None


def _unreadable_csv(file: Verified, line: int | None, expected: str) -> InputRejectedError:
    return InputRejectedError(
        "E-CSV-SYNTAX",
        expected,
        where=Where(file.display, line),
        repair="export the table again as CSV (UTF-8, comma, double quotes)",
    )


def _header(cells: list[str], format_: Format, file: Verified, line: int | None) -> list[str]:
    missing = next((column for column in format_.columns if column not in cells), None)
    twice = next((column for column, times in Counter(cells).items() if times > 1 and column), None)
    if missing or twice:
        raise InputRejectedError(
            "E-CSV-HEADER",
            "each required column once, by name" if twice is None else "each column once",
            where=Where(file.display, line, missing or twice),
            repair=f"export the file with the columns of `tickmark formats {format_.name}`",
        )
    return cells


def _fill(record: Record, header: list[str], cells: list[str]) -> None:
    if len(cells) != len(header):
        record.rejected = RecordRejected("E-CSV-WIDTH", "(record)", f"{len(header)} fields", cells)
        return
    record.value = dict(zip(header, cells, strict=True))
    for name, cell in zip(header, cells, strict=True):
        if len(cell) > MAX_FIELD or "\0" in cell:
            expected = f"at most {MAX_FIELD} characters, none of them NUL"
            record.rejected = RecordRejected("E-CSV-FIELD", name, expected, cell)


def _bucket_pages(file: Verified, coverage: Coverage) -> Iterator[Record]:
    whole = io.BytesIO()
    for chunk in file.chunks():
        whole.write(chunk)
        if whole.tell() > MAX_DOCUMENT:
            raise _not_pages(file, f"at most {MAX_DOCUMENT} bytes per document")
    try:
        document = strictjson.decode(_utf8(0, whole.getvalue()))
    except RecordRejected as rejected:
        raise _not_pages(file, f"{rejected.expected} ({rejected.rule})", rejected.field) from None
    for index, page in enumerate(document if isinstance(document, list) else [document]):
        yield from _page(page, index, file, coverage)


def _page(page: Json, index: int, file: Verified, coverage: Coverage) -> Iterator[Record]:
    buckets = page.get("data") if isinstance(page, dict) else None
    if not isinstance(page, dict) or not isinstance(buckets, list):
        raise _not_pages(file, "a page with a list of buckets in `data`")
    for number, bucket in enumerate(buckets):
        place = f"page {index + 1}, data[{number}]"
        if not isinstance(bucket, dict) or not isinstance(results := bucket.get("results"), list):
            raise _not_pages(file, "a bucket with a list of `results`", place)
        coverage.spans.append(_span(bucket, file, place))
        frame = {key: value for key, value in bucket.items() if key not in ("results", "object")}
        for position, result in enumerate(results):
            yield _result(frame, result, f"{place}.results[{position}]")
        if not results:
            yield Record(None, 0, 0, place=place)
    if page.get("has_more") not in (None, True, False):
        raise _not_pages(file, "true or false", "has_more")
    if page.get("has_more") and coverage.spans:
        coverage.more_after.append(coverage.spans[-1][1])


def _result(frame: JsonObject, result: Json, place: str) -> Record:
    if not isinstance(result, dict):
        rejected = RecordRejected("E-JSON-OBJECT", "(record)", "an object", result)
        return Record(None, 0, 0, rejected=rejected, place=place)
    return Record(None, 0, 0, value={**frame, **result}, place=place)


def _span(bucket: JsonObject, file: Verified, place: str) -> tuple[datetime, datetime]:
    first, last = next((names for names in _BUCKET_FIELDS if names[0] in bucket), _BUCKET_FIELDS[0])
    try:
        start, end = instant(bucket, first), instant(bucket, last)
    except RecordRejected as rejected:
        raise _not_pages(file, rejected.expected, f"{place}.{rejected.field}") from None
    if start >= end:
        raise _not_pages(file, f"a time after {first}", f"{place}.{last}")
    return start, end


def _not_pages(file: Verified, expected: str, place: str | None = None) -> InputRejectedError:
    return InputRejectedError(
        "E-PAGE-SHAPE",
        expected,
        where=Where(file.display, field=place),
        repair="save the API's answer unchanged, one page per file or a list of pages",
    )
