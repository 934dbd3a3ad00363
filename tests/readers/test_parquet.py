"""Parquet: rows as the JSON of the same rows, and what is refused."""

import io
import random
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tickmark.errors import TickmarkError
from tickmark.formats import Format
from tickmark.intake.containers import records
from tickmark.intake.physical import Coverage
from tickmark.intake.stream import Verified

FORMAT = Format(
    name="t", side="gateway", tables=("attempts",), containers=("json", "parquet"), summary="",
    verified="own format", read=lambda _: iter(()), columns=("id",),
)  # fmt: skip
ROW: dict[str, Any] = {
    "id": "ä\u2028",
    "count": 2**60,
    "price": Decimal("0.100000000000000001"),
    "spend": 0.1,
    "at": datetime(2026, 7, 4, 8, tzinfo=UTC),
    "naive": datetime(2026, 7, 4, 8),  # noqa: DTZ001 - as databases export it
    "tags": ["a", None],
    "more": {"x": 1.5, "y": None},
    "flag": True,
    "none": None,
}


def packed(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def found(folder: Path, content: bytes, name: str = "f.parquet") -> list[Any]:
    (folder / name).write_bytes(content)
    file = Verified(folder / name, name)
    rows = [record.value or record.rejected for record in records(file, FORMAT, Coverage())]
    assert (file.bytes_delivered, len(file.sha256)) == (len(content), 64)
    return rows


def refused(folder: Path, content: bytes, name: str = "f.parquet") -> str:
    with pytest.raises(TickmarkError) as raised:
        found(folder, content, name)
    return raised.value.rule


def test_values_are_those_of_the_same_json(tmp_path: Path) -> None:
    (row,) = found(tmp_path, packed(pa.Table.from_pylist([ROW])))
    assert row == {
        **ROW,
        "spend": Decimal("0.1"),
        "at": "2026-07-04T08:00:00+00:00",
        "naive": "2026-07-04T08:00:00",
        "more": {"x": Decimal("1.5"), "y": None},
    }


def test_nanoseconds_are_cut_and_no_number_is_set_aside(tmp_path: Path) -> None:
    table = pa.table(
        {"id": ["a", "b"], "at": pa.array([1_783_152_000_123_456_789] * 2, pa.timestamp("ns", "UTC")),
         "x": [1.0, float("nan")]}
    )  # fmt: skip
    first, second = found(tmp_path, packed(table))
    assert first["at"] == "2026-07-04T08:00:00.123456+00:00"
    assert (second.rule, second.field) == ("E-JSON-NUMBER", "x")


def test_f03_f05_a_cut_or_flipped_file_is_refused(tmp_path: Path) -> None:
    content = packed(pa.Table.from_pylist([ROW] * 50), write_page_checksum=True)
    for end in (0, 3, 5, 100, len(content) - 1):
        assert refused(tmp_path, content[:end]) in {"E-FILE-EMPTY", "E-FILE-TYPE", "E-FILE-TRUNCATED"}
    whole, chance = found(tmp_path, content), random.Random(7)
    pages = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    for _ in range(60):
        damaged = bytearray(content)
        damaged[chance.randrange(4, pages)] ^= 1 << chance.randrange(8)
        with suppress(TickmarkError):
            assert found(tmp_path, bytes(damaged)) == whole, "a flipped bit changed rows without a word"


def test_f02_text_under_its_name_and_it_under_the_name_of_text(tmp_path: Path) -> None:
    assert refused(tmp_path, b'{"id": 1}\n') == "E-FILE-TYPE"
    assert refused(tmp_path, packed(pa.table({"id": ["a"]})), "f.jsonl") == "E-FILE-TYPE"


def test_a_required_column_is_missing(tmp_path: Path) -> None:
    assert refused(tmp_path, packed(pa.table({"other": ["a"]}))) == "E-CSV-HEADER"


def test_f06_a_table_that_unpacks_to_far_more_than_it_is(tmp_path: Path) -> None:
    bomb = packed(pa.table({"id": ["x" * 100_000_000]}), compression="zstd", use_dictionary=False)
    assert len(bomb) < 100_000
    assert refused(tmp_path, bomb) == "E-FILE-BOMB"
