"""PDFs written by hand, for tests: the bytes of a page, and pages in a file."""

import zlib
from collections.abc import Sequence

ROW = tuple[str, ...]
COLUMNS = (40, 300, 360, 430, 500)
"""Where words begin: the cells of a table, or one label and its value."""


def run(words: str, x: float, y: float, size: float = 9) -> bytes:
    """One piece of text at a place."""
    escaped = words.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return b"BT /F1 %g Tf 1 0 0 1 %g %g Tm (%b) Tj ET\n" % (size, x, y, escaped.encode("cp1252"))


def page(rows: Sequence[str | ROW], top: float = 760) -> bytes:
    """Rows from the top down; a tuple is a row of cells."""
    drawn = b""
    for number, row in enumerate(rows):
        cells = (row,) if isinstance(row, str) else row
        places = COLUMNS[: len(cells)] if len(cells) > 1 else COLUMNS
        drawn += b"".join(
            run(words, x, top - 14 * number) for words, x in zip(cells, places, strict=False) if words
        )
    return drawn


def pdf(pages: Sequence[bytes], catalog: bytes = b"", trailer: bytes = b"", *, packed: bool = False) -> bytes:
    """A whole file; every page has one content stream."""
    kids = b" ".join(b"%d 0 R" % (4 + 2 * number) for number in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R %b>>" % catalog,
        b"<< /Type /Pages /Kids [%b] /Count %d >>" % (kids, len(pages)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, content in enumerate(pages):
        stream = zlib.compress(content) if packed else content
        how = b"/Filter /FlateDecode " if packed else b""
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792]"
            b" /Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>" % (5 + 2 * number)
        )
        objects.append(b"<< %b/Length %d >>\nstream\n%b\nendstream" % (how, len(stream), stream))
    return _file(objects, trailer)


def _file(objects: list[bytes], trailer: bytes) -> bytes:
    out, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return out + (
        b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<< /Size %d /Root 1 0 R %b>>\nstartxref\n%d\n%%%%EOF\n"
        % (size, table, size, trailer, len(out))
    )
