"""The project's own specs and their vocabularies, loaded once."""

from pathlib import Path

import pytest

from tickmark.specbook import SpecBook
from tickmark.tokenizers import Counters

SPECS = Path(__file__).resolve().parents[2] / "tokenizer_specs"


@pytest.fixture(scope="session")
def specs() -> SpecBook:
    return SpecBook(SPECS)


@pytest.fixture(scope="session")
def counters(specs: SpecBook) -> Counters:
    return Counters(specs.vocabularies)
