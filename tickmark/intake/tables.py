"""Staged tables: canonical rows with their lineage, as Parquet in the run's private folder.

Lives here: the columns of the staged tables (fields of `tickmark.records` plus lineage) and their
writer. Does not live here: deduplication and period (sql/ingest), which need every file at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tickmark.money import AMOUNT_SCALE
from tickmark.records import FIELD_TYPES, RECORDS, RateRow, Row, TableName

BATCH = 10_000
BATCH_TEXT = 16 * 10**6
"""Characters of text after which a batch is written, however few rows it has."""
_ARROW = {
    str: pa.string(),
    int: pa.int64(),
    bool: pa.bool_(),
    datetime: pa.timestamp("us", tz="UTC"),
    Decimal: pa.decimal128(38, AMOUNT_SCALE),
}
LINEAGE = pa.schema(
    [
        ("source", pa.string()),
        ("account", pa.string()),
        ("file_no", pa.int64()),
        ("record_no", pa.int64()),
        ("line_no", pa.int64()),
        ("byte_offset", pa.int64()),
        ("byte_length", pa.int64()),
        ("content_hash", pa.string()),
        ("record_version", pa.int64()),
    ]
)
_PLAN = pa.schema(
    [
        ("attempt_id", pa.string()),
        ("spec", pa.string()),
        ("vocabulary", pa.string()),
        ("shape", pa.string()),
        ("exactness", pa.string()),
        ("overhead_tokens", pa.int64()),
        ("uncountable_because", pa.string()),
    ]
)
_USES = pa.schema(
    [
        ("file_no", pa.int64()),
        ("record_no", pa.int64()),
        ("attempt_id", pa.string()),
        ("vocabulary", pa.string()),
        ("kind", pa.string()),
        ("segment", pa.binary(16)),
        ("uses", pa.int64()),
    ]
)


def record_table(kind: type[Row | RateRow], rows: Sequence[Row | RateRow]) -> pa.Table:
    """Rows of one record type as an Arrow table."""
    schema = _record_schema(kind)
    return pa.table(
        {field.name: pa.array([getattr(row, field.name) for row in rows], field.type) for field in schema}
    )


def _record_schema(record: type[Row | RateRow]) -> pa.Schema:
    return pa.schema([(name, _ARROW[kind]) for name, kind in FIELD_TYPES[record].items()])


def _columns(table: TableName) -> pa.Schema:
    own = _record_schema(RECORDS[table])
    planned = _PLAN if table == "attempts" else pa.schema([])
    return pa.schema([*LINEAGE, *planned, *own])


SCHEMAS: dict[str, pa.Schema] = {
    **{table: _columns(table) for table in RECORDS},
    "rejects": pa.schema(
        [
            *(field for field in LINEAGE if field.name not in ("content_hash", "record_version")),
            ("place", pa.string()),
            ("rule", pa.string()),
            ("field", pa.string()),
            ("expected", pa.string()),
            ("got", pa.string()),
        ]
    ),
    "segment_uses": _USES,
    "answers": pa.schema(
        [
            ("file_no", pa.int64()),
            ("record_no", pa.int64()),
            ("attempt_id", pa.string()),
            ("vocabulary", pa.string()),
            ("exactness", pa.string()),
            ("overhead_tokens", pa.int64()),
            ("unseen_tokens", pa.int64()),
            ("uncountable_because", pa.string()),
        ]
    ),
    "answer_segment_uses": _USES,
    "segments": pa.schema(
        [
            ("vocabulary", pa.string()),
            ("segment", pa.binary(16)),
            ("text", pa.string()),
            ("chars", pa.int64()),
        ]
    ),
}
"""Every table a reading child may write; `segments` holds text and never leaves the private zone."""

row_values = {
    table: attrgetter(*(field.name for field in fields(record))) for table, record in RECORDS.items()
}
"""The values of a record in the order of its columns."""


@dataclass(slots=True)
class Uses:
    """Texts of attempts that wait to be written: `ends[n]` is where the texts of owner n end."""

    owners: list[tuple[object, ...]] = field(default_factory=list)
    ends: list[int] = field(default_factory=lambda: [0])
    segments: list[bytes] = field(default_factory=list)
    uses: list[int] = field(default_factory=list)


class Writers:
    """Appends rows to `<folder>/<table>/<part>.parquet`; a table without rows leaves no file."""

    def __init__(self, folder: Path, part: str) -> None:
        self._folder, self._part = folder, part
        self._rows: dict[str, list[tuple[object, ...]]] = {table: [] for table in SCHEMAS}
        self._uses: dict[str, Uses] = {table: Uses() for table in SCHEMAS if SCHEMAS[table] is _USES}
        self._text = 0
        self._open: dict[str, pq.ParquetWriter] = {}

    def add(self, table: str, row: tuple[object, ...]) -> None:
        """Append one row, its values in the order of `SCHEMAS[table]`."""
        rows = self._rows[table]
        rows.append(row)
        if len(rows) >= BATCH:
            self._flush(table)

    def add_uses(
        self, table: str, owner: tuple[object, ...], segments: Sequence[bytes], uses: Sequence[int]
    ) -> None:
        """Append the texts of one attempt; `owner` is every column before the last two."""
        waiting = self._uses[table]
        waiting.owners.append(owner)
        waiting.ends.append(waiting.ends[-1] + len(segments))
        waiting.segments += segments
        waiting.uses += uses
        if len(waiting.segments) >= BATCH:
            self._flush_uses(table)

    def add_segment(self, vocabulary: str, segment: bytes, text: str) -> None:
        """Append one text to count; prompts may be long, so their batches end by size too."""
        self.add("segments", (vocabulary, segment, text, len(text)))
        self._text += len(text)
        if self._text >= BATCH_TEXT:
            self._flush("segments")
            self._text = 0

    def close(self) -> None:
        """Write what is left and the footers; before this the files are not readable."""
        for table in SCHEMAS:
            self._flush(table)
        for table in self._uses:
            self._flush_uses(table)
        for writer in self._open.values():
            writer.close()

    def _flush(self, table: str) -> None:
        if not (rows := self._rows[table]):
            return
        schema = SCHEMAS[table]
        self._write(table, _columns_of(rows, schema))
        rows.clear()

    def _flush_uses(self, table: str) -> None:
        waiting = self._uses[table]
        if not waiting.segments:
            return
        *owner, segment, uses = SCHEMAS[table]
        segments = pa.array(waiting.segments, segment.type)
        # Each owner stands once here and once per text in the table: Arrow repeats it, not Python.
        parents = pc.list_parent_indices(
            pa.ListArray.from_arrays(pa.array(waiting.ends, pa.int32()), segments)
        )
        repeated = [column.take(parents) for column in _columns_of(waiting.owners, pa.schema(owner))]
        self._write(table, [*repeated, segments, pa.array(waiting.uses, uses.type)])
        self._uses[table] = Uses()

    def _write(self, table: str, columns: list[pa.Array]) -> None:
        if table not in self._open:
            path = self._folder / table / f"{self._part}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            self._open[table] = pq.ParquetWriter(
                path, SCHEMAS[table], compression="zstd", compression_level=1
            )
        self._open[table].write_batch(pa.record_batch(columns, schema=SCHEMAS[table]))


def _columns_of(rows: Sequence[tuple[object, ...]], schema: pa.Schema) -> list[pa.Array]:
    return [
        pa.array(column, field.type) for column, field in zip(zip(*rows, strict=True), schema, strict=True)
    ]
