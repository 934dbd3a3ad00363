"""A disk that fills up at the beginning of a close, and while it publishes."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.alerts.alert_receiver import Receiver
from tests.conftest import tickmark
from tests.crash.conftest import MONTH, Restated, edited_copy, seen

pytestmark = pytest.mark.slow


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Mounts a disk of so many bytes."""
    mounted = tmp_path / "disk"
    mounted.mkdir()

    def mount(size: int) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(mounted)]
        if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
            pytest.skip("only root can mount a small disk")
        return mounted

    yield mount
    subprocess.run(["umount", str(mounted)], capture_output=True, check=False)


def size(folder: Path) -> int:
    """Bytes on a disk of 4 KiB blocks."""
    return sum(-(-path.lstat().st_size // 4096) * 4096 + 4096 for path in folder.rglob("*"))


@pytest.mark.parametrize("share", [0.05, 0.35])
def test_a_full_disk_is_exit_7_and_what_is_published_stays_whole(
    closed_real_month: Path,
    restated: Restated,
    receiver: Receiver,
    small_disk: Callable[[int], Path],
    tmp_path: Path,
    share: float,
) -> None:
    home = edited_copy(closed_real_month, tmp_path / "home", receiver)
    shutil.rmtree(home / "private" / "run")
    needed = size(restated.home) - size(home)
    moved = shutil.copytree(home, small_disk(size(home) + int(share * needed)) / "home")
    ran = tickmark("close", MONTH, "--home", moved, "--quiet")
    assert ran.code == 7, ran.err
    assert ran.err.splitlines()[-1].startswith("E-MACHINE a disk with room")
    assert seen(moved) in {restated.held_before, restated.fresh}
    assert receiver.requests == []
