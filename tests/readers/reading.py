"""Reading one file as intake does, for tests."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import zstandard

from tickmark.intake.reader import FORMATS, FileReport, Reader, Source
from tickmark.intake.tables import SCHEMAS, Writers
from tickmark.specbook import SpecBook

SPECS = Path(__file__).resolve().parents[2] / "tokenizer_specs"
SAMPLES = Path(__file__).with_name("samples")
KEY = bytes(32)

Rows = Mapping[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Read:
    """What a file became."""

    report: FileReport
    rows: Rows

    @property
    def rejects(self) -> list[tuple[int | None, str, str]]:
        return [(row["line_no"], row["rule"], row["field"]) for row in self.rows["rejects"]]


def packed(content: bytes, name: str) -> bytes:
    """Content, compressed as a file name says."""
    if name.endswith(".gz"):
        return gzip.compress(content, 6, mtime=0)
    if name.endswith(".zst"):
        return zstandard.ZstdCompressor(write_checksum=True).compress(content)
    return content


def read(folder: Path, format_: str, content: bytes, name: str = "file.txt") -> Read:
    """Write content under a name and read it; raises what intake raises."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(packed(content, name))
    staging = folder / "staging"
    writers = Writers(staging, "part")
    report = Reader(Source("s", format_, "default"), FORMATS[format_], specs(), KEY, writers).read(
        path, name, 0
    )
    writers.close()
    return Read(report, staged(staging))


@cache
def specs() -> SpecBook:
    return SpecBook(SPECS)


def staged(staging: Path) -> Rows:
    """Every row that was written, by table."""
    return {
        table: [
            row
            for part in sorted(staging.glob(f"{table}/*.parquet"))
            for row in pq.read_table(part).to_pylist()
        ]
        for table in SCHEMAS
    }
