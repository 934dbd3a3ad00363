"""For any delivery: nothing is lost, arrangement changes nothing, nothing strange breaks the reader."""

import csv
import io
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.readers.reading import KEY, SAMPLES, packed, read, specs
from tickmark.errors import InputRejectedError
from tickmark.intake.reader import FORMATS, FileReport, Reader, Source
from tickmark.intake.tables import SCHEMAS, Writers

SQL = Path(__file__).resolve().parents[2] / "sql" / "ingest"
EXCHANGE = json.loads((SAMPLES / "exchange_jsonl.jsonl").read_text().splitlines()[0])
HEADER = ",".join(FORMATS["invoice_csv"].columns).encode()
JULY = (datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 8, 1, tzinfo=UTC))
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def _day(day: int) -> str:
    return (JULY[0] + timedelta(days=day - 1, hours=8)).isoformat()


def attempt(number: int, day: int = 4, **changes: Any) -> bytes:
    """A line of the gateway, known by its number."""
    record = {**EXCHANGE, **changes, "timestamp": _day(day)}
    record["response"] = {**EXCHANGE["response"], "id": f"chatcmpl-{number}"}
    return json.dumps(record, ensure_ascii=number % 2 == 0).encode()


# INV-1: every record of a file comes out once, and every byte belongs to a record.

good_line = st.integers(0, 999).map(lambda number: (attempt(number), "read"))
bad_line = st.sampled_from(
    [
        b"{}",
        b"[1]",
        b"null",
        b"\xff",
        b"\0",
        b'{"a":1,"a":2}',
        b'{"a":1',
        b"x",
        attempt(1)[:-1],
        attempt(1) * 2,
    ]
).map(lambda line: (line, "quarantined"))
blank_line = st.sampled_from([b"", b" ", b"\t \t"]).map(lambda line: (line, "blank"))
good_row = st.integers(0, 999).map(
    lambda number: (b'OpenAI,"A,""\n%d",2026-08-01,2026-07-01,2026-08-01,12.34,USD' % number, "read")
)
bad_row = st.sampled_from([b"x", b"\xff,", b"a,b,c,d,e,f,g", b",,,,,,,,x", b"\0" * 5]).map(
    lambda line: (line, "quarantined")
)
blank_row = st.sampled_from([b"", b" ", b",,,,,,", b'""']).map(lambda line: (line, "blank"))
end_of_line = st.sampled_from([b"\n", b"\r\n"])
ending = st.sampled_from(["", ".gz", ".zst"])


@quick
@given(
    st.lists(good_line | bad_line | blank_line, max_size=30).map(
        lambda lines: [(attempt(0), "read"), *lines]
    ),
    st.lists(good_row | bad_row | blank_row, max_size=30).map(
        lambda rows: [(HEADER, "blank"), (b"OpenAI,A,2026-08-01,2026-07-01,2026-08-01,1,USD", "read"), *rows]
    ),
    end_of_line,
    st.booleans(),
    st.sampled_from([b"", b"\xef\xbb\xbf"]),
    ending,
)
def test_every_record_and_every_byte_is_accounted_for(
    lines: list[tuple[bytes, str]],
    rows: list[tuple[bytes, str]],
    end: bytes,
    unfinished: bool,  # noqa: FBT001 - hypothesis hands it over
    mark: bytes,
    ending: str,
) -> None:
    for format_, records in (("exchange_jsonl", lines), ("invoice_csv", rows)):
        # Without its newline a broken last line would be a cut file, and an empty one no line.
        last = end if records[-1][1] != "read" or not unfinished else b""
        content = mark + end.join(record for record, _ in records) + last
        with folder() as here:
            found = read(here, format_, content, f"f{ending}")
        report = found.report
        expected = Counter(disposition for _, disposition in records)
        assert {name: getattr(report, name) for name in expected} == expected
        assert (report.records, report.bytes_decoded) == (len(records), len(content))
        for table in (*FORMATS[format_].tables, "rejects"):
            for row in found.rows[table]:
                text, _ = records[row["record_no"] - 1]
                place = content[row["byte_offset"] : row["byte_offset"] + row["byte_length"]]
                assert place.removeprefix(mark).removesuffix(b"\n").removesuffix(b"\r") == text.removesuffix(
                    b"\r"
                )


