"""Verified bytes: type by magic bytes, sha256, decompression to the end of the stream, size caps.

Lives here: everything between a path and decoded lines. Does not live here: what a line means.
Why no library reads the file itself: fast readers return partial data from truncated zstd and skip
the gzip CRC without an error (measured 2026-11, tests/readers/test_stream.py).
"""

import errno
import hashlib
import itertools
import os
import stat
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path, PurePath
from typing import Protocol

import zstandard

from tickmark.errors import InputRejectedError, PlatformError, Where

CHUNK = 1 << 16
SLICE = 1 << 10
"""Compressed bytes decompressed at once: a kilobyte of zstd can hold 32 MB, one of gzip 1 MB."""
MAX_DECODED = 50 * 10**9
MAX_RATIO = 200
RATIO_FREE = 64 * 10**6
"""Below this decoded size any ratio is harmless."""

_GZIP, _ZSTD, _UTF8_BOM = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xef\xbb\xbf"
_HEAD = 512
_PARQUET, _PDF = b"PAR1", b"%PDF"
_FOREIGN = {
    _PARQUET: "a Parquet file",
    _PDF: "a PDF",
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"<": "an HTML or XML page",
    b"SQLite format 3": "a SQLite database",
    b"BZh": "bzip2 data",
    b"\xfd7zXZ": "xz data",
}
_PACKED = {_GZIP: "gzip data", _ZSTD: "zstd data"}
_ENDINGS = {".gz": _GZIP, ".zst": _ZSTD}


def unpacked_name(path: PurePath) -> str:
    """The lower-case name of a file as it is called without its compression."""
    return path.name.lower().removesuffix(".gz").removesuffix(".zst")


@dataclass(frozen=True, slots=True)
class Binary:
    """A kind of file that is read as a whole: how it begins, and what stands in its last bytes."""

    name: str
    begins: bytes
    ends: bytes
    end_within: int


PARQUET = Binary("a Parquet file", _PARQUET, _PARQUET, len(_PARQUET))
PDF = Binary("a PDF", _PDF, b"%%EOF", 1024)


class Decompressor(Protocol):
    """What zlib and zstandard have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


@dataclass(slots=True)
class Verified:
    """A file being read; the figures are final when `chunks` is exhausted."""

    path: Path
    display: str
    sha256: str = ""
    bytes_delivered: int = 0
    bytes_decoded: int = 0
    _hash: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def chunks(self) -> Iterator[bytes]:
        """Decoded chunks, to the verified end of the stream."""
        with self._opened() as file:
            for chunk in _decoded(self._raw(file), Where(self.display), self.path.suffix.lower()):
                self.bytes_decoded += len(chunk)
                self._refuse_bombs()
                yield chunk

    @contextmanager
    def whole(self, kind: Binary) -> Iterator[FileIO]:
        """A binary file to read from anywhere, after all of it was hashed."""
        with self._opened() as file:
            head = tail = b""
            for chunk in self._raw(file):
                head, tail = head or chunk[:_HEAD], (tail + chunk)[-kind.end_within :]
            _refuse_other_than(kind, head, tail, Where(self.display))
            yield file

    def unpacked(self, size: int) -> None:
        """What the file says it holds unpacked; raise InputRejectedError where it is a bomb."""
        self.bytes_decoded = size
        self._refuse_bombs()

    @contextmanager
    def _opened(self) -> Iterator[FileIO]:
        with _open(self.path, self.display) as file:
            before = os.fstat(file.fileno())
            yield file
            after = os.fstat(file.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise PlatformError(
                "E-FILE-GROWING",
                "a file that does not change while it is read",
                where=Where(self.display),
                repair="deliver files complete (write under another name, then rename), and run again",
            )
        self.sha256 = self._hash.hexdigest()

    def _raw(self, file: FileIO) -> Iterator[bytes]:
        while chunk := file.read(CHUNK):
            self._hash.update(chunk)
            self.bytes_delivered += len(chunk)
            yield chunk

    def _refuse_bombs(self) -> None:
        bomb = self.bytes_decoded > max(RATIO_FREE, MAX_RATIO * self.bytes_delivered)
        if bomb or self.bytes_decoded > MAX_DECODED:
            raise InputRejectedError(
                "E-FILE-BOMB",
                f"at most {MAX_RATIO}:1 and {MAX_DECODED // 10**9} GB decompressed",
                where=Where(self.display),
                repair="ask for the file again; split a real month into days",
            )


def _open(path: Path, display: str) -> FileIO:
    try:
        file = FileIO(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK))
    except OSError as error:
        why = "this is a link" if error.errno == errno.ELOOP else error.strerror
        raise InputRejectedError(
            "E-FILE-OPEN",
            f"a plain file that can be read ({why})",
            where=Where(display),
            repair="check the permissions; copy the file instead of linking to it",
        ) from None
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise InputRejectedError(
            "E-FILE-OPEN",
            "a plain file that can be read (this is a folder, pipe or device)",
            where=Where(display),
            repair="name files only in `files:`, and deliver them complete",
        )
    return file


def _decoded(raw: Iterator[bytes], where: Where, ending: str) -> Iterator[bytes]:
    """Decompressed chunks of what looks like text."""
    head, text = _peek(raw)
    packed = next((magic for magic in _PACKED if head.startswith(magic)), None)
    if head and packed != _ENDINGS.get(ending):
        raise _foreign(_looks(head) or "uncompressed text", where)
    if packed is not None:
        head, text = _peek(_members(text, where, _NEW_MEMBER[packed]))
    if not head:
        raise _empty(where)
    if found := _looks(head):
        raise _foreign(found, where)
    return text


def _peek(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes of a stream, and the whole stream."""
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= _HEAD:
            break
    return head, itertools.chain((head,), chunks)


