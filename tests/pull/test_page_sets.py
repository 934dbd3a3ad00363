"""Pages lie there as they came, and as a whole set: old or new, never a mix, whatever stops the pull."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pipelines.pull import pages as paging
from tests.conftest import ROOT
from tests.pull.replay import COMPLETIONS, KEY, Puller, Replay, usage_pages
from tickmark.errors import LockHeldError, PlatformError
from tickmark.home import Home
from tickmark.monthrun import locked
from tickmark.pagesets import Page, PageSets, Swap

NAME = "openai_usage_completions-2026-10"
NAMES = [f"{NAME}-p000{number}.json" for number in (1, 2, 3)]
OLD, NEW = usage_pages([14, 14, 3]), usage_pages([16, 15], "gpt-6-mini")


def set_of(pages: list[bytes]) -> dict[str, bytes]:
    return dict(zip(NAMES, pages, strict=False))


def test_three_pages_are_followed_and_kept_as_they_came(pull: Puller, replay: Replay) -> None:
    [pulled] = pull()
    assert pull.landed() == set_of(OLD)
    assert pulled.swap == Swap(pages=3, bytes=sum(map(len, OLD)), new=3)
    assert (pulled.missing, pulled.source) == ((), "openai-usage")
    assert [asked.all("page") for asked in replay.asked] == [[], ["c2"], ["c3"]]
    for name in NAMES:
        assert stat.S_IMODE((pull.home / "landing" / "bills" / name).stat().st_mode) == 0o600


def test_every_page_is_asked_with_the_same_question(pull: Puller, replay: Replay) -> None:
    pull()
    for asked in replay.asked:
        assert [asked.all(name) for name in ("start_time", "end_time", "bucket_width", "limit")] == [
            ["1790812800"],  # 2026-10-01T00:00:00Z
            ["1793491200"],  # 2026-11-01T00:00:00Z
            ["1d"],
            ["31"],
        ]
        assert asked.all("group_by[]") == ["project_id", "api_key_id", "model", "batch", "service_tier"]
        assert asked.headers["Authorization"] == f"Bearer {KEY}"


def written(pull: Puller) -> dict[str, tuple[int, int]]:
    """Each file, and when it was last written under which inode."""
    found = (pull.home / "landing" / "bills").iterdir()
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in found}


def test_a_second_pull_changes_nothing(pull: Puller) -> None:
    pull()
    before = written(pull)
    [pulled] = pull()
    assert pulled.swap == Swap(pages=3, bytes=sum(map(len, OLD)), unchanged=3)
    assert written(pull) == before


def test_a_revision_replaces_the_set_and_leaves_no_page_of_a_longer_one(pull: Puller, replay: Replay) -> None:
    pull()
    replay.pages[COMPLETIONS] = NEW
    [pulled] = pull()
    assert pull.landed() == set_of(NEW)
    assert pulled.swap == Swap(pages=2, bytes=sum(map(len, NEW)), changed=2, removed=1)


def test_pages_of_others_are_left_alone(pull: Puller, replay: Replay) -> None:
    bills = pull.home / "landing" / "bills"
    others = ["openai_usage_completions-2026-09-p0003.json", "openai_usage_completions-2026-10.json"]
    for name in others:
        (bills / name).write_bytes(b"mine")
    pull()
    replay.pages[COMPLETIONS] = usage_pages([31])
    pull()
    assert pull.landed() == {NAMES[0]: usage_pages([31])[0], **dict.fromkeys(others, b"mine")}


@pytest.mark.parametrize("failing", [0, 1], ids=["first", "second"])
def test_a_pull_that_fails_leaves_the_old_set(pull: Puller, replay: Replay, failing: int) -> None:
    pull()
    replay.pages[COMPLETIONS] = NEW
    replay.instead = [*[None] * failing, *[503] * 5]
    with pytest.raises(PlatformError, match="E-PULL-UNAVAILABLE"):
        pull()
    assert pull.landed() == set_of(OLD)
    assert not (pull.home / "landing" / "bills" / ".pull").exists()


def test_an_answer_that_covers_less_than_before_replaces_nothing(pull: Puller, replay: Replay) -> None:
    pull()
    replay.pages[COMPLETIONS] = usage_pages([30])
    with pytest.raises(PlatformError, match=r"the 1 days more that an earlier fetch covers \(page 1, data\)"):
        pull()
    assert pull.landed() == set_of(OLD)


class Killed(BaseException):
    """What a kill is to a test in the same process: no handler of ours knows it."""


def killing(monkeypatch: pytest.MonkeyPatch, at: int) -> Callable[[], bool]:
    """Die before the n-th change of a folder; say afterwards whether that place was reached."""
    left = at

    def dies(change: Callable[..., Any]) -> Callable[..., Any]:
        def instead(*arguments: Any, **options: Any) -> Any:
            nonlocal left
            left -= 1
            if left <= 0:  # what dies does not clean up
                raise Killed
            return change(*arguments, **options)

        return instead

    for owner, name in ((Path, "rename"), (Path, "replace"), (Path, "unlink"), (Path, "rmdir")):
        monkeypatch.setattr(owner, name, dies(getattr(owner, name)))
    monkeypatch.setattr(shutil, "rmtree", dies(shutil.rmtree))
    monkeypatch.setattr(os, "fsync", dies(os.fsync))
    return lambda: left <= 0


LONGER = usage_pages([8, 8, 8, 7])
NAMES_OF_LONGER = [*NAMES, NAMES[-1].replace("3.json", "4.json")]
LAST_EMPTY = usage_pages([31, 0])
NAMES_OF_LAST_EMPTY = [NAMES[0], f".{NAMES[1]}"]


@pytest.mark.parametrize(
    ("revision", "names"),
    [(NEW, NAMES), (LONGER, NAMES_OF_LONGER), (LAST_EMPTY, NAMES_OF_LAST_EMPTY)],
    ids=["shorter", "longer", "last empty"],
)
def test_a_kill_between_any_two_steps_leaves_the_old_or_the_new_set(
    tmp_path: Path, revision: list[bytes], names: list[str]
) -> None:
    old, new = set_of(OLD), dict(zip(names, revision, strict=False))
    seen = []
    for at in range(1, 100):
        sets = PageSets(tmp_path / str(at))
        sets.replace(NAME, map(Page, OLD))
        with pytest.MonkeyPatch.context() as monkeypatch:
            reached = killing(monkeypatch, at)
            with suppress(Killed):
                sets.replace(NAME, [Page(page, name.startswith(".")) for name, page in new.items()])
        sets.settle()  # as the next close or pull does
        seen.append({path.name: path.read_bytes() for path in sets.folder.iterdir()})
        if not reached():
            break
    assert all(found in (old, new) for found in seen)
    assert (seen[0], seen[-1]) == (old, new)
    assert len(seen) > 10


def test_what_takes_the_lock_finishes_what_was_decided(pull: Puller) -> None:
    """Also in the folder of another account."""
    for folder in (Home(pull.home).bills, Home(pull.home).bills / "emea"):
        ready = folder / ".pull" / f"{NAME}.ready"
        ready.mkdir(parents=True)
        (ready / NAMES[0]).write_bytes(NEW[0])
    with locked(Home(pull.home)):
        assert pull.landed() == {NAMES[0]: NEW[0], f"emea/{NAMES[0]}": NEW[0]}


def test_a_process_that_is_killed_while_it_waits_leaves_the_old_set(pull: Puller, replay: Replay) -> None:
    pull()
    replay.pages[COMPLETIONS] = NEW
    replay.instead = [None, "slow"]
    program = (
        "from pathlib import Path; from types import SimpleNamespace; from tests.pull.replay import Puller\n"
        f"Puller(Path({str(pull.home)!r}), SimpleNamespace(url={replay.url!r}))()"
    )
    child = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        limit = time.monotonic() + 30
        while len(replay.asked) < 5 and time.monotonic() < limit:
            time.sleep(0.02)
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    assert len(replay.asked) == 5
    building = f".pull/{NAME}.building/"
    assert pull.landed() == {**set_of(OLD), building + NAMES[0]: NEW[0]}
    pull()
    assert pull.landed() == set_of(NEW)


def test_a_home_at_work_is_left_alone(pull: Puller, replay: Replay) -> None:
    with locked(Home(pull.home)), pytest.raises(LockHeldError):
        pull()
    assert replay.asked == []


def test_a_folder_that_cannot_be_written_is_named(pull: Puller) -> None:
    bills = pull.home / "landing" / "bills"
    bills.rmdir()
    bills.write_bytes(b"a file where a folder must be")
    with pytest.raises(PlatformError, match=r"E-HOME-UNWRITABLE landing/bills a folder that can be written"):
        pull()


def test_a_paging_without_end_is_stopped(
    pull: Puller, replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "PAGES_MAX", 2)
    with pytest.raises(PlatformError, match=r"at most 2 pages \(page 2, next_page\)"):
        pull()
    assert (pull.landed(), len(replay.asked)) == ({}, 2)
