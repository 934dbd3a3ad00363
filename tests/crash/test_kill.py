"""Killed anywhere, run again: the result is what an uninterrupted run gives."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from shutil import copytree

import pytest

from tests.alerts.alert_receiver import Receiver
from tests.conftest import tickmark
from tests.crash.conftest import MONTH, Restated, contents, edited_copy, published, seen
from tickmark import lake

pytestmark = pytest.mark.slow

# What appears or is replaced at the moment of the kill, in the order of a run; seconds after it.
MOMENTS = [
    ("private/run/staging-*/attempts/*", 0.0),
    ("private/run/warehouse.duckdb", 0.0),
    ("private/run/warehouse.duckdb", 4.0),
    (f"lake/{MONTH}/.building/reconcile", 0.0),
    (f"lake/{MONTH}/v0002", 0.0),
    (".publishing/finance.duckdb", 0.0),
    ("finance.duckdb", 0.0),
    (f"reports/{MONTH}/report.html", 0.0),
]


def kill_at(home: Path, pattern: str, delay: float) -> None:
    """Start a close and kill it, and not its children, when a path changes."""
    before = _state(home, pattern)
    command = [
        str(Path(sys.executable).with_name("tickmark")),
        "close",
        MONTH,
        "--home",
        str(home),
        "--quiet",
    ]
    with subprocess.Popen(command) as close:
        _wait(lambda: _state(home, pattern) - before or close.poll() is not None)
        time.sleep(delay)
        assert close.poll() is None, f"ended before {pattern}"
        os.kill(close.pid, signal.SIGKILL)


def _state(home: Path, pattern: str) -> set[tuple[str, int, int]]:
    found = set()
    for path in home.glob(pattern):
        with suppress(FileNotFoundError):
            status = path.stat()
            found.add((path.name, status.st_ino, status.st_mtime_ns))
    return found


def _wait(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.0005)


def test_kills_at_every_stage_leave_no_trace(
    closed_real_month: Path, restated: Restated, receiver: Receiver, tmp_path: Path
) -> None:
    home = edited_copy(closed_real_month, tmp_path / "home", receiver)
    whole = {restated.held_before, restated.fresh}
    for pattern, delay in MOMENTS:
        kill_at(home, pattern, delay)
        assert seen(home) in whole, pattern
    ran = tickmark("close", MONTH, "--home", home, "--quiet")
    assert ran.code == 0, ran.err
    assert published(home) == published(restated.home)
    versions = home / "lake" / MONTH
    assert contents(versions) == contents(restated.home / "lake" / MONTH)
    assert lake.problems(home / "lake") == []
    assert len(receiver.requests) == 1
    assert not (home / ".publishing").exists()


def test_a_stop_is_said_in_one_line(closed_real_month: Path, tmp_path: Path) -> None:
    home = copytree(closed_real_month, tmp_path / "home")
    before = published(home)
    command = [str(Path(sys.executable).with_name("tickmark")), "close", MONTH, "--home", str(home)]
    staged, known = "private/run/staging-*", _state(home, "private/run/staging-*")
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as close:
        _wait(lambda: _state(home, staged) - known or close.poll() is not None)
        close.terminate()
        _, said = close.communicate()
    assert (close.returncode, said) == (130, "stopped; what is published stays whole: run it again\n")
    assert published(home) == before
