"""The command line answers at once: engines are loaded only by the work that needs them."""

import fcntl
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import tickmark
from tickmark.home import Home
from tickmark.monthrun import prepare

HEAVY = {"dagster", "great_expectations", "duckdb", "pyarrow", "altair", "pandas", "tokenizers", "httpx"}


def loaded_by(statements: str) -> set[str]:
    code = f"import sys\n{statements}\nprint(*sys.modules, file=sys.stderr)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return {module.split(".")[0] for module in ran.stderr.split()}


def test_help_loads_no_engine() -> None:
    loaded = loaded_by("from pipelines import cli\ncli.app(['--help'], standalone_mode=False)")
    assert "typer" in loaded
    assert loaded & HEAVY == set()


def test_commands_that_only_read_load_no_dagster() -> None:
    loaded = loaded_by("from pipelines import checkup, delivery, homes, listings, run, views")
    assert loaded & {"dagster", "great_expectations", "altair", "pandas"} == set()


def test_a_second_close_answers_at_once(home: Path) -> None:
    opened = Home(home)
    prepare(opened)
    with (opened.state / "run.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        seconds = []
        for _ in range(3):
            begun = time.monotonic()
            ran = tickmark("close", "2026-01", "--home", home)
            seconds.append(time.monotonic() - begun)
            assert ran.code == 6
            assert ran.err.startswith("E-LOCK-HELD state/run.lock")
    assert min(seconds) < 10


@pytest.mark.parametrize("command", [("close", "2026-13"), ("close", "2026-01", "--as-of", "soon")])
def test_bad_usage_is_exit_2(home: Path, command: tuple[str, ...]) -> None:
    ran = tickmark(*command, "--home", home)
    assert ran.code == 2
    assert "Repair:" in ran.err
