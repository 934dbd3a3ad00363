"""One run over one month: its private workspace and its lock.

Lives here: what every stage of a run shares, and the data dictionary of the tables it fills.
Does not live here: what the stages do (assets/), the run's database (warehouse.py), publishing
(publish.py) and the clock: `as_of` is handed in.
"""

import fcntl
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from tickmark import pagesets
from tickmark.errors import LockHeldError, PlatformError, Where
from tickmark.home import Home
from tickmark.months import Month
from tickmark.warehouse import Warehouse

WORDS = ("ingest", "meter", "reconcile", "redflags", "report")
KEY_BYTES = 32
_COLUMN = re.compile(r"^    (?P<name>[a-z_0-9]+) (?P<type>[a-z]+(?:\([0-9, ]+\))?).*? -- (?P<comment>.+)$")
_TABLE = re.compile(r"^create table (?P<name>[a-z_.]+) \( -- (?P<comment>.+)$")


USES = """
select u.segment, cast(sum(u.uses) as bigint) as uses
from (from staged.segment_uses union all by name from staged.answer_segment_uses) u
-- The same attempt may be delivered twice: only the delivery that was loaded counts.
join ingest.attempts a on a.attempt_id = u.attempt_id and a.file_no = u.file_no and a.record_no = u.record_no
where a.billable_expected is not false
group by u.segment
order by u.segment
"""
"""How often each text was billed."""


def _silent(_: str) -> None:
    """Say nothing."""


@dataclass(slots=True)
class MonthRun:
    """Handed to every asset as the resource `close`."""

    home: Home
    month: Month
    as_of: datetime
    closed_at: datetime
    checkout: Path
    progress: Callable[[str], None] = field(default=_silent)
    staging: Path = field(init=False)
    warehouse: Warehouse = field(init=False)

    def __post_init__(self) -> None:
        # A name of its own: children of a killed run may write for a while.
        self.staging = self.work / f"staging-{secrets.token_hex(8)}"
        self.warehouse = Warehouse(self.work, self.home.lake, str(self.month))

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

    def reset(self) -> None:
        """Empty the workspace and create every table."""
        self.warehouse.close()
        shutil.rmtree(self.work, ignore_errors=True)
        self.staging.mkdir(parents=True)
        self.warehouse.create(self.sql / word / "_tables.sql" for word in WORDS)

    def text_key(self) -> bytes:
        """The home's secret key for hashes of text; made on first use."""
        path = self.home.private / "text.key"
        if not path.exists():
            # A run killed here must not leave half a key behind.
            building = path.with_suffix(".building")
            building.write_bytes(secrets.token_bytes(KEY_BYTES))
            building.chmod(0o600)
            building.replace(path)
        return path.read_bytes()

    def keep_text(self) -> None:
        """Keep the month's unique texts and how often each was billed; delete months past their retention."""
        segments, kept = self.staging / "segments", self.home.private / "text" / str(self.month)
        if segments.is_dir():
            (segments / "uses").mkdir()
            with self.warehouse.connect() as database:
                database.sql(USES).write_parquet(str(segments / "uses" / "uses.parquet"), compression="zstd")
            shutil.rmtree(kept, ignore_errors=True)
            kept.parent.mkdir(parents=True, exist_ok=True)
            segments.rename(kept)
        limit = self.closed_at - timedelta(days=self.home.config.text.retain_days)
        for month in self.home.private.glob("text/*"):
            if month.stat().st_mtime < limit.timestamp():
                shutil.rmtree(month)


@contextmanager
def locked(home: Home) -> Iterator[None]:
    """Hold the home for one run, with whole page sets; raise LockHeldError where another run holds it."""
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
        pagesets.settle(home.bills)
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


class Column(NamedTuple):
    """A column of a `_tables.sql`: its type in DuckDB and its meaning."""

    type: str
    comment: str


@dataclass(frozen=True, slots=True)
class TableDoc:
    """A table of a `_tables.sql`: its meaning and its columns."""

    name: str
    comment: str
    columns: dict[str, Column]


def dictionary(ddl: Path) -> list[TableDoc]:
    """The data dictionary of one word, read from the comments of its DDL."""
    tables: list[TableDoc] = []
    for line in ddl.read_text("utf-8").splitlines():
        if found := _TABLE.match(line):
            tables.append(TableDoc(found["name"], found["comment"], {}))
        elif (found := _COLUMN.match(line)) and tables:
            tables[-1].columns[found["name"]] = Column(found["type"], found["comment"])
    return tables
