"""From decoded bytes to decoded records, each with its place in the file.

Lives here: the three containers (`jsonl`, `csv`, `bucket_pages`) and their limits. Every physical
record comes out exactly once: with a value, with the rule it breaks, or blank.
Does not live here: what a record means (gateways/, invoices/).
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from tickmark import strictjson
from tickmark.errors import InputRejectedError, RecordRejected, Where
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
    offset, parts, size = 0, list[bytes](), 0
    for chunk in file.chunks():
        *complete, rest = chunk.split(b"\n")
        for piece in complete:
            size += len(piece) + 1
            yield offset, size, None if size > MAX_LINE else b"".join([*parts, piece])
            offset, parts, size = offset + size, [], 0
        size += len(rest)
        parts = [*parts, rest] if size <= MAX_LINE else []
    if size:
        yield offset, size, None if size > MAX_LINE else b"".join(parts)


def _jsonl(file: Verified) -> Iterator[Record]:
    end = 0
    for number, (offset, length, content) in enumerate(lines(file), start=1):
        record = Record(number, offset, length)
        try:
            record.value = _object(content)
        except RecordRejected as rejected:
            record.rejected = rejected
        cut = record.rejected is not None and content is not None and length == len(content)
        if cut:
            raise _truncated(file, number)
        end = offset + length
        yield record
    _conserved(file, end)


def _object(content: bytes | None) -> JsonObject | None:
    if content is None:
        raise RecordRejected("E-LINE-LONG", "(record)", f"at most {MAX_LINE} bytes", None)
    try:
        source = content.decode("utf-8").rstrip("\r")
    except UnicodeDecodeError as error:
        raise RecordRejected("E-TEXT-UTF8", f"(record, byte {error.start + 1})", "UTF-8 text", None) from None
    if not source.strip():
        return None
    value = strictjson.loads(source)
    if not isinstance(value, dict):
        raise RecordRejected("E-JSON-OBJECT", "(record)", "an object", value)
    return value


def _truncated(file: Verified, line: int) -> InputRejectedError:
    return InputRejectedError(
        "E-FILE-TRUNCATED",
        "a last line that is complete and ends with a newline",
        where=Where(file.display, line),
        repair="transfer the file again; it was cut",
    )


def _conserved(file: Verified, end: int) -> None:
    if end != file.bytes_decoded:
        raise AssertionError(f"records cover {end} of {file.bytes_decoded} bytes")


def _csv(file: Verified, format_: Format) -> Iterator[Record]:
    spans: list[tuple[int, int]] = []
    reader = csv.reader(_csv_lines(file, spans), strict=True)
    header: list[str] | None = None
    done = 0
    while True:
        try:
            cells = next(reader, None)
        except csv.Error:
            raise _unreadable_csv(file, reader.line_num) from None
        if cells is None:
            break
        taken, done = spans[done : reader.line_num], reader.line_num
        line, offset = done - len(taken) + 1, taken[0][0]
        record = Record(line, offset, sum(length for _, length in taken))
        if header is None and cells:
            header = _header(cells, format_, file, line)
        elif header is not None and cells:
            _fill(record, header, cells)
        yield record
    if header is None:
        raise InputRejectedError(
            "E-FILE-EMPTY",
            "a header row",
            where=Where(file.display),
            repair="ask for the export again; an empty file is not 0 rows",
        )
    _conserved(file, sum(length for _, length in spans))


def _csv_lines(file: Verified, spans: list[tuple[int, int]]) -> Iterator[str]:
    for number, (offset, length, content) in enumerate(lines(file), start=1):
        spans.append((offset, length))
        try:
            yield (content or b"").decode("utf-8") + "\n"
        except UnicodeDecodeError:
            raise _unreadable_csv(file, number) from None


def _unreadable_csv(file: Verified, line: int) -> InputRejectedError:
    return InputRejectedError(
        "E-CSV-SYNTAX",
        "UTF-8 text with balanced quotes",
        where=Where(file.display, line),
        repair="export the table again as CSV (UTF-8, comma, double quotes)",
    )


def _header(cells: list[str], format_: Format, file: Verified, line: int) -> list[str]:
    missing = next((column for column in format_.columns if column not in cells), None)
    twice = next((column for column in cells if cells.count(column) > 1), None)
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
    elif long := next(
        (name for name, cell in zip(header, cells, strict=True) if len(cell) > MAX_FIELD), None
    ):
        record.rejected = RecordRejected("E-CSV-FIELD", long, f"at most {MAX_FIELD} characters", None)
    else:
        record.value = dict(zip(header, cells, strict=True))


def _bucket_pages(file: Verified, coverage: Coverage) -> Iterator[Record]:
    whole = io.BytesIO()
    for chunk in file.chunks():
        whole.write(chunk)
        if whole.tell() > MAX_DOCUMENT:
            raise _not_pages(file, f"at most {MAX_DOCUMENT} bytes per document")
    try:
        document = strictjson.loads(whole.getvalue().decode("utf-8"))
    except UnicodeDecodeError:
        raise _not_pages(file, "UTF-8 text") from None
    except RecordRejected as rejected:
        raise _not_pages(file, f"{rejected.expected} {rejected.rule}") from None
    for index, page in enumerate(document if isinstance(document, list) else [document]):
        yield from _page(page, index, file, coverage)


def _page(page: Json, index: int, file: Verified, coverage: Coverage) -> Iterator[Record]:
    buckets = page.get("data") if isinstance(page, dict) else None
    if not isinstance(page, dict) or not isinstance(buckets, list):
        raise _not_pages(file, "a page with a list of buckets in `data`")
    for number, bucket in enumerate(buckets):
        place = f"page {index + 1}, data[{number}]"
        if not isinstance(bucket, dict) or not isinstance(results := bucket.get("results"), list):
            raise _not_pages(file, f"a bucket with `results` at {place}")
        coverage.spans.append(_span(bucket, file, place))
        frame = {key: value for key, value in bucket.items() if key not in ("results", "object")}
        for position, result in enumerate(results):
            yield _result(frame, result, f"{place}.results[{position}]")
        if not results:
            yield Record(None, 0, 0, place=place)
    if page.get("has_more") and coverage.spans:
        coverage.more_after.append(coverage.spans[-1][1])


def _result(frame: JsonObject, result: Json, place: str) -> Record:
    if not isinstance(result, dict):
        rejected = RecordRejected("E-JSON-OBJECT", "(record)", "an object", result)
        return Record(None, 0, 0, rejected=rejected, place=place)
    return Record(None, 0, 0, value={**frame, **result}, place=place)


def _span(bucket: JsonObject, file: Verified, place: str) -> tuple[datetime, datetime]:
    for start, end in _BUCKET_FIELDS:
        if start in bucket:
            try:
                return instant(bucket, start), instant(bucket, end)
            except RecordRejected as rejected:
                raise _not_pages(file, f"{rejected.expected} at {place}") from None
    raise _not_pages(file, f"start_time or starting_at at {place}")


def _not_pages(file: Verified, expected: str) -> InputRejectedError:
    return InputRejectedError(
        "E-PAGE-SHAPE",
        expected,
        where=Where(file.display),
        repair="save the API's answer unchanged, one page per file or a list of pages",
    )
