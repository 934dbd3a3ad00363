"""A replay server, and a pull from it, for every test of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pull.replay import COMPLETIONS, Puller, Replay, replaying, usage_pages


@pytest.fixture
def replay() -> Iterator[Replay]:
    with replaying() as server:
        server.pages[COMPLETIONS] = usage_pages([14, 14, 3])
        yield server


@pytest.fixture
def pull(home: Path, replay: Replay) -> Puller:
    return Puller(home, replay)
