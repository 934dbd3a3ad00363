"""From decoded bytes to decoded records, each with its place in the file.

Lives here: which container a file is. Every record comes out exactly once: with a value, with the rule it
breaks, or blank. Does not live here: how a container cuts its records (jsonrows, csvrows, parquetrows,
pdfrows, pages), and what a record means (gateways/, invoices/).
"""

from collections.abc import Iterator
from pathlib import PurePath

from tickmark.formats import Container, Format
from tickmark.intake import csvrows, jsonrows, pages, parquetrows, pdfrows
from tickmark.intake.physical import Coverage, Record
from tickmark.intake.stream import Verified, unpacked_name

_BY_ENDING: dict[str, Container] = {".csv": "csv", ".tsv": "csv", ".parquet": "parquet"}


def records(file: Verified, format_: Format, coverage: Coverage) -> Iterator[Record]:
    """Every record of a file, in order; raise InputRejectedError where the file as a whole is unusable."""
    container = container_of(file.path, format_)
    if container == "bucket_pages":
        return pages.results(file, coverage)
    return _CUT[container](file, format_)


_CUT = {
    "jsonl": jsonrows.rows,
    "json": jsonrows.document_or_rows,
    "csv": csvrows.rows,
    "parquet": parquetrows.rows,
    "pdf": pdfrows.rows,
}


def container_of(path: PurePath, format_: Format) -> Container:
    """The container that a file's name means among those of its format; the first where it says nothing."""
    meant = _BY_ENDING.get(PurePath(unpacked_name(path)).suffix)
    return meant if meant in format_.containers else format_.containers[0]