# INV-4: order, split and packing of deliveries change no table.

LINEAGE = "file_no, record_no, line_no, byte_offset, byte_length"
KEPT = f"select * exclude ({LINEAGE}) from ingest.attempts order by all"
SUMS = """
select sum(loaded), sum(out_of_period), sum(dup_exact), sum(dup_conflict), sum(records) from ingest.files
"""


def ingested(deliveries: list[list[bytes]], packings: list[str]) -> tuple[list[Any], tuple[int, ...]]:
    """`ingest.attempts` without its lineage, and what became of all records."""
    with folder() as here, duckdb.connect() as database:
        writers = Writers(here / "staging", "part")
        reader = Reader(
            Source("s", "exchange_jsonl", "default"), FORMATS["exchange_jsonl"], specs(), KEY, writers
        )
        landed = []
        for number, (lines, packing) in enumerate(zip(deliveries, packings, strict=True)):
            path = here / f"{number}{packing}"
            path.write_bytes(packed(b"".join(line + b"\n" for line in lines), path.name))
            landed.append(_landed(reader.read(path, path.name, number), landed))
        writers.close()
        _run(database, here / "staging", landed)
        (sums,) = database.execute(SUMS).fetchall()
        return database.execute(KEPT).fetchall(), sums


def _landed(report: FileReport, earlier: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "file_no": report.file_no,
        "source": report.source,
        "side": "gateway",
        "required": True,
        "format": report.format,
        "file": report.file,
        "sha256": report.sha256,
        "bytes_delivered": report.bytes_delivered,
        "bytes_decoded": report.bytes_decoded,
        "records": report.records,
        "records_read": report.read,
        "records_quarantined": report.quarantined,
        "records_not_usage": report.not_usage,
        "records_blank": report.blank,
        "is_in_manifest": False,
        "already_seen": any(row["sha256"] == report.sha256 for row in earlier),
    }


def _run(database: duckdb.DuckDBPyConnection, staging: Path, landed: list[dict[str, Any]]) -> None:
    """The product's own DDL and SELECTs over staged rows."""
    database.execute("set TimeZone = 'UTC'; create schema ingest; create schema staged")
    database.execute((SQL / "_tables.sql").read_text())
    for table, schema in SCHEMAS.items():
        parts = sorted(staging.glob(f"{table}/*.parquet"))
        database.register("rows", pa.concat_tables([schema.empty_table(), *map(pq.read_table, parts)]))
        database.execute(f"create table staged.{table} as from rows")
    database.register("landed", pa.Table.from_pylist(landed))
    database.execute("insert into ingest.landed_files by name from landed")
    database.execute("insert into ingest.close values ('2026-07', ?, ?, ?)", [*JULY, JULY[1]])
    for table in ("row_dispositions", "files", "attempts"):
        database.execute(f"insert into ingest.{table} by name " + (SQL / f"{table}.sql").read_text())


record_days = st.lists(st.sampled_from([4, 4, 31, 40]), min_size=1, max_size=8)


@settings(quick, max_examples=15)
@given(record_days, st.data())
def test_arrangement_changes_nothing(days: list[int], data: st.DataObject) -> None:
    """The same records in one file, or spread over files with repeats, in any order, however packed."""
    lines = [attempt(number, day) for number, day in enumerate(days)]
    number_of_files = data.draw(st.integers(1, 4))
    files = [data.draw(st.lists(st.sampled_from(lines), max_size=8)) for _ in range(number_of_files)]
    files[-1] = data.draw(st.permutations(lines)) + files[-1]
    deliveries = [lines for lines in files if lines]
    packings = [data.draw(ending) for _ in deliveries]
    kept, (loaded, out_of_period, dup_exact, dup_conflict, records) = ingested(deliveries, packings)
    assert kept == ingested([lines], [""])[0]
    assert (loaded, out_of_period) == (sum(day < 40 for day in days), sum(day == 40 for day in days))
    assert (dup_conflict, loaded + out_of_period + dup_exact) == (0, records)


