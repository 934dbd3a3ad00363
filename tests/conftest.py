"""Fixtures every test may use."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipelines import homes

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real exchanges, a real month and samples; they are not part of the project."""
    data = ROOT.parent / "shared" / "data"
    if not data.is_dir():
        pytest.skip("real data is not beside this checkout (../shared/data)")
    return data


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home, as `tickmark init` makes it."""
    folder = tmp_path / "home"
    homes.make(folder)
    return folder


def land_real_month(shared_data: Path, home: Path) -> None:
    """Deliver the real month into a home."""
    month = shared_data / "real_month" / "2026-01"
    for side in ("gateways", "bills"):
        for file in sorted((month / side).iterdir()):
            (home / "landing" / side / file.name).write_bytes(file.read_bytes())


@dataclass(frozen=True)
class Ran:
    """What a command left: exit code, both outputs, and its JSON where it printed one."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def tickmark(*arguments: str | Path, env: dict[str, str] | None = None) -> Ran:
    """Run the command as a user would, in a process of its own."""
    command = [str(Path(sys.executable).with_name("tickmark")), *map(str, arguments)]
    ran = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=300, env={**os.environ, **(env or {})}
    )
    return Ran(ran.returncode, ran.stdout, ran.stderr)


@pytest.fixture(scope="session")
def closed_real_month(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the real month was closed; look, do not touch."""
    folder = tmp_path_factory.mktemp("real") / "home"
    homes.make(folder)
    land_real_month(shared_data, folder)
    ran = tickmark("close", "2026-01", "--home", folder, "--quiet")
    assert ran.code == 0, ran.err
    return folder
