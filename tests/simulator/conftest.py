"""The demo's month, made once."""

import pytest
from simulated_month import MONTH, SEED, SPECS, Simulated, read_month

from pipelines import homes
from tickmark.simulator import write_month


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    home = tmp_path_factory.mktemp("simulated") / "home"
    homes.make(home)
    write_month(home, MONTH, SEED, SPECS)
    return read_month(home)
