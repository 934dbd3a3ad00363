"""LiteLLM's two logs: the table in every export, real payloads, and how calls end."""

import csv
import io
import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.readers.reading import SAMPLES, read
from tickmark import strictjson
from tickmark.errors import InputRejectedError, RecordRejected
from tickmark.formats import Format
from tickmark.gateways import FORMATS
from tickmark.records import Attempt

SPEND, STANDARD = FORMATS["litellm_spend_logs"], FORMATS["litellm_standard_logging"]
ROWS: list[Any] = [
    json.loads(line) for line in (SAMPLES / "litellm_spend_logs.jsonl").read_text("utf-8").splitlines()
]
COLUMNS = list(dict.fromkeys(column for row in ROWS for column in row))
TIMES = ("startTime", "endTime")


def attempt(format_: Format, record: dict[str, Any]) -> Attempt:
    (row,) = format_.read(strictjson.loads(json.dumps(record)))  # type: ignore[arg-type]
    assert isinstance(row, Attempt)
    return row


def given(text: Any, record: dict[str, Any]) -> Any:
    return text(record)


def as_text(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value


def as_csv() -> bytes:
    """As psql's `\\copy ... csv header` writes it: null is an empty cell."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({column: as_text(row.get(column)) for column in COLUMNS} for row in ROWS)
    return out.getvalue().encode()


def as_parquet() -> bytes:
    """As a lake keeps it: timestamps without a zone, JSON as text, spend as a double."""
    rows = [
        {
            column: datetime.fromisoformat(value)
            if column in TIMES and value
            else float(value)
            if column == "spend"
            else as_text(value)
            for column, value in ((column, row.get(column)) for column in COLUMNS)
        }
        for row in ROWS
    ]
    out = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows), out)
    return bytes(out.getvalue())


def test_the_table_gives_the_same_rows_in_every_export(tmp_path: Path) -> None:
    lines = (SAMPLES / "litellm_spend_logs.jsonl").read_bytes()
    found = [
        read(tmp_path / name, "litellm_spend_logs", content, f"spend.{name}")
        for name, content in (("jsonl", lines), ("csv", as_csv()), ("parquet", as_parquet()))
    ]
    places = {"record_no", "line_no", "byte_offset", "byte_length"}
    jsonl, of_csv, parquet = (
        [{name: value for name, value in row.items() if name not in places} for row in one.rows["attempts"]]
        for one in found
    )
    assert of_csv == jsonl
    assert parquet == jsonl
    assert [len(jsonl), *(one.report.not_usage for one in found)] == [10, 1, 1, 1]
    assert [one.rejects[0][1:] for one in found] == [("E-OPERATION", "call_type")] * 3


def test_a_table_without_its_columns_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputRejectedError, match=r"E-CSV-HEADER .* custom_llm_provider"):
        read(tmp_path, "litellm_spend_logs", as_csv().replace(b"custom_llm_provider", b"provider"), "s.csv")
    with pytest.raises(InputRejectedError, match="E-FILE-FORMAT"):
        read(tmp_path, "litellm_standard_logging", json.dumps(ROWS).encode(), "s.json")


ENDS: dict[str, tuple[dict[str, Any], str, bool | None, int | None]] = {
    "answered": ({"error_code": "400", "error_class": "BadRequestError"}, "provider_error", False, 400),
    "no answer": ({"error_code": "500", "error_class": "APIConnectionError"}, "timeout", None, None),
    "a code in words": ({"error_code": "model_error", "error_class": "X"}, "provider_error", None, None),
    "nothing said": ({}, "timeout", None, None),
    "budget": ({"error_code": "429", "error_class": "BudgetExceededError"}, "blocked", False, 429),
    "client left": ({"error_code": "499", "error_class": "HTTPException"}, "client_abort", None, None),
}


@pytest.mark.parametrize(("error", "outcome", "billable", "status"), ENDS.values(), ids=ENDS)
def test_a_failure_is_billed_as_far_as_anybody_can_tell(
    error: dict[str, Any], outcome: str, billable: object, status: int | None
) -> None:
    row = {**ROWS[4], "metadata": {"error_information": error}}
    found = attempt(SPEND, row)
    assert (found.outcome, found.billable_expected, found.http_status) == (outcome, billable, status)
    # A stream that broke was made, and paid for, up to there.
    broken = attempt(SPEND, {**row, "prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9})
    assert (broken.billable_expected, broken.tokens_input_total, broken.tokens_output) == (True, 7, 2)
    assert (broken.usage_origin, broken.response_model) == ("gateway_estimated", "gpt-5.6-sol")


def test_a_call_that_litellm_refused_before_it_chose_a_provider_is_no_usage() -> None:
    refused = {**ROWS[4], "custom_llm_provider": "", "api_base": "", "call_type": ""}
    assert list(SPEND.read(refused)) == []
    with pytest.raises(RecordRejected, match="E-FIELD-MISSING call_type"):
        list(SPEND.read({**refused, "custom_llm_provider": "openai"}))


def test_zeros_for_an_answer_without_usage_are_missing_not_zero() -> None:
    zeros = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    found = attempt(SPEND, {**ROWS[0], **zeros, "metadata": {"usage_object": zeros}})
    assert (found.tokens_input_total, found.usage_origin, found.billable_expected) == (None, "missing", True)


def test_a_text_that_litellm_cut_or_redacted_is_not_handed_out() -> None:
    for altered in ("abc... (litellm_truncated skipped 9 chars) ...xyz", "redacted-by-litellm"):
        body = {"model": "fast", "messages": [{"role": "user", "content": altered}]}
        assert given(SPEND.request_body, {**ROWS[0], "proxy_server_request": body}) is None
        payload = {"call_type": "completion", "model": "m", **body, "response": body}
        assert given(STANDARD.request_body, payload) is None
        assert given(STANDARD.answer, payload) is None


@pytest.mark.parametrize("stamp", [Decimal("1e300"), 1783156846250, True, "yesterday"])
def test_a_time_of_another_unit_or_of_none_is_refused(stamp: Any) -> None:
    payload = {"id": "x", "call_type": "completion", "custom_llm_provider": "openai", "startTime": stamp}
    with pytest.raises(RecordRejected, match="E-FIELD-TIME startTime"):
        list(STANDARD.read(payload))


def test_a_poll_of_a_batch_is_no_usage_until_it_carries_the_tokens() -> None:
    batch = next(row for row in ROWS if row["call_type"] == "aretrieve_batch")
    assert attempt(SPEND, batch).tokens_input_total == 1000
    assert list(SPEND.read({**batch, "total_tokens": 0})) == []


def test_a_real_row_of_the_table(shared_data: Path) -> None:
    found = attempt(SPEND, json.loads((shared_data / "samples/litellm/spend_logs_payload.json").read_text()))
    assert (found.record_key, found.provider) == ("chatcmpl-2283081b-dc89-41f6-93e6-d4f914774027", "openai")
    assert (found.tokens_input_total, found.tokens_output) == (10, 20)
    assert found.cost_usd_gateway == Decimal("0.000225")


@pytest.mark.parametrize(
    ("name", "provider", "tokens", "cost", "asked", "said"),
    [
        ("standard_logging_payload", "openai", (10, 20), "0.000225", "Hello, world!", "hi"),
        (
            "standard_logging_object_bedrock_DERIVED",
            "aws.bedrock",
            (14, 67),
            "0.001047",
            "What is the capital of France?",
            "The capital of France is Paris.",
        ),
    ],
)
def test_real_payloads(
    tmp_path: Path, shared_data: Path, name: str, provider: str, tokens: tuple[int, int], cost: str,
    asked: str, said: str,
) -> None:  # fmt: skip
    content = (shared_data / f"samples/litellm/{name}.json").read_bytes()
    (row,) = read(tmp_path, "litellm_standard_logging", content, "one.json").rows["attempts"]
    assert (row["provider"], row["tokens_input_total"], row["tokens_output"]) == (provider, *tokens)
    assert row["cost_usd_gateway"] == Decimal(cost)
    payload: Any = strictjson.decode(content)
    body, answer = (given(text, payload) for text in (STANDARD.request_body, STANDARD.answer))
    assert body["messages"] == [{"role": "user", "content": asked}]
    assert str(answer["choices"]).find(said) > 0
