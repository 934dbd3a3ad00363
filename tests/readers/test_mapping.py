"""A user's own format as data: what a mapping loads, and how it says what is wrong."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import mapping_check
from tests.readers.reading import KEY, Rows, specs, staged
from tickmark import mapping
from tickmark.errors import BadSpecError
from tickmark.intake.reader import FORMATS, FileReport, Reader, Source
from tickmark.intake.tables import Writers

MINE = """
about: our own gateway
table: attempts
container: json
records: data.items
key: [call.id]
only: {kind: [call, retry]}
input_counts: include_cached
request_body: sent
answer: got
fields:
  provider: url
  operation: {path: kind, values: {call: chat, retry: chat}}
  started_at: {path: ts, unit: ms}
  request_model: sent.model
  tokens_input_total: usage.in
  tokens_cache_read: usage.cached
  tokens_output: {path: usage.thousands_out, scale: "1000"}
  cost_usd_gateway: {path: cents, scale: "0.01"}
"""
CALL: dict[str, Any] = {
    "kind": "call",
    "url": "https://api.openai.com/v1/chat/completions",
    "ts": 1783152000123,
    "call": {"id": "a1"},
    "sent": {"model": "gpt-4o", "messages": [{"role": "user", "content": "Where is my parcel?"}]},
    "got": {
        "choices": [{"message": {"role": "assistant", "content": "On its way."}, "finish_reason": "stop"}]
    },
    "usage": {"in": 100, "cached": 40, "thousands_out": "0.009"},
    "cents": "1.5",
}


def through(folder: Path, text: str, content: bytes, name: str = "f.json") -> tuple[FileReport, Rows]:
    file, own = folder / name, folder / "mine.yaml"
    own.write_text(text)
    file.write_bytes(content)
    writers = Writers(folder / "staging", "part")
    reader = Reader(Source("s", "mine", "default"), mapping.load(own, own.name), specs(), KEY, writers)
    report = reader.read(file, name, 0)
    writers.close()
    return report, staged(folder / "staging")


def document(*records: dict[str, Any]) -> bytes:
    return json.dumps({"data": {"items": list(records)}}, indent=1).encode()


def test_a_document_loads_as_its_mapping_says(tmp_path: Path) -> None:
    report, rows = through(tmp_path, MINE, document(CALL, {**CALL, "kind": "heartbeat"}))
    assert (report.records, report.read, report.not_usage) == (2, 1, 1)
    (row,) = rows["attempts"]
    expected = {
        "record_key": "a1",
        "provider": "openai",
        "operation": "chat",
        "started_at": datetime(2026, 7, 4, 8, 0, 0, 123000, tzinfo=UTC),
        "request_model": "gpt-4o",
        "response_model": None,
        "tokens_input_total": 100,
        "tokens_uncached_input": 60,
        "tokens_cache_read": 40,
        "tokens_output": 9,
        "token_semantics": "inclusive",
        "usage_origin": "provider_reported",
        "cost_usd_gateway": Decimal("0.015"),
        "shape": "text",
        "uncountable_because": None,
    }
    assert {name: row[name] for name in expected} == expected
    assert [segment["text"] for segment in rows["segments"]]


@pytest.mark.parametrize(
    ("semantics", "uncached", "total"),
    [("include_cached", 60, 100), ("exclude_cached", 100, 140), ("unknown", None, 100)],
)
def test_r08_what_an_input_count_includes_is_declared(
    tmp_path: Path, semantics: str, uncached: int | None, total: int
) -> None:
    _, rows = through(tmp_path, MINE.replace("include_cached", semantics), document(CALL))
    (row,) = rows["attempts"]
    assert (row["tokens_uncached_input"], row["tokens_input_total"]) == (uncached, total)


def test_r07_a_log_without_output_has_no_usage(tmp_path: Path) -> None:
    text = MINE.replace('  tokens_output: {path: usage.thousands_out, scale: "1000"}\n', "")
    _, rows = through(tmp_path, text, document(CALL, {**CALL, "kind": "retry", "call": {"id": "b"}}))
    assert [row["usage_origin"] for row in rows["attempts"]] == ["missing", "missing"]
    _, rows = through(tmp_path, text.replace("call: chat", "call: embeddings"), document(CALL))
    assert rows["attempts"][-1]["usage_origin"] == "provider_reported"


ODD: dict[str, tuple[dict[str, Any], str]] = {
    "R04 number as text with a comma": ({"cents": "1,5"}, "E-FIELD-DECIMAL cents"),
    "an amount that no table holds": ({"cents": "1e30"}, "E-FIELD-RANGE cents"),
    "R05 a fraction of a token": ({"usage": {"thousands_out": "0.0095"}}, "E-FIELD-TYPE usage.thousands_out"),
    "R06 more cached than all": ({"usage": {"in": 1, "cached": 2}}, "E-USAGE-PARTS tokens_input_total"),
    "T05 seconds read as milliseconds": ({"ts": 1783152000}, "E-FIELD-TIME ts"),
    "a required field is missing": ({"ts": None}, "E-FIELD-MISSING ts"),
    "no key": ({"call": {}}, "E-FIELD-MISSING call.id"),
    "an object where text stands": ({"sent": {"model": {}}}, "E-FIELD-TYPE sent.model"),
}


@pytest.mark.parametrize("name", ODD)
def test_bad_values_are_set_aside_by_their_path(tmp_path: Path, name: str) -> None:
    change, rule = ODD[name]
    report, rows = through(tmp_path, MINE, document(CALL, {**CALL, **change}))
    assert (report.read, report.quarantined) == (1, 1)
    (reject,) = rows["rejects"]
    assert f"{reject['rule']} {reject['field']}" == rule
    assert reject["place"] == "data.items[1]"


TABLE = """
about: charges our reseller exports
table: billing_lines
container: csv
key: [Number, Pos.]
fields:
  provider: {const: openai}
  invoice_issuer_name: {const: Reseller Ltd}
  charge_category: {path: Kind, values: {usage: Usage, tax: Tax}}
  charge_period_start: {path: From, zone: "+08:00"}
  charge_period_end: {path: To, zone: "+08:00"}
  billed_cost: Amount
  billing_currency: {const: USD}
  x_model: [Model.Name]