CHANGES: dict[str, dict[str, Any]] = {
    "team": {"metadata": {"team": "other", "workload": "tickets"}},
    "workload": {"metadata": {"team": "support"}},
    "status": {"status": 500},
    "retries": {"request_headers": {"x-stainless-retry-count": "1"}},
    "stream": {"stream": True},
    "latency": {"latency_ms": 813},
    "requested model": {"request": {**EXCHANGE["request"], "model": "gpt-5.6-terra"}},
    "endpoint": {"url": "https://api.openai.com/v1/responses"},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_f13_one_id_with_two_contents_is_a_conflict_and_the_first_stays(change: dict[str, Any]) -> None:
    first, other = attempt(1), attempt(1, **change)
    kept, sums = ingested([[first], [other, attempt(2)]], ["", ""])
    assert sums == (2, 0, 0, 1, 3)
    assert kept == ingested([[first, attempt(2)]], [""])[0]


# Nothing strange breaks the reader: what it cannot load, it sets aside by name.

ODD: list[Any] = [
    *(None, True, False, 0, -1, 2**63, 10**30, 1.5, 1e300, 1e-30, -0.0),
    *("", "x", "12", "-1", "1e25", "1e-40", "\u00b2", "\u0663", "\0", "NaN", "{", '{"a":1}', "[1]", "null"),
    *("99999999999999999999.9", "9" * 30, "a-attempt-\u00b2", "a-attempt-" + "9" * 30, "_cache_hit1.5"),
    *("http://[::1", "https://api.openai.com:99999999/v1/messages", "0001-01-01T00:00:00+23:59"),
    *("9999-12-31T23:59:59Z", "2026-07-04T08:00:00", 4_099_999_999, 10**10),
    *([], {}, [None], [[]], {"a": None}, {"type": "text"}, {"prompt_tokens": "x"}),
]


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _paths(inner, (*path, key))


def _with(value: Any, path: tuple[Any, ...], odd: Any) -> Any:
    if not path:
        return odd
    if isinstance(value, dict):
        return {key: _with(inner, path[1:], odd) if key == path[0] else inner for key, inner in value.items()}
    return [_with(inner, path[1:], odd) if at == path[0] else inner for at, inner in enumerate(value)]


def _unfolded(record: dict[str, Any]) -> dict[str, Any]:
    """JSON columns as objects, so that what is inside them can be changed too."""
    return {
        field: json.loads(value) if isinstance(value, str) and value[:1] in ("{", "[") else value
        for field, value in record.items()
    }


def _document(format_: str) -> Any:
    path = next(SAMPLES.glob(f"{format_}.*"))
    if path.suffix == ".csv":
        return list(csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
    if path.suffix == ".json":
        return json.loads(path.read_text())
    return [_unfolded(json.loads(line)) for line in path.read_text().splitlines()]


def _bytes(format_: str, document: Any) -> bytes:
    container = FORMATS[format_].containers[0]
    if container == "csv" and isinstance(document, list):
        text = io.StringIO()
        csv.writer(text).writerows(row if isinstance(row, list) else [row] for row in document)
        return text.getvalue().encode()
    if container == "jsonl" and isinstance(document, list):
        return "".join(json.dumps(record) + "\n" for record in document).encode()
    return json.dumps(document).encode() + b"\n"


@pytest.mark.parametrize("format_", [name for name, how in FORMATS.items() if "pdf" not in how.containers])
@quick
@given(st.data())
def test_odd_values_anywhere_are_loaded_or_set_aside(format_: str, data: st.DataObject) -> None:
    document = _document(format_)
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(list(_paths(document))))
        document = _with(document, path, data.draw(st.sampled_from(ODD)))
    _reads_or_refuses(format_, _bytes(format_, document))


@pytest.mark.slow
@pytest.mark.parametrize("format_", FORMATS)
@settings(quick, max_examples=30)
@given(st.data())
def test_damaged_bytes_are_loaded_or_set_aside(format_: str, data: st.DataObject) -> None:
    if "pdf" in FORMATS[format_].containers:
        pytest.importorskip("pypdf", reason="the extra `pdf` is not installed")
    content = bytearray(next(SAMPLES.glob(f"{format_}.*")).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    _reads_or_refuses(format_, bytes(content))


def _reads_or_refuses(format_: str, content: bytes) -> None:
    with folder() as here:
        try:
            found = read(here, format_, content)
        except InputRejectedError:
            return
    report = found.report
    assert report.records == report.read + report.quarantined + report.not_usage + report.blank
    assert len(found.rows["rejects"]) == report.quarantined
    assert report.bytes_decoded == len(content)
