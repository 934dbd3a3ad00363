"""Batches: real lines, times that only the batch knows, and failures that nobody bills."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.readers.reading import SAMPLES, Read, read
from tickmark.errors import InputRejectedError

OPENAI = [json.loads(line) for line in (SAMPLES / "openai_batch_output.jsonl").read_text().splitlines()]
ANTHROPIC = json.loads((SAMPLES / "anthropic_message_batches.json").read_text())
BATCH = {
    "id": "batch_a",
    "endpoint": "/v1/embeddings",
    "created_at": 1789999000,
    "in_progress_at": 1789999100,
}


def laid(tmp_path: Path, format_: str, document: Any) -> Read:
    return read(tmp_path, format_, json.dumps(document).encode(), "results.json")


def test_real_lines_of_both_hosts(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "samples/openai_batch/litellm_tests"
    found = {
        name: read(tmp_path / name, "openai_batch_output", (folder / name).read_bytes(), name).rows[
            "attempts"
        ]
        for name in ("out.jsonl", "out_azure.jsonl")
    }
    ((openai,), (azure,)) = found.values()
    assert (openai["provider"], azure["provider"]) == ("openai", "azure")
    assert (openai["tokens_uncached_input"], openai["tokens_output"]) == (51, 95)
    assert (azure["tokens_uncached_input"], azure["tokens_output"]) == (51, 16)
    assert openai["started_at"] == datetime.fromtimestamp(1735060987, UTC)
    assert {openai["service_tier"], azure["service_tier"]} == {"batch"}
    assert openai["response_model"] == "gpt-4o-2024-05-13"


def test_the_batch_beside_its_lines_gives_them_a_time(tmp_path: Path) -> None:
    document = {"batch": BATCH, "results": OPENAI[2:]}
    rows = laid(tmp_path, "openai_batch_output", document).rows["attempts"]
    assert [row["outcome"] for row in rows] == ["provider_error", "provider_error", "success"]
    assert [row["error_type"] for row in rows] == ["rate_limit_exceeded", "batch_expired", None]
    assert [row["billable_expected"] for row in rows] == [False, False, True]
    assert {row["started_at"] for row in rows} == {datetime.fromtimestamp(1789999100, UTC)}
    assert (rows[2]["operation"], rows[2]["tokens_uncached_input"]) == ("embeddings", 7)


def test_requests_of_a_batch_are_no_results(shared_data: Path, tmp_path: Path) -> None:
    content = (shared_data / "samples/openai_batch/litellm_tests/input.jsonl").read_bytes()
    with pytest.raises(InputRejectedError, match="E-FILE-FORMAT"):
        read(tmp_path, "openai_batch_output", content, "input.jsonl")
    with pytest.raises(InputRejectedError, match="E-FILE-FORMAT"):
        laid(tmp_path, "openai_batch_output", ANTHROPIC)


def test_anthropic_lines_without_their_batch_are_refused_and_say_how(tmp_path: Path) -> None:
    lines = "".join(json.dumps(line) + "\n" for line in ANTHROPIC["results"]).encode()
    with pytest.raises(InputRejectedError, match=r"batch\.created_at") as caught:
        read(tmp_path, "anthropic_message_batches", lines, "results.jsonl")
    assert '{"batch": <the batch object>, "results": [<the lines>]}' in str(caught.value)


def test_the_same_results_twice_have_the_same_keys(tmp_path: Path) -> None:
    document = {**ANTHROPIC, "results": ANTHROPIC["results"] * 2}
    keys = [
        row["record_key"] for row in laid(tmp_path, "anthropic_message_batches", document).rows["attempts"]
    ]
    assert len(keys) == 2 * len(set(keys)) == 8
