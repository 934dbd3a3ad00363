"""Publishing by itself: what is no true picture of the lake is not put in place."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from tickmark import lake, publish
from tickmark.errors import IntegrityError
from tickmark.monthrun import dictionary

DDL = Path(__file__).resolve().parents[2] / "sql" / "report" / "_tables.sql"
MONTH = "2026-07"
METRICS = "report.metric_dictionary"  # made while publishing


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with one version in the lake, and a published file of before."""
    with duckdb.connect() as database:
        database.execute("create schema report")
        database.execute(DDL.read_text("utf-8"))
        tables = [table.name for table in dictionary(DDL) if table.name != METRICS]
        lake.write(
            database, tmp_path / "lake", MONTH, tables, {"draft": False}, datetime(2026, 8, 4, tzinfo=UTC)
        )
    (tmp_path / "finance.duckdb").write_bytes(b"the file of before")
    return tmp_path


def refused(home: Path, rule: str) -> None:
    with pytest.raises(IntegrityError, match=f"^{rule} "):
        publish.publish(home / "lake", home / "finance.duckdb", DDL)
    assert (home / "finance.duckdb").read_bytes() == b"the file of before"


def test_a_month_that_does_not_arrive_in_the_file_is_not_published(home: Path) -> None:
    # No row of this month says that it was read.
    refused(home, "E-PUBLISH-VERIFY")


def test_a_version_with_a_changed_table_is_not_published(home: Path) -> None:
    table = home / "lake" / MONTH / "v0001" / "report" / "lcpr.parquet"
    table.write_bytes(table.read_bytes() + b" ")
    refused(home, "E-LAKE-DAMAGED")
