"""What finance reads, finance.duckdb and the page: built aside, verified, renamed into place.

A reader that holds the old file keeps it and blocks nobody; nobody ever sees half a month.
Does not live here: the record (lake.py), from which all of it comes, and the page's text (reportpage/).
"""

import os
import shutil
from pathlib import Path

import duckdb

from tickmark import lake
from tickmark.errors import IntegrityError, Where
from tickmark.monthrun import TableDoc, dictionary
from tickmark.warehouse import hardened, lock_down

STORAGE_VERSION = "v1.4.0"
"""Clients of DuckDB 1.4 and 1.5 can open the file too (tried with 1.4.5 and 1.5.6, 2026-11)."""
FOLDER_MODE, FILE_MODE = 0o750, 0o640
"""Finance may be another user of the home's group; others see nothing."""


def publish(lake_folder: Path, live: Path, ddl: Path) -> None:
    """Build the file from the current version of every month and put it in place."""
    workshop = live.with_name(".publishing")
    shutil.rmtree(workshop, ignore_errors=True)
    workshop.mkdir()
    built = workshop / live.name
    _build(built, lake_folder, ddl)
    _verify(built, lake_folder)
    Path(f"{live}.wal").unlink(missing_ok=True)
    _put_in_place(built, live)
    shutil.rmtree(workshop)


def publish_page(live: Path, text: str) -> None:
    """Put a month's page in place."""
    for folder in (live.parent.parent, live.parent):
        folder.mkdir(exist_ok=True)
        folder.chmod(FOLDER_MODE)
    building = live.with_name(f".{live.name}.building")
    building.write_text(text, "utf-8")
    _put_in_place(building, live)


def _put_in_place(building: Path, live: Path) -> None:
    with building.open("rb") as file:
        os.fsync(file.fileno())
    building.chmod(FILE_MODE)
    building.replace(live)
    lake.sync_folder(live.parent)


def _build(target: Path, lake_folder: Path, ddl: Path) -> None:
    tables = dictionary(ddl)
    with duckdb.connect(config=hardened(target.parent / "spill")) as database:
        lock_down(database, [lake_folder, target.parent])
        database.execute(
            "attach '" + _quoted(str(target)) + "' as finance (storage_version '" + STORAGE_VERSION + "')"
        )
        database.execute("use finance")
        database.execute("create schema report")
        database.execute(ddl.read_text("utf-8"))
        for version in _current(lake_folder):
            lake.require_whole(version)
            for table in tables:
                _load(database, version, table.name)
        _comment(database, tables)
        database.execute("checkpoint finance")
        database.execute("use memory")
        database.execute("detach finance")


def _current(lake_folder: Path) -> list[lake.Version]:
    found = (lake.current(lake_folder, month) for month in lake.months(lake_folder))
    return [version for version in found if version is not None]


def _load(database: duckdb.DuckDBPyConnection, version: lake.Version, table: str) -> None:
    path = version.table(table)
    if path.exists():
        # The table is a name of our own DDL.
        select = "insert into finance." + table + " by name select *, ? as version from read_parquet(?)"  # noqa: S608
        database.execute(select, [version.number, str(path)])


def _comment(database: duckdb.DuckDBPyConnection, tables: list[TableDoc]) -> None:
    """Write the data dictionary into the file: as comments, and as a table for tools without comments."""
    for table in tables:
        database.execute("comment on table " + table.name + " is '" + _quoted(table.comment) + "'")
        for name, column in table.columns.items():
            database.execute(
                "comment on column " + table.name + "." + name + " is '" + _quoted(column.comment) + "'"
            )
    database.execute(
        "insert into report.metric_dictionary by name "
        "select table_name, column_name, data_type, comment as meaning from duckdb_columns() "
        "where database_name = 'finance' and schema_name = 'report'"
    )


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def _verify(built: Path, lake_folder: Path) -> None:
    """Reopen the file as a reader would; raise IntegrityError where it is not what the lake holds."""
    with duckdb.connect(str(built), read_only=True) as database:
        rows = database.execute("select distinct month, version from report.sources").fetchall()
    expected = {(version.month, version.number) for version in _current(lake_folder)}
    if set(rows) != expected or Path(f"{built}.wal").exists():
        raise IntegrityError(
            "E-PUBLISH-VERIFY",
            "a published file that holds every current month",
            where=Where(built.name),
            repair="report this as a bug; finance.duckdb was left as it was",
        )
