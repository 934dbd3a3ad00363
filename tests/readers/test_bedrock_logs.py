"""Bedrock's invocation logs: the documentation's records, and what a log may not be made to say."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.readers.reading import SAMPLES, read
from tickmark.errors import RecordRejected
from tickmark.gateways import FORMATS
from tickmark.gateways.bedrock_invocation_logs import answer, request_body

RECORDS = [json.loads(line) for line in (SAMPLES / "bedrock_invocation_logs.jsonl").read_text().splitlines()]


def attempt(record: dict[str, Any]) -> Any:
    (row,) = FORMATS["bedrock_invocation_logs"].read(record)
    return row


@pytest.mark.parametrize(
    ("name", "tokens", "model", "team"),
    [
        ("model_invocation_log_1.json", (8, 20), "cohere.command-r-plus-v1:0", None),
        (
            "model_invocation_log_2.json",
            (1500, 500),
            "anthropic.claude-sonnet-4-20250514-v1:0",
            "engineering",
        ),
    ],
)
def test_documented_records_are_read(
    shared_data: Path, tmp_path: Path, name: str, tokens: tuple[int, int], model: str, team: str | None
) -> None:
    content = (shared_data / "samples/bedrock" / name).read_bytes()
    (row,) = read(tmp_path, "bedrock_invocation_logs", content, name).rows["attempts"]
    assert (row["tokens_uncached_input"], row["tokens_output"]) == tokens
    assert (row["request_model"], row["response_model"], row["team"]) == (model, None, team)


def test_the_model_behind_an_opaque_arn_is_not_guessed() -> None:
    arn = "arn:aws:bedrock:us-east-1:111122223333:"
    named = {
        f"{arn}application-inference-profile/a1b2": f"{arn}application-inference-profile/a1b2",
        f"{arn}provisioned-model/a1b2": f"{arn}provisioned-model/a1b2",
        "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0": "amazon.nova-lite-v1:0",
        f"{arn}inference-profile/us.amazon.nova-lite-v1:0": "us.amazon.nova-lite-v1:0",
    }
    assert {asked: attempt({**RECORDS[0], "modelId": asked}).request_model for asked in named} == named


def test_text_is_given_only_where_it_is_whole_and_of_a_known_shape() -> None:
    streamed = RECORDS[1]
    assert request_body(streamed) == streamed["input"]["inputBodyJson"]
    assert answer(streamed) is None, "chunks are no answer"
    assert request_body(RECORDS[0]) is None, "Converse has a shape of its own"
    assert request_body(RECORDS[3]) is None, "the body lies in S3"


def test_more_written_for_an_hour_than_written_at_all_is_refused() -> None:
    record = {**RECORDS[0], "input": {**RECORDS[0]["input"], "cacheWriteInputTokenCount": 99}}
    with pytest.raises(RecordRejected, match="E-USAGE-PARTS"):
        attempt(record)


def test_a_record_without_counts_has_no_usage() -> None:
    row = attempt({**RECORDS[0], "input": {}})
    assert (row.usage_origin, row.tokens_input_total, row.tokens_output) == ("missing", None, None)
