"""Width and height of an image, read from its first bytes.

Lives here: the headers of the formats that providers accept: PNG, JPEG, GIF and WebP.
Does not live here: what an image costs (images). Nothing is decoded beyond the header.
"""

import struct
from collections.abc import Callable
from typing import NamedTuple

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""JPEG segments that hold a size."""
_MARK, _SCAN, _END = 0xFF, 0xDA, 0xD9


class Size(NamedTuple):
    """In pixels."""

    width: int
    height: int


def size_of(head: bytes) -> Size | None:
    """The size of the image that begins so; None where the bytes do not say it."""
    try:
        found = next((read(head) for magic, read in _READERS.items() if head.startswith(magic)), None)
    except (IndexError, struct.error):
        return None
    return found if found is not None and min(found) > 0 else None


def _png(head: bytes) -> Size | None:
    return Size(*struct.unpack_from(">II", head, 16)) if head[12:16] == b"IHDR" else None


def _gif(head: bytes) -> Size:
    return Size(*struct.unpack_from("<HH", head, 6))


def _webp(head: bytes) -> Size | None:
    if head[8:12] != b"WEBP":
        return None
    kind = head[12:16]
    if kind == b"VP8X":
        return Size(1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little"))
    if kind == b"VP8L":
        packed = struct.unpack_from("<I", head, 21)[0]
        return Size(1 + (packed & 0x3FFF), 1 + (packed >> 14 & 0x3FFF))
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", head, 26)
        return Size(width & 0x3FFF, height & 0x3FFF)
    return None


def _jpeg(head: bytes) -> Size | None:
    at = 2
    while head[at] == _MARK:
        kind = head[at + 1]
        if kind in _FRAMES:
            height, width = struct.unpack_from(">HH", head, at + 5)
            return Size(width, height)
        if kind in (_SCAN, _END):
            return None
        # A second mark is filling; every other segment says how long it is.
        at += 1 if kind == _MARK else 2 + struct.unpack_from(">H", head, at + 2)[0]
    return None


_READERS: dict[bytes, Callable[[bytes], Size | None]] = {
    b"\x89PNG\r\n\x1a\n": _png,
    b"\xff\xd8": _jpeg,
    b"GIF87a": _gif,
    b"GIF89a": _gif,
    b"RIFF": _webp,
}
