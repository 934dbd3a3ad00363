"""A month with faults, as published, and its page."""

import pytest
from example_month import MANIFEST, MONTH, Tables, published
from page_reader import Page

from tickmark.reportpage import render


@pytest.fixture(scope="session")
def draft_month() -> Tables:
    return published("example_month.yaml")


@pytest.fixture(scope="session")
def month(draft_month: Tables) -> Tables:
    return {**draft_month, "open_points": []}


@pytest.fixture(scope="session")
def html(month: Tables) -> str:
    return render(month, MONTH, 2, False, MANIFEST)


@pytest.fixture(scope="session")
def page(html: str) -> Page:
    return Page(html)
