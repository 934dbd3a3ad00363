"""The run's database reads and writes in its own folders only, whatever a statement asks."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tickmark.monthrun import WORDS
from tickmark.warehouse import Warehouse

SQL = Path(__file__).resolve().parents[2] / "sql"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    for name in ("run", "lake"):
        (tmp_path / name).mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "run" / "link.txt").symlink_to(tmp_path / "secret.txt")
    warehouse = Warehouse(tmp_path / "run", tmp_path / "lake", "2026-01")
    warehouse.create(SQL / word / "_tables.sql" for word in WORDS)
    with warehouse.connect() as connection:
        yield connection
    warehouse.close()


@pytest.mark.parametrize(
    "statement",
    [
        "select * from read_text('/etc/passwd')",
        "select * from read_blob('/proc/self/environ')",
        "select * from glob('/etc/*')",
        "select * from read_text('{home}/secret.txt')",
        "select * from read_text('{home}/run/../secret.txt')",
        "select * from read_text('{home}/run/link.txt')",
        "attach '{home}/other.duckdb'",
        "copy (select 1) to '{home}/out.csv'",
        "export database '{home}/out'",
        "install httpfs",
        "load httpfs",
        "select * from read_csv('https://example.com/x.csv')",
        "create persistent secret s (type s3)",
        "set enable_external_access = true",
        "set allowed_directories = ['/']",
        "set lock_configuration = false",
        "set memory_limit = '1TB'",
    ],
)
def test_nothing_outside_is_reached(
    database: duckdb.DuckDBPyConnection, tmp_path: Path, statement: str
) -> None:
    with pytest.raises(duckdb.Error) as caught:
        database.execute(statement.format(home=tmp_path))
    assert not isinstance(caught.value, duckdb.ParserException)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lake", "run", "secret.txt"]


def test_its_own_folders_are_open_and_its_clock_is_utc(
    database: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    database.execute("copy (select 1 as one) to '" + str(tmp_path / "lake" / "out.parquet") + "'")
    assert database.read_parquet(str(tmp_path / "lake" / "out.parquet")).fetchall() == [(1,)]
    assert database.execute("select current_setting('TimeZone')").fetchall() == [("UTC",)]
