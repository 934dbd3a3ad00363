"""Closing a month again: readers, versions, drafts, alerts, two runs at once."""

import fcntl
import subprocess
import sys
import time
from pathlib import Path
from shutil import copytree

import pytest

from tests.conftest import tickmark
from tests.crash.conftest import MONTH, Restated, contents, published, seen
from tickmark import lake

pytestmark = pytest.mark.slow


def test_a_reader_keeps_its_month_and_blocks_nobody(restated: Restated) -> None:
    assert restated.ran.code == 0, restated.ran.err
    assert restated.held_before.startswith("[(1,")
    assert restated.held_after == restated.held_before
    assert restated.fresh.startswith("[(2,")


def test_an_edited_delivery_is_a_new_version_beside_the_first(restated: Restated) -> None:
    assert restated.ran.json["version"] == restated.ran.json["published_version"] == 2
    assert contents(restated.home / "lake" / MONTH / "v0001") == restated.first_version
    assert lake.problems(restated.home / "lake") == []


def test_a_newly_fired_flag_is_sent_once(restated: Restated) -> None:
    assert [flag["flag"] for flag in restated.ran.json["red_flags"]] == ["cost_tieout"]
    assert restated.ran.json["alerts"] == {"sent": {"ops": 1}, "failed": {}}
    assert len(restated.receiver.requests) == 1


def test_closing_twice_at_once_and_again_changes_nothing(restated: Restated, tmp_path: Path) -> None:
    home = copytree(restated.home, tmp_path / "home")
    before, versions = published(home), contents(home / "lake")
    command = [str(Path(sys.executable).with_name("tickmark")), "close", MONTH, "--home", str(home), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as first:
        _wait_until_held(home)
        second = tickmark("close", MONTH, "--home", home)
        assert first.poll() is None
        assert first.wait() == 0
    assert (second.code, second.err.split()[0]) == (6, "E-LOCK-HELD")
    assert (published(home), contents(home / "lake")) == (before, versions)
    assert len(restated.receiver.requests) == 1


def _wait_until_held(home: Path) -> None:
    for _ in range(1000):
        with (home / "state" / "run.lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return
        time.sleep(0.01)
    raise AssertionError("the first close never held the home")


def test_a_draft_never_replaces_a_final_version(restated: Restated, tmp_path: Path) -> None:
    home = copytree(restated.home, tmp_path / "home")
    before = published(home)
    ran = tickmark("close", MONTH, "--home", home, "--as-of", "2026-01-15", "--json")
    assert ran.code == 4, ran.err
    assert (ran.json["version"], ran.json["draft"], ran.json["published_version"]) == (3, True, 2)
    assert ran.json["open_points"]
    assert published(home) == before
    assert seen(home) == restated.fresh
    assert len(restated.receiver.requests) == 1
