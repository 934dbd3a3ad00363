"""A month that was closed, then restated because a delivery was edited, while a reader looked on."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests import damage
from tests.alerts.alert_receiver import Receiver
from tests.conftest import Ran, tickmark
from tickmark import lake

MONTH = "2026-01"
SEEN = """
select version, count(*), sum(cost_usd_billed), (select count(*) from report.token_tieout)
from report.month_close group by version
"""
READER = """
import duckdb, sys
with duckdb.connect(sys.argv[1], read_only=True) as finance:
    for question in sys.stdin:
        print(finance.execute(sys.argv[2]).fetchall(), flush=True)
"""


@dataclass(frozen=True)
class Restated:
    """What was seen before, during and after version 2 was published."""

    home: Path
    ran: Ran
    first_version: dict[str, str]
    held_before: str
    held_after: str
    fresh: str
    receiver: Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.close()


@pytest.fixture(scope="session")
def restated(closed_real_month: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restated]:
    receiver = Receiver()
    home = edited_copy(closed_real_month, tmp_path_factory.mktemp("restated") / "home", receiver)
    first = contents(home / "lake" / MONTH / "v0001")
    with reader(home) as ask:
        held_before = ask()
        ran = tickmark("close", MONTH, "--home", home, "--json")
        yield Restated(home, ran, first, held_before, ask(), seen(home), receiver)
    receiver.close()


def edited_copy(closed: Path, home: Path, receiver: Receiver) -> Path:
    """A closed home in which one model is now billed 8 % high, and alerts go to the receiver."""
    shutil.copytree(closed, home)
    damage.bill_high(home, "gpt-4o-2024-08-06", Decimal("0.08"))
    config, url = home / "tickmark.yaml", home / "hook.url"
    url.write_text(receiver.url("/hook"))
    url.chmod(0o600)
    endpoint = (
        "alerts:\n  - {name: ops, kind: slack, url_file: hook.url, allow_http: true, "
        'allow_private: ["127.0.0.0/8"]}\n#'
    )
    config.write_text(config.read_text().replace("alerts: []", endpoint))
    return home


@contextmanager
def reader(home: Path) -> Iterator[Any]:
    """Another process that keeps finance.duckdb open, as finance does; ask it what it sees."""
    command = [sys.executable, "-c", READER, str(home / "finance.duckdb"), " ".join(SEEN.split())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        stdin, stdout = process.stdin, process.stdout
        assert stdin
        assert stdout

        def ask() -> str:
            stdin.write("?\n")
            stdin.flush()
            return stdout.readline().strip()

        yield ask
        stdin.close()


def seen(home: Path) -> str:
    """What a new reader sees."""
    with duckdb.connect(str(home / "finance.duckdb"), read_only=True) as finance:
        return str(finance.execute(SEEN).fetchall())


def contents(folder: Path) -> dict[str, str]:
    """Hash of every file below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): lake.file_hash(path) for path in files}


def published(home: Path) -> str:
    """One hash of what finance reads of the month: the page, and every row of every table."""
    digest = hashlib.sha256((home / "reports" / MONTH / "report.html").read_bytes())
    with duckdb.connect(str(home / "finance.duckdb"), read_only=True) as finance:
        tables = finance.execute("select table_name from duckdb_tables() order by all").fetchall()
        for (table,) in tables:
            digest.update(str(finance.execute(f"from report.{table} order by all").fetchall()).encode())
    return digest.hexdigest()
