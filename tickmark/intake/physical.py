"""Physical records: lines of bytes, valid text, and the proof that none was lost.

Lives here: what every container shares. Does not live here: how each one cuts its records (jsonrows,
csvrows, parquetrows, pages) and what a record means (gateways/, invoices/).
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from tickmark.errors import Bytes, InputRejectedError, IntegrityError, RecordRejected, Where
from tickmark.formats import JsonObject
from tickmark.intake.stream import Verified

MAX_LINE = 64 * 10**6
MAX_DOCUMENT = 512 * 10**6


@dataclass(slots=True)
class Record:
    """One record: `line` is 1-based, or None inside a document; `place` says where in it."""

    line: int | None
    offset: int
    length: int
    value: JsonObject | None = None
    rejected: RecordRejected | None = None
    place: str = ""


@dataclass(slots=True)
class Coverage:
    """Which time a file speaks about, empty buckets and rows of idle days included."""

    spans: list[tuple[datetime, datetime]] = field(default_factory=list)
    more_after: list[datetime] = field(default_factory=list)
    """Ends of pages that say another page follows."""


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


def decoded(offset: int, content: bytes) -> str:
    """Text of a line; a byte order mark is a part of the first one. Raises RecordRejected."""
    try:
        return content.decode("utf-8" if offset else "utf-8-sig")
    except UnicodeDecodeError as error:
        place = f"(record, byte {error.start + 1})"
        raise RecordRejected("E-TEXT-UTF8", place, "UTF-8 text", Bytes(len(content))) from None


def unmarked(offset: int, content: bytes) -> bytes:
    """A line without the byte order mark that may stand before the first one."""
    return content if offset else content.removeprefix(codecs.BOM_UTF8)


def truncated(file: Verified, line: int) -> InputRejectedError:
    """A file whose last line was cut."""
    return InputRejectedError(
        "E-FILE-TRUNCATED",
        "a last line that is complete",
        where=Where(file.display, line),
        repair="transfer the file again; it was cut, or its lines do not end with a newline (LF)",
    )


def conserved(file: Verified, end: int) -> None:
    """Raise IntegrityError where the records do not cover every byte of the file."""
    if end != file.bytes_decoded:
        raise IntegrityError(
            "E-BYTES-LOST",
            f"records that cover all {file.bytes_decoded} bytes; they cover {end}",
            where=Where(file.display),
            repair="report this as a bug; nothing was published",
        )
