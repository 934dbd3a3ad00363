"""Rows of a CSV file: strict quoting, a header by name, each row a mapping of column to cell.

A file that is named `.tsv` is the same with tabs for commas.

Lives here: the CSV container. Does not live here: what a column means (gateways/, invoices/).
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tickmark import money
from tickmark.errors import InputRejectedError, RecordRejected, Where
from tickmark.formats import Format, Json
from tickmark.intake.physical import MAX_LINE, Record, conserved, decoded, lines, truncated
from tickmark.intake.stream import Verified, unpacked_name

MAX_FIELD = 4 * 10**6
_WHOLE = re.compile(r"-?[0-9]{1,30}", re.ASCII)


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
                raise _unreadable(self.file, self.count, f"lines of at most {MAX_LINE} bytes")
            self.terminated = length > len(content)
            try:
                text = decoded(offset, content)
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


def rows(file: Verified, format_: Format) -> Iterator[Record]:
    """The header and every row, in order; raise InputRejectedError where the file is no such table."""
    source = _Lines(file)
    header: list[str] | None = None
    end = 0
    for cells in _parsed(source):
        record = source.record()
        end = record.offset + record.length
        if any(map(str.strip, cells)):
            if header is None:
                header = checked_header(cells, format_, file, record.line)
            elif record.rejected is None:
                _fill(record, header, cells, format_)
        if record.rejected is not None and not source.terminated:
            raise truncated(file, source.count)
        yield record
    if header is None:
        raise InputRejectedError(
            "E-FILE-EMPTY",
            "a header row",
            where=Where(file.display),
            repair="ask for the export again; an empty file is not 0 rows",
        )
    conserved(file, end)


def _parsed(source: _Lines) -> Iterator[list[str]]:
    # The parser's own limit (128 KiB) would refuse the file; ours refuses the record.
    csv.field_size_limit(MAX_LINE)
    tabs = unpacked_name(source.file.path).endswith(".tsv")
    try:
        yield from csv.reader(source, delimiter="\t" if tabs else ",", strict=True)
    except csv.Error:
        begins = source.count - len(source.places) + 1
        raise _unreadable(source.file, begins, "a record with balanced quotes and LF line ends") from None


def _unreadable(file: Verified, line: int | None, expected: str) -> InputRejectedError:
    return InputRejectedError(
        "E-CSV-SYNTAX",
        expected,
        where=Where(file.display, line),
        repair="export the table again as CSV (UTF-8, comma, double quotes)",
    )


def checked_header(cells: list[str], format_: Format, file: Verified, line: int | None) -> list[str]:
    """Column names; raise InputRejectedError where a required one is missing or one comes twice."""
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


def _fill(record: Record, header: list[str], cells: list[str], format_: Format) -> None:
    if len(cells) != len(header):
        record.rejected = RecordRejected("E-CSV-WIDTH", "(record)", f"{len(header)} fields", cells)
        return
    record.value = {
        name: _number(cell) if name in format_.numeric else cell
        for name, cell in zip(header, cells, strict=True)
    }
    for name, cell in zip(header, cells, strict=True):
        if len(cell) > MAX_FIELD or "\0" in cell:
            expected = f"at most {MAX_FIELD} characters, none of them NUL"
            record.rejected = RecordRejected("E-CSV-FIELD", name, expected, cell)


def _number(cell: str) -> Json:
    """A cell as JSON would decode it; what is no plain number stays text, for the reader to refuse."""
    if not cell:
        return None
    if _WHOLE.fullmatch(cell):
        return int(cell)
    try:
        return money.parse_decimal(cell)
    except ValueError:
        return cell
