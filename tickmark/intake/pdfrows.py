"""The text layer of a PDF: one record per file, `rows` of text as they stand on its pages.

Lives here: the container `pdf`, which needs the extra `pdf` (pypdf: Python alone, no native code). Only the
content of pages is read: scripts, links, forms, annotations and embedded files are never opened. What a
reader of the page would not see makes the file unusable. Does not live here: what a row means (invoices/).
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from io import FileIO
from itertools import islice
from typing import TYPE_CHECKING, Any

from tickmark.errors import BadSpecError, InputRejectedError, Where
from tickmark.formats import Format, Json
from tickmark.intake.physical import Record
from tickmark.intake.stream import PDF, Verified

if TYPE_CHECKING:
    import pypdf

MAX_BYTES = 4 * 10**6
MAX_PAGES = 50
MAX_STREAM = 10**6
"""Bytes of one unpacked stream; an invoice's page has some ten thousand."""
MAX_OPERATORS = 50_000
_LIMITS: dict[str, Any] = {
    "maximum_declared_stream_length": MAX_STREAM,
    "array_based_stream_maximum_output_length": MAX_STREAM,
    "zlib_maximum_output_length": MAX_STREAM,
    "lzw_maximum_output_length": MAX_STREAM,
    "run_length_maximum_output_length": MAX_STREAM,
    "brotli_maximum_output_length": MAX_STREAM,
    "stream_decoding_work_maximum_length": 4 * MAX_STREAM,
    "stream_parsing_work_maximum_count": 4 * MAX_OPERATORS,
    "page_tree_maximum_entries": 10 * MAX_PAGES,
    "xform_maximum_invocations_per_extraction": 200,
    "jbig2dec_binary": None,
}
"""No invoice needs more; and no other program is started for an image."""
MAX_ROW = 500
"""Characters of one row: what reads it must not take long."""
SAME_ROW = 3.0
"""Points between baselines of one row."""
MIN_SIZE = 2.0
"""Points; smaller text is not there to be read."""
_WHITE, _INKS = 0.97, 4
_SHOWS = (b"Tj", b"TJ", b"'", b'"')
_FILLS = (b"g", b"rg", b"k", b"sc", b"scn")


class _UnusableError(Exception):
    """What the file would have to be."""


@dataclass(frozen=True, slots=True)
class _Run:
    """A piece of text, and where it stands."""

    x: float
    y: float
    text: str


def rows(file: Verified, _: Format) -> Iterator[Record]:
    """The one record of a PDF; raise where its text cannot be read as a person would read the page."""
    if find_spec("pypdf") is None:
        raise BadSpecError(
            "E-PDF-EXTRA",
            "the extra `pdf`, which reads PDFs",
            where=Where(file.display),
            repair="pip install 'tickmark[pdf]', or deliver the invoice's head as format invoice_csv",
        )
    with file.whole(PDF) as source:
        file.unpacked(file.bytes_delivered)
        try:
            found = _text(source, file.bytes_delivered)
        except MemoryError:
            raise
        except _UnusableError as why:
            raise _unusable(file, str(why)) from None
        except Exception:  # noqa: BLE001 - what a parser of damaged bytes raises has no end
            raise _unusable(file, "an intact one") from None
    yield Record(None, 0, file.bytes_delivered, value={"rows": found})


def _unusable(file: Verified, expected: str) -> InputRejectedError:
    return InputRejectedError(
        "E-PDF-TEXT",
        f"a PDF whose text can be read: {expected}",
        where=Where(file.display),
        repair="download the invoice again; if it stays so, deliver its head as format invoice_csv",
    )


def _text(source: FileIO, size: int) -> list[Json]:
    import pypdf
    from pypdf.errors import LimitReachedError

    if size > MAX_BYTES:
        raise _UnusableError(f"at most {MAX_BYTES} bytes")
    # The library's own words could hold values.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL + 1)
    source.seek(0)
    try:
        with pypdf.apply_configuration(**_LIMITS):
            found = _seen(pypdf.PdfReader(source))
    except LimitReachedError:
        raise _UnusableError(
            f"at most {MAX_PAGES} pages, and streams of at most {MAX_STREAM} bytes"
        ) from None
    if not found:
        raise _UnusableError("one with a text layer, not a scan")
    return found


def _seen(reader: "pypdf.PdfReader") -> list[Json]:
    if reader.is_encrypted:
        raise _UnusableError("one that is not encrypted")
    # What the file says of its pages, and what it has.
    if len(reader.pages) > MAX_PAGES or len(pages := list(islice(reader.pages, MAX_PAGES + 1))) > MAX_PAGES:
        raise _UnusableError(f"at most {MAX_PAGES} pages")
    eye = _Eye()
    return [row for page in pages for row in _rows(eye.runs(page))]


@dataclass(slots=True)
class _Eye:
    """Sees what a page shows, in the order of its operators; what is drawn but not visible is refused."""

    operators: int = 0
    white: bool = False
    kept: list[bool] = field(default_factory=list)
    box: tuple[float, ...] = ()
    found: list[_Run] = field(default_factory=list)

    def runs(self, page: "pypdf.PageObject") -> list[_Run]:
        self.white, self.kept, self.found = False, [], []
        box = page.mediabox
        self.box = (box.left, box.bottom, box.right, box.top)
        page.extract_text(visitor_operand_before=self._operator, visitor_text=self._run)
        return self.found

    def _operator(self, name: bytes, operands: Sequence[object], _cm: object, _tm: object) -> None:
        self.operators += 1
        if self.operators > MAX_OPERATORS:
            raise _UnusableError(f"at most {MAX_OPERATORS} drawing operators")
        if name == b"q":
            self.kept.append(self.white)
        elif name == b"Q" and self.kept:
            self.white = self.kept.pop()
        elif name in _FILLS:
            self.white = _is_white(name, operands)
        hidden = name == b"Tr" and list(operands) != [0]
        layered = name == b"BDC" and bool(operands) and operands[0] == "/OC"
        if hidden or layered or (self.white and name in _SHOWS):
            raise _UnusableError("one without hidden text (invisible, white or in a layer)")

    def _run(self, text: str, cm: Sequence[float], tm: Sequence[float], _: object, size: float) -> None:
        if not text.strip():
            return
        x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
        y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
        height = abs(size) * max(abs(tm[3] * cm[3]), abs(tm[1] * cm[2]))
        left, bottom, right, top = self.box
        if height < MIN_SIZE or not (left <= x <= right and bottom <= y <= top):
            raise _UnusableError("one without hidden text (too small, or outside its page)")
        self.found.append(_Run(x, y, " ".join(text.split())))


def _is_white(name: bytes, operands: Sequence[object]) -> bool:
    """Light in one or three parts, no ink in four."""
    parts = [part for part in operands if isinstance(part, int | float)]
    if name == b"k" or len(parts) == _INKS:
        return max(parts, default=1.0) <= 1 - _WHITE
    return min(parts, default=0.0) >= _WHITE


def _rows(runs: list[_Run]) -> Iterator[str]:
    """Runs of one baseline, from left to right; rows from the top down."""
    row: list[_Run] = []
    for run in sorted(runs, key=lambda run: (-run.y, run.x)):
        if row and row[0].y - run.y > SAME_ROW:
            yield _joined(row)
            row = []
        row.append(run)
    if row:
        yield _joined(row)


def _joined(row: list[_Run]) -> str:
    joined = " ".join(run.text for run in sorted(row, key=lambda run: run.x))
    if len(joined) > MAX_ROW:
        raise _UnusableError(f"rows of at most {MAX_ROW} characters")
    return joined
