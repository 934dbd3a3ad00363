"""Verified bytes: type by magic bytes, sha256, decompression to the end of the stream, size caps.

Lives here: everything between a path and decoded lines. Does not live here: what a line means.
Why no library reads the file itself: fast readers return partial data from truncated zstd and skip
the gzip CRC without an error (measured 2026-11, tests/readers/test_stream.py).
"""

import hashlib
import os
import stat
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import zstandard

from tickmark.errors import InputRejectedError, PlatformError, Where

CHUNK = 1 << 16
MAX_DECODED = 50 * 10**9
MAX_RATIO = 200
RATIO_FREE = 64 * 10**6
"""Below this decoded size any ratio is harmless."""

_GZIP, _ZSTD, _UTF8_BOM = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xef\xbb\xbf"
_FOREIGN = {
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"<": "an HTML or XML page",
    b"SQLite format 3": "a SQLite database",
}
_ENDINGS = {".gz": _GZIP, ".zst": _ZSTD}


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
        before = self.path.lstat()
        decoded = _decompress(self._raw(), self._where("(whole file)"), self.path.suffix)
        for chunk in decoded:
            self.bytes_decoded += len(chunk)
            self._refuse_bombs()
            yield chunk
        after = self.path.lstat()
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise PlatformError(
                "E-FILE-GROWING",
                "the file changed while it was read",
                where=Where(self.display),
                repair="deliver files complete (write under another name, then rename), and run again",
            )
        self.sha256 = self._hash.hexdigest()

    def _raw(self) -> Iterator[bytes]:
        with os.fdopen(_open(self.path, self.display), "rb", buffering=0) as file:
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

    def _where(self, place: str) -> Where:
        return Where(self.display, field=place)


def _open(path: Path, display: str) -> int:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise InputRejectedError(
            "E-FILE-OPEN",
            f"a readable regular file ({error.strerror})",
            where=Where(display),
            repair="check the permissions; copy the file instead of linking to it",
        ) from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise InputRejectedError(
            "E-FILE-OPEN",
            "a regular file",
            where=Where(display),
            repair="deliver a plain file, no pipe or device",
        )
    return handle


def _decompress(raw: Iterator[bytes], where: Where, ending: str) -> Iterator[bytes]:
    first = next(raw, b"")
    if not first:
        raise InputRejectedError(
            "E-FILE-EMPTY",
            "a file with content",
            where=where,
            repair="ask for the export again; 0 bytes is not 0 rows",
        )
    _refuse_foreign(first, where, ending)
    whole = _chain(first, raw)
    if first.startswith(_GZIP):
        yield from _members(whole, where, lambda: zlib.decompressobj(wbits=31))
    elif first.startswith(_ZSTD):
        yield from _members(whole, where, zstandard.ZstdDecompressor().decompressobj)
    else:
        yield from _without_bom(whole)


def _refuse_foreign(first: bytes, where: Where, ending: str) -> None:
    looks = next((name for magic, name in _FOREIGN.items() if first.lstrip().startswith(magic)), None)
    packed = next((name for name, magic in _ENDINGS.items() if first.startswith(magic)), None)
    expected = ending if ending in _ENDINGS else None
    if looks is None and packed == expected:
        return
    found = looks or (f"{packed[1:]}-compressed data" if packed else "uncompressed text")
    raise InputRejectedError(
        "E-FILE-TYPE",
        f"content that fits the file's name; this is {found}",
        where=where,
        repair="deliver plain, .gz or .zst text under a name that says so",
    )


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _without_bom(chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield next(chunks).removeprefix(_UTF8_BOM)
    yield from chunks


def _members(raw: Iterator[bytes], where: Where, new: Callable[[], Decompressor]) -> Iterator[bytes]:
    """Decompress concatenated members; the last one must reach its end marker."""
    member, started = new(), False
    try:
        for chunk in raw:
            rest = chunk
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
