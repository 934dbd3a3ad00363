"""Samples of every format against the rows they mean, worked out by hand in `golden/<format>.yaml`.

A golden file names its samples (each must give the same rows), what became of their records, and per table
every field that is not the record's default. A row may also name columns of the count plan, like `shape`.
"""

from dataclasses import MISSING, fields
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.readers.reading import SAMPLES, Read, read
from tickmark.intake.reader import FORMATS
from tickmark.records import RECORDS

GOLDEN = Path(__file__).with_name("golden")
FILES = sorted(GOLDEN.glob("*.yaml"))
TESTED_IN_PYTHON = {
    "exchange_jsonl",
    "litellm_spend_logs",
    "openai_usage_completions",
    "openai_usage_embeddings",
    "openai_costs",
    "anthropic_usage_report",
    "anthropic_cost_report",
    "focus_csv",
    "invoice_csv",
}
"""Formats of before, whose rows stand in test_gateways.py and test_invoices.py."""


def golden(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


CASES = [(path, sample) for path in FILES for sample in golden(path)["samples"]]


def plain(value: Any) -> Any:
    """A cell as a golden file writes it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value


def wanted(table: Any, said: dict[str, Any]) -> dict[str, Any]:
    """What a golden row says, and the record's defaults for what it leaves out."""
    record = RECORDS[table]
    defaults = {field.name: plain(field.default) for field in fields(record) if field.default is not MISSING}
    return defaults | {name: plain(value) for name, value in said.items()}


@pytest.mark.parametrize(("path", "sample"), CASES, ids=[sample for _, sample in CASES])
def test_a_sample_gives_its_rows(tmp_path: Path, path: Path, sample: str) -> None:
    if sample.endswith(".pdf"):
        pytest.importorskip("pypdf", reason="the extra `pdf` is not installed")
    expected = golden(path)
    found = read(tmp_path, path.stem, (SAMPLES / sample).read_bytes(), sample)
    assert {name: getattr(found.report, name) for name in expected["records"]} == expected["records"]
    assert rows_of(found, expected["rows"]) == {
        table: [wanted(table, row) for row in rows] for table, rows in expected["rows"].items()
    }


def rows_of(found: Read, asked: dict[str, Any]) -> dict[str, Any]:
    """Rows that were written: the record's fields, and what else the golden row of that place names."""
    shown: dict[str, Any] = {}
    for table, record in RECORDS.items():
        own = {field.name for field in fields(record)}
        said = asked.get(table, [])
        for number, row in enumerate(found.rows[table]):
            names = own | (said[number].keys() if number < len(said) else set())
            shown.setdefault(str(table), []).append({name: plain(row[name]) for name in names})
    return shown


def test_every_format_has_golden_rows() -> None:
    assert {path.stem for path in FILES} == FORMATS.keys() - TESTED_IN_PYTHON
