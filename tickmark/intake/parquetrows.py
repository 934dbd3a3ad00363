"""Rows of a Parquet file, as mappings of column to value like those of JSON.

Lives here: the container `parquet`. Numbers stay exact: decimals as they are, floats as the shortest text
that is the same float. A footer has no checksum, and few writers give one to their pages: only a manifest's
sha256 proves that a file is as it was sent. Does not live here: what a column means (gateways/, invoices/).
"""

import math
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq

from tickmark.errors import InputRejectedError, RecordRejected, Where
from tickmark.formats import Format, Json
from tickmark.intake.csvrows import checked_header
from tickmark.intake.physical import Record
from tickmark.intake.stream import PARQUET, Verified

ROWS_AT_ONCE = 256


def rows(file: Verified, format_: Format) -> Iterator[Record]:
    """One record per row; raise InputRejectedError where the file cannot be read to its end."""
    with file.whole(PARQUET) as source:
        try:
            table = pq.ParquetFile(source, page_checksum_verification=True)
            checked_header(table.schema_arrow.names, format_, file, None)
            file.unpacked(
                sum(table.metadata.row_group(n).total_byte_size for n in range(table.num_row_groups))
            )
            groups = [table.metadata.row_group(n).num_rows for n in range(table.num_row_groups)]
            number = 0
            for batch in table.iter_batches(ROWS_AT_ONCE):
                for row in _to_microseconds(batch).to_pylist(maps_as_pydicts="strict"):
                    number += 1
                    yield _record(row, f"row {number}")
            if not number == table.metadata.num_rows == sum(groups):
                raise ValueError("rows were lost")  # noqa: TRY301 - told like any other damage
        except (pa.ArrowException, OSError, ValueError, KeyError):
            raise InputRejectedError(
                "E-FILE-CORRUPT",
                "a Parquet file that is whole, unencrypted and has no key twice in a map",
                where=Where(file.display),
                repair="transfer the file again in binary mode, or export it again",
            ) from None


def _to_microseconds(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Nanoseconds have no Python type; what is cut off is finer than any bill."""
    for index, field in enumerate(batch.schema):
        if pa.types.is_timestamp(field.type) and field.type.unit == "ns":
            cut = batch.column(index).cast(pa.timestamp("us", field.type.tz), safe=False)
            batch = batch.set_column(index, field.name, cut)
    return batch


def _record(row: Mapping[str, object], place: str) -> Record:
    record = Record(None, 0, 0, place=place)
    try:
        record.value = {name: _json(value, name) for name, value in row.items()}
    except RecordRejected as rejected:
        record.rejected = rejected
    return record


def _json(value: object, column: str) -> Json:
    """A cell as the JSON of the same row would decode."""
    if value is None or isinstance(value, str | bool | int | Decimal):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise RecordRejected("E-JSON-NUMBER", column, "a finite number", value)
        return Decimal(repr(value))
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list):
        return [_json(item, column) for item in value]
    if isinstance(value, dict):
        return {str(key): _json(item, column) for key, item in value.items()}
    raise RecordRejected("E-FIELD-TYPE", column, "text, a number, a time, a list or a struct", value)