def _looks(head: bytes) -> str | None:
    """What content is that is no text in UTF-8, by its first bytes."""
    start = head.removeprefix(_UTF8_BOM).lstrip()
    return next((name for magic, name in (_FOREIGN | _PACKED).items() if start.startswith(magic)), None)


def _refuse_other_than(kind: Binary, head: bytes, tail: bytes, where: Where) -> None:
    if not head:
        raise _empty(where)
    if not head.startswith(kind.begins):
        raise _foreign(_looks(head) or "text", where, f"{kind.name}, as its name or its format says")
    if kind.ends not in tail:
        raise InputRejectedError(
            "E-FILE-TRUNCATED",
            f"{kind.name} up to its end marker",
            where=where,
            repair="transfer the file again; it was cut",
        )


def _empty(where: Where) -> InputRejectedError:
    return InputRejectedError(
        "E-FILE-EMPTY",
        "a file with content",
        where=where,
        repair="ask for the export again; 0 bytes is not 0 rows",
    )


def _foreign(
    found: str, where: Where, expected: str = "text in UTF-8, compressed as the file's name says"
) -> InputRejectedError:
    return InputRejectedError(
        "E-FILE-TYPE",
        f"{expected}; this is {found}",
        where=where,
        repair="deliver plain, .gz or .zst text, or Parquet, under a name that says so",
    )


_NEW_MEMBER: dict[bytes, Callable[[], Decompressor]] = {
    _GZIP: lambda: zlib.decompressobj(wbits=31),
    _ZSTD: lambda: zstandard.ZstdDecompressor().decompressobj(),
}


def _members(raw: Iterator[bytes], where: Where, new: Callable[[], Decompressor]) -> Iterator[bytes]:
    """Decompress concatenated members; the last one must reach its end marker."""
    member, started = new(), False
    try:
        for piece in _slices(raw):
            rest = piece
            while rest:
                started = True
                yield member.decompress(rest)
                rest = member.unused_data if member.eof else b""
                if member.eof:
                    member, started = new(), False
    except (zlib.error, zstandard.ZstdError):
        raise InputRejectedError(
            "E-FILE-CORRUPT",
            "compressed data with a valid checksum",
            where=where,
            repair="transfer the file again in binary mode",
        ) from None
    if started:
        raise InputRejectedError(
            "E-FILE-TRUNCATED",
            "compressed data up to its end marker",
            where=where,
            repair="transfer the file again; it was cut",
        )


def _slices(raw: Iterator[bytes]) -> Iterator[bytes]:
    for chunk in raw:
        for start in range(0, len(chunk), SLICE):
            yield chunk[start : start + SLICE]
