"""The run's database: private, hardened, filled table by table for one month.

Lives here: opening it, and the rule that no step works on another month or publishes half of one.
Does not live here: its tables (sql/) and the file finance reads (publish.py).
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from tickmark.errors import BadSpecError, Where

MEMORY_LIMIT = "1GB"
_TABLE = re.compile(r"[a-z][a-z0-9_]{0,62}\.[a-z][a-z0-9_]{0,62}")


class Warehouse:
    """The database of one month below a folder; it reads and writes there and in the lake only.

    It is opened at first use and stays open: opening and closing the file costs more than most steps.
    """

    def __init__(self, folder: Path, lake: Path, month: str) -> None:
        self._folder, self._lake, self._month = folder, lake, month
        self._database: duckdb.DuckDBPyConnection | None = None

    @property
    def path(self) -> Path:
        return self._folder / "warehouse.duckdb"

    def create(self, ddl: Iterable[Path]) -> None:
        """Begin this month in an empty folder with every table; nothing is filled yet."""
        database = self._open()
        for file in ddl:
            database.execute("create schema " + file.parent.name)
            database.execute(file.read_text("utf-8"))
        database.execute("create schema staged")
        database.execute("create table main.filled (name varchar primary key)")
        database.execute("create table main.held as select ? as month", [self._month])

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for one step; raise BadSpecError where the database is not of this month."""
        if not self.path.exists():
            raise self._unfit("it holds none")
        connection = (self._database or self._open()).cursor()
        try:
            if (held := _held(connection)) != self._month:
                raise self._unfit(f"it holds {held or 'none'}")
            yield connection
        finally:
            connection.close()

    @contextmanager
    def filling(self, table: str) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection inside the transaction that replaces the rows of a table."""
        with self.connect() as database:
            database.execute("begin")
            database.execute("delete from " + qualified(table))  # noqa: S608 - a name of our own
            yield database
            database.execute("insert or ignore into main.filled values (?)", [table])
            database.execute("commit")

    @contextmanager
    def refilling(self, tables: Sequence[str]) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for steps of their own that fill empty tables; they count as filled at its end."""
        with self.connect() as database:
            for table in tables:
                database.execute("delete from main.filled where name = ?", [table])
                database.execute("delete from " + qualified(table))  # noqa: S608 - a name of our own
            yield database
            database.executemany("insert into main.filled values (?)", [[table] for table in tables])

    def require(self, tables: Iterable[str]) -> None:
        """Raise BadSpecError where one of these tables was not filled since the files were read."""
        with self.connect() as database:
            filled = {name for (name,) in database.execute("select name from main.filled").fetchall()}
        if missing := sorted(set(tables) - filled):
            raise self._unfit(f"{', '.join(missing)} not filled")

    def close(self) -> None:
        """Write everything into the file and let go of it."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def _open(self) -> duckdb.DuckDBPyConnection:
        self._database = duckdb.connect(str(self.path), config=hardened(self._folder / "spill"))
        lock_down(self._database, [self._folder, self._lake])
        return self._database

    def _unfit(self, found: str) -> BadSpecError:
        return BadSpecError(
            "E-WORKSPACE",
            f"a workspace that holds the whole of {self._month}: {found}",
            where=Where("private/run"),
            repair=f"run the whole job for {self._month}; single steps work on the month that was run last",
        )


def _held(database: duckdb.DuckDBPyConnection) -> str | None:
    try:
        rows = database.execute("select month from main.held").fetchall()
    except duckdb.CatalogException:
        return None  # killed before the first table
    return str(rows[0][0])


def qualified(table: str) -> str:
    """A table's name, safe to be put into a statement; raise ValueError where it is none of ours."""
    if not _TABLE.fullmatch(table):
        raise ValueError(table)
    return table


def hardened(spill: Path) -> dict[str, str | bool | int | float | list[str]]:
    """DuckDB settings for data from outside: no extensions, no secrets, bounded memory."""
    return {
        "memory_limit": MEMORY_LIMIT,
        "temp_directory": str(spill),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "allow_unsigned_extensions": False,
        "allow_persistent_secrets": False,
        "python_enable_replacements": False,
    }


def lock_down(database: duckdb.DuckDBPyConnection, folders: Sequence[Path]) -> None:
    """Confine a database to folders; nothing can widen it again."""
    # Global, because cursors do not inherit a setting of the session.
    database.execute("set global TimeZone = 'UTC'")
    database.execute("set allowed_directories = ?", [[str(folder) + os.sep for folder in folders]])
    database.execute("set enable_external_access = false")
    database.execute("set lock_configuration = true")
