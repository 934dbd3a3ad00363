"""One run over one month: its private workspace, its lock and its hardened database.

Lives here: what every stage of a run shares. Does not live here: what the stages do (assets/),
publishing (publish.py) and the clock: `as_of` is handed in.
"""

import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from tickmark.errors import LockHeldError, PlatformError, Where
from tickmark.home import Home
from tickmark.months import Month

WORDS = ("ingest", "meter", "reconcile", "redflags", "report")
MEMORY_LIMIT = "4GB"
KEY_BYTES = 32
_COLUMN = re.compile(r"^    (?P<name>[a-z_0-9]+) .*? -- (?P<comment>.+)$")
_TABLE = re.compile(r"^create table (?P<name>[a-z_.]+) \( -- (?P<comment>.+)$")


def _silent(_: str) -> None:
    """Say nothing."""


@dataclass(frozen=True, slots=True)
class MonthRun:
    """Handed to every asset as the resource `close`."""

    home: Home
    month: Month
    as_of: datetime
    closed_at: datetime
    checkout: Path
    progress: Callable[[str], None] = field(default=_silent)

    @property
    def sql(self) -> Path:
        return self.checkout / "sql"

    @property
    def specs(self) -> Path:
        return self.checkout / "tokenizer_specs"

    @property
    def work(self) -> Path:
        """Private folder of the run; the next run empties it."""
        return self.home.private / "run"

    @property
    def staging(self) -> Path:
        return self.work / "staging"

    @property
    def warehouse(self) -> Path:
        return self.work / "warehouse.duckdb"

    def reset(self) -> None:
        """Empty the workspace and create every table."""
        shutil.rmtree(self.work, ignore_errors=True)
        self.staging.mkdir(parents=True)
        with self.connect() as database:
            for word in WORDS:
                database.execute("create schema " + word)
                database.execute((self.sql / word / "_tables.sql").read_text("utf-8"))
            database.execute("create schema staged")

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The run's database; it can read and write only below the run's own folders."""
        database = duckdb.connect(str(self.warehouse), config=hardened(self.work / "spill"))
        try:
            lock_down(database, [self.work, self.home.lake])
            yield database
        finally:
            database.close()

    def text_key(self) -> bytes:
        """The home's secret key for hashes of text; made on first use."""
        path = self.home.private / "text.key"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_bytes(secrets.token_bytes(KEY_BYTES))
        return path.read_bytes()

    def keep_text(self) -> None:
        """Keep the month's unique texts in the private zone; delete months past their retention."""
        segments, kept = self.staging / "segments", self.home.private / "text" / str(self.month)
        if segments.is_dir():
            shutil.rmtree(kept, ignore_errors=True)
            kept.parent.mkdir(parents=True, exist_ok=True)
            segments.rename(kept)
        limit = self.closed_at - timedelta(days=self.home.config.text.retain_days)
        for month in self.home.private.glob("text/*"):
            if month.stat().st_mtime < limit.timestamp():
                shutil.rmtree(month)


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


def lock_down(database: duckdb.DuckDBPyConnection, folders: list[Path]) -> None:
    """Confine a connection to folders; nothing can widen it again."""
    database.execute("set TimeZone = 'UTC'")
    database.execute("set allowed_directories = ?", [[str(folder) + os.sep for folder in folders]])
    database.execute("set enable_external_access = false")
    database.execute("set lock_configuration = true")


@contextmanager
def locked(home: Home) -> Iterator[None]:
    """Hold the home for one run; raise LockHeldError where another run holds it."""
    prepare(home)
    with (home.state / "run.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockHeldError(
                "E-LOCK-HELD",
                "no other run on this home",
                where=Where("state/run.lock"),
                repair="wait for the other run; a run that was killed frees the lock by itself",
            ) from None
        yield


def prepare(home: Home) -> None:
    """Make the home's own folders; raise PlatformError where it cannot be written."""
    try:
        for folder in (home.private, home.state, home.lake, home.dagster):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = home.state / ".write-probe"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise PlatformError(
            "E-HOME-UNWRITABLE",
            f"a home that can be written ({error.strerror})",
            where=Where(home.folder.name),
            repair="give the user that runs Tickmark write access to the home, or free disk space",
        ) from None


@dataclass(frozen=True, slots=True)
class TableDoc:
    """A table of a `_tables.sql`: its meaning and the meaning of its columns."""

    name: str
    comment: str
    columns: dict[str, str]


def dictionary(ddl: Path) -> list[TableDoc]:
    """The data dictionary of one word, read from the comments of its DDL."""
    tables: list[TableDoc] = []
    for line in ddl.read_text("utf-8").splitlines():
        if found := _TABLE.match(line):
            tables.append(TableDoc(found["name"], found["comment"], {}))
        elif (found := _COLUMN.match(line)) and tables:
            tables[-1].columns[found["name"]] = found["comment"]
    return tables
