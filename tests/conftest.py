"""Fixtures every test may use."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real exchanges, a real month and samples; they are not part of the project."""
    data = ROOT.parent / "shared" / "data"
    if not data.is_dir():
        pytest.skip("real data is not beside this checkout (../shared/data)")
    return data