"""
ROWS = b"""Number,Pos.,Kind,From,To,Amount,Model.Name
7,1,usage,2026-07-04 08:00:00,2026-07-05 08:00:00,12.30,gpt-4o
7,2,tax,2026-07-04 08:00:00,2026-07-05 08:00:00,2.34,
"""


def test_a_table_and_its_parquet_give_the_same_rows(tmp_path: Path) -> None:
    (tmp_path / "csv").mkdir()
    _, rows = through(tmp_path / "csv", TABLE, ROWS, "f.csv")
    first, second = rows["billing_lines"]
    assert first["charge_period_start"] == datetime(2026, 7, 4, tzinfo=UTC)
    assert (first["billed_cost"], second["billed_cost"]) == (Decimal("12.3"), Decimal("2.34"))
    assert (first["x_model"], second["x_model"]) == ("gpt-4o", None)
    header, *lines = [line.split(",") for line in ROWS.decode().splitlines()]
    (tmp_path / "parquet").mkdir()
    pq.write_table(
        pa.table({name: [line[index] for line in lines] for index, name in enumerate(header)}),
        tmp_path / "parquet" / "source",
    )
    content = (tmp_path / "parquet" / "source").read_bytes()
    text = TABLE.replace("container: csv", "container: parquet")
    _, same = through(tmp_path / "parquet", text, content, "f.parquet")
    assert [row["content_hash"] for row in same["billing_lines"]] == [
        row["content_hash"] for row in rows["billing_lines"]
    ]


WRONG = {
    "a field that no table has": ("request_model: sent.model", "modell: sent.model", "modell"),
    "a required field left out": ("  provider: url\n", "", "provider"),
    "a path and a const": ("provider: url", "provider: {path: url, const: openai}", "path"),
    "nothing said about cached tokens": ("input_counts: include_cached\n", "", "input_counts"),
    "usage twice": ("records: data.items", "usage: got.usage", "usage"),
    "a zone that is a city": ("unit: ms", "zone: Europe/Berlin", "pattern"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_mapping_says_what_is_wrong(tmp_path: Path, name: str) -> None:
    old, new, expected = WRONG[name]
    assert old in MINE
    (tmp_path / "mine.yaml").write_text(MINE.replace(old, new))
    with pytest.raises(BadSpecError, match=expected):
        mapping.load(tmp_path / "mine.yaml", "mine.yaml")


def test_a_mapping_cannot_take_a_shipped_name(tmp_path: Path) -> None:
    (tmp_path / "litellm_spend_logs.yaml").write_text(MINE)
    with pytest.raises(BadSpecError, match="E-MAPPING-NAME"):
        mapping.load_all([tmp_path / "litellm_spend_logs.yaml"], FORMATS)


def test_check_shows_rows_and_every_kind_of_problem(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.yaml").write_text(MINE)
    bad = {**CALL, "cents": "SECRET,5"}
    (tmp_path / "f.json").write_bytes(document(CALL, bad, bad, {**CALL, "kind": "x"}))
    said = mapping_check.run(tmp_path / "mine.yaml", tmp_path / "f.json", 3)
    assert said["records"] == {"records": 4, "loaded": 1, "not_usage": 1, "quarantined": 2, "blank": 0}
    (problem,) = said["problems"]
    assert (problem["rule"], problem["times"], problem["first"]) == ("E-FIELD-DECIMAL", 2, "data.items[1]")
    (row,) = said["rows"]
    assert (row["record_key"], row["tokens_uncached_input"]) == ("a1", "60")
    mapping_check.show(said, as_json=False)
    shown = capsys.readouterr().out
    assert "parcel" not in shown
    assert "SECRET" not in shown


def test_a_draft_lists_the_paths_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "f.jsonl").write_text(json.dumps(CALL) + "\n")
    mapping_check.draft(tmp_path / "f.jsonl")
    shown = capsys.readouterr().out
    assert "#   usage.cached: whole number (1)" in shown
    assert "parcel" not in shown
