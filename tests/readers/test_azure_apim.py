"""Azure API Management: totals that nobody can split, and pieces of messages that are not about usage."""

import json
from pathlib import Path

import pytest

from tests.readers.reading import SAMPLES, read
from tickmark.errors import InputRejectedError

REST = json.loads((SAMPLES / "azure_apim_llm_logs.json").read_text())
NAMES = [column["name"] for column in REST["tables"][0]["columns"]]


def test_rows_as_the_az_command_prints_them(tmp_path: Path) -> None:
    """A list of rows in which numbers are text."""
    rows = [dict(zip(NAMES, map(str, row), strict=True)) for row in REST["tables"][0]["rows"][:1]]
    (found,) = read(tmp_path, "azure_apim_llm_logs", json.dumps(rows).encode(), "rows.json").rows["attempts"]
    assert (found["tokens_input_total"], found["tokens_unclassified"], found["tokens_output"]) == (
        120,
        120,
        30,
    )
    assert (found["tokens_uncached_input"], found["streamed"]) == (None, False)


def test_the_other_table_of_the_gateway_is_refused(tmp_path: Path) -> None:
    row = {"TimeGenerated": "2026-09-21T14:00:00Z", "CorrelationId": "c-1", "ResponseCode": 200}
    with pytest.raises(InputRejectedError, match="SequenceNumber"):
        read(tmp_path, "azure_apim_llm_logs", json.dumps([row]).encode(), "rows.json")


def test_a_row_of_another_width_is_set_aside(tmp_path: Path) -> None:
    table = {**REST["tables"][0], "rows": [REST["tables"][0]["rows"][0], ["2026-09-21T14:00:00Z"]]}
    found = read(tmp_path, "azure_apim_llm_logs", json.dumps({"tables": [table]}).encode(), "rows.json")
    assert (found.report.read, [rule for _, rule, _ in found.rejects]) == (1, ["E-JSON-OBJECT"])
