"""Our counts against the providers' meters, on recorded exchanges."""

import gzip
import json
import runpy
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tickmark import parity, recordings, recount
from tickmark.errors import InputRejectedError
from tickmark.formats import Json
from tickmark.parity import ParityRow
from tickmark.recordings import Exchange
from tickmark.specbook import SpecBook
from tickmark.tokenizers import Counters, sources

SPECS = Path(__file__).resolve().parents[2] / "tokenizer_specs"
# provider, operation, shape → exchanges of the class `exact`. All of them agree with the bill, to the token.
RECORDED = {
    ("openai", "chat", "text"): 4727,
    ("openai", "chat", "tools"): 1744,
    ("openai", "chat", "tool_calls"): 1418,
    ("openai", "chat", "schema"): 444,
    ("openai", "chat", "media"): 122,
    ("openai", "responses", "text"): 837,
    ("openai", "responses", "schema"): 184,
    ("openai", "responses", "tool_calls"): 62,
    ("openai", "responses", "media"): 10,
    ("openai", "embeddings", "text"): 644,
    ("openai", "completions", "text"): 56,
    ("mistral_ai", "chat", "text"): 329,
    ("mistral_ai", "chat", "schema"): 17,
    ("mistral_ai", "chat", "tool_calls"): 225,
    ("mistral_ai", "chat", "tools"): 197,
    ("mistral_ai", "embeddings", "text"): 96,
}
# The class `exact_text`: counted, agreeing, within 2 tokens. One tool text of 3,702 tokens is billed 2 more.
NEAR = {
    ("openai", "chat", "tools"): (6, 2, 6),
    ("openai", "chat", "tool_calls"): (3, 3, 3),
    ("openai", "chat", "schema"): (2, 2, 2),
    ("openai", "chat", "media"): (26, 26, 26),
    ("openai", "responses", "media"): (6, 6, 6),
    # Recordings of one project, whose keys were sorted afterwards.
    ("mistral_ai", "chat", "tools"): (42, 9, 31),
}
OWN = ("openai", "mistral_ai")
# Azure, and open models by host: spec → exchanges that agree to the token, exchanges counted.
HOSTED = {
    "aws.bedrock/gpt-oss-mantle": (71, 71),
    "aws.bedrock/gpt-oss-runtime": (45, 48),
    "azure/cl100k": (2, 2),
    "azure/embeddings": (5, 5),
    "azure/o200k-gpt-4o": (547, 547),
    "azure/o200k-gpt-5": (22, 22),
    "azure/o200k-gpt-5-responses": (6, 6),
    "dashscope/qwen-plus": (138, 139),
    "dashscope/qwen-turbo": (262, 262),
    "deepseek/chat": (489, 489),
    "deepseek/chat-v3": (350, 350),
    "deepseek/reasoner": (40, 40),
    "deepseek/v4-flash": (82, 82),
    "fireworks/qwen3-embedding": (11, 11),
    "gpustack/qwen3": (280, 281),
    "groq/gpt-oss": (2, 2),
    "ollama/gpt-oss": (12, 12),
    "ollama/qwen3": (130, 136),
    "ollama/qwen3-2025": (128, 128),
    "ollama_cloud/gpt-oss": (10, 10),
    "openrouter/openai": (69, 69),
    "openrouter/openai-embeddings": (26, 26),
    "perplexity/sonar": (113, 113),
    "perplexity/sonar-2026-02": (49, 49),
    "perplexity/sonar-reasoning-pro": (11, 11),
    "perplexity/sonar-reasoning-pro-2026-02": (23, 23),
    "together_ai/qwen-2.5": (2, 2),
    "vllm/qwen3": (5, 5),
    "vllm/qwen3-completions": (5, 5),
}
# The same, counted where the extra `llama` is installed.
HOSTED_LLAMA = {
    "cerebras/llama-3.3": (12, 12),
    "cerebras/llama-3.3-completions": (4, 4),
    "databricks/llama-3.3": (12, 12),
    "fireworks/llama-3.1": (16, 16),
    "fireworks/llama-3.1-completions": (4, 4),
    "groq/llama-3": (20, 20),
    "groq/llama-3.3": (16, 16),
    "huggingface/llama-3.1-cerebras": (4, 4),
    "ollama/llama-3": (1, 1),
    "ollama/llama-3.2": (187, 191),
    "ollama/llama-guard-3": (1028, 1028),
    "together_ai/llama-3.3": (42, 42),
    "together_ai/llama-completions": (8, 8),
    "vllm/llama-3.2": (2, 2),
    "vllm/llama-3.2-completions": (2, 2),
    "watsonx/llama-3.3": (90, 90),
}
# Closed tokenizers: rows outside of their band, as docs/bands.md explains them.
OUTSIDE = {
    ("anthropic/claude-3-5-haiku", "text"): 2,
    ("anthropic/claude-4-5", "text"): 48,
    ("anthropic/claude-4-5", "tools"): 1,
    ("cohere/command-a", "tool_calls"): 1,
    ("gcp.gemini/gemini-2.0", "text"): 2,
    ("gcp.gemini/gemini-2.0", "tools"): 4,
    ("gcp.gemini/gemini-2.0", "tool_calls"): 3,
    ("gcp.gemini/gemini-2.5", "schema"): 1,
    ("gcp.gemini/gemini-2.5", "tool_calls"): 3,
    ("gcp.vertex_ai/gemini-2.5", "tool_calls"): 11,
}
# Answers of the class `exact`: spec → those that agree to the token, those counted. The one miss is a
# stream of two calls of which the recording shows one.
ANSWERS = {
    "azure/o200k-gpt-4o": (541, 541),
    "azure/o200k-gpt-5": (6, 6),
    "dashscope/qwen-plus": (123, 123),
    "dashscope/qwen-turbo": (205, 205),
    "deepseek/chat": (387, 387),
    "deepseek/chat-v3": (244, 244),
    "deepseek/reasoner": (40, 40),
    "deepseek/v4-flash": (78, 78),
    "mistral_ai/magistral-small-latest-2026-05": (16, 16),
    "mistral_ai/ministral-3b-2025-08": (15, 15),
    "mistral_ai/small-2506": (70, 70),
    "mistral_ai/small-latest": (476, 476),
    "mistral_ai/small-latest-2026-04": (182, 182),
    "ollama/gpt-oss": (12, 12),
    "ollama_cloud/gpt-oss": (21, 21),
    "openai/cl100k-0125": (343, 343),
    "openai/cl100k-0301": (30, 30),
    "openai/cl100k-0613": (569, 569),
    "openai/cl100k-responses": (6, 6),
    "openai/o200k-gpt-4o": (5598, 5599),
    "openai/o200k-gpt-4o-responses": (1291, 1291),
    "openai/o200k-gpt-5": (107, 107),
    "openai/o200k-gpt-5-by-kin": (34, 34),
    "openai/o200k-gpt-5-responses": (24, 24),
    "openai/responses-launch": (29, 29),
    "openrouter/openai": (63, 63),
}
# Answers that may cost more than their log shows: those that cost what it shows, and all. Every range holds.
RANGED_ANSWERS = {
    "azure/o200k-gpt-4o": (0, 9),
    "azure/o200k-gpt-5": (10, 13),
    "azure/o200k-gpt-5-responses": (0, 12),
    "dashscope/qwen-turbo": (57, 71),
    "openai/cl100k-0125": (5, 5),
    "openai/cl100k-0613": (1, 1),
    "openai/o200k-gpt-4o": (168, 278),
    "openai/o200k-gpt-4o-responses": (223, 244),
    "openai/o200k-gpt-5": (467, 500),
    "openai/o200k-gpt-5-responses": (90, 240),
    "openrouter/openai": (1, 6),
}
# Plain text that is not counted, by the spec that says why.
UNCOUNTED_TEXT = {
    "openai/o1-preview": 21,
    "openai/march-2023": 2,
    "openai/embeddings-2022": 16,
    "openai/completions": 1,
    "openai/completions-2020": 76,
    "mistral_ai/tiny": 15,
    "mistral_ai/small-latest-before": 4,
}
JANUARY_2026 = {
    ("openai", "chat", "text"): 110,
    ("openai", "chat", "tools"): 86,
    ("openai", "chat", "tool_calls"): 99,
    ("openai", "chat", "schema"): 22,
    ("openai", "responses", "text"): 91,
    ("openai", "responses", "schema"): 1,
    ("openai", "responses", "tool_calls"): 3,
    ("openai", "embeddings", "text"): 24,
    ("mistral_ai", "chat", "text"): 46,
    ("mistral_ai", "chat", "tools"): 30,
    ("mistral_ai", "chat", "tool_calls"): 30,
    ("mistral_ai", "embeddings", "text"): 9,
    ("deepseek", "chat", "text"): 61,
    ("deepseek", "chat", "tools"): 24,
    ("deepseek", "chat", "tool_calls"): 33,
}
# The recorder wrote over a word of one logged text, so that it is not what was billed.
OVERWRITTEN = {("deepseek", "chat", "text"): 1}


def lines(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from file


@pytest.fixture(scope="module")
def recorded(shared_data: Path) -> list[ParityRow]:
    return parity.measure_files([shared_data / "exchanges" / "exchanges.jsonl.gz"], SpecBook(SPECS), print)


def counted(rows: list[ParityRow], exactness: str) -> dict[tuple[str, str, str], tuple[int, int, int]]:
    """All, those that agree, those within 2 tokens."""
    found: dict[tuple[str, str, str], tuple[int, int, int]] = defaultdict(lambda: (0, 0, 0))
    for row in rows:
        if row.exactness == exactness and row.rows_exact is not None:
            total, exact, near = found[row.provider, row.operation, row.shape]
            found[row.provider, row.operation, row.shape] = (
                total + row.rows,
                exact + row.rows_exact,
                near + (row.rows_within_2 or 0),
            )
    return dict(found)


def by_spec(rows: list[ParityRow]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for row in rows:
        if row.exactness != "calibrated" and row.rows_exact is not None and row.provider not in OWN:
            exact, total = found[str(row.spec)]
            found[str(row.spec)] = exact + row.rows_exact, total + row.rows
    return dict(found)


def outside_bands(rows: list[ParityRow]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        if row.exactness == "calibrated" and row.rows != row.rows_in_band:
            found[str(row.spec), row.shape] += row.rows - (row.rows_in_band or 0)
    return dict(found)


def inputs(rows: list[ParityRow]) -> list[ParityRow]:
    return [row for row in rows if row.direction == "input"]


def answered(rows: list[ParityRow], exactness: str) -> dict[str, tuple[int, ...]]:
    """By spec: answers that agree to the token, that their range holds, and all."""
    found: dict[str, tuple[int, ...]] = defaultdict(lambda: (0, 0, 0))
    for row in rows:
        if (row.direction, row.exactness) == ("output", exactness):
            seen = (row.rows_exact or 0, row.rows_in_band or 0, row.rows)
            found[str(row.spec)] = tuple(map(sum, zip(found[str(row.spec)], seen, strict=True)))
    return found


@pytest.mark.slow
def test_recorded_answers(recorded: list[ParityRow]) -> None:
    exact = answered(recorded, "exact")
    assert {spec: (agree, total) for spec, (agree, _, total) in exact.items()} == ANSWERS
    ranged = answered(recorded, "calibrated")
    assert {spec: (agree, total) for spec, (agree, _, total) in ranged.items()} == RANGED_ANSWERS
    assert all(held == total for _, held, total in ranged.values())


@pytest.mark.slow
def test_recorded_exchanges(recorded: list[ParityRow], specs: SpecBook) -> None:
    rows = inputs(recorded)
    own = [row for row in rows if row.provider in OWN]
    assert counted(own, "exact") == {family: (total, total, total) for family, total in RECORDED.items()}
    assert counted(own, "exact_text") == NEAR
    llama = {} if sources.missing(specs.vocabularies["llama3"]) else HOSTED_LLAMA
    assert by_spec(rows) == HOSTED | llama
    assert sum(row.rows for row in rows) == 29068
    assert all(row.reason for row in rows if row.rows_exact is None)
    assert outside_bands(rows) == OUTSIDE
    assert sum(row.rows for row in rows if row.exactness == "calibrated") == 6015
    named: dict[str, int] = defaultdict(int)
    for row in rows:
        if row.provider in OWN and row.shape in ("text", "other") and row.reason:
            named[str(row.spec)] += row.rows
    assert named == UNCOUNTED_TEXT


@pytest.mark.slow
def test_a_real_month_through_its_gateway(shared_data: Path) -> None:
    file = shared_data / "real_month/2026-01/gateways/exchanges-2026-01.jsonl.gz"
    rows = inputs(parity.measure_files([file], SpecBook(SPECS), print))
    assert counted(rows, "exact") == {
        family: (total, *[total - OVERWRITTEN.get(family, 0)] * 2) for family, total in JANUARY_2026.items()
    }
    assert counted(rows, "exact_text") == {
        ("openai", "chat", "tools"): (3, 1, 3),
        ("openai", "chat", "tool_calls"): (1, 1, 1),
    }
    assert {row.month for row in rows} == {"2026-01"}
    assert all(row.reason for row in rows if row.rows_exact is None)


@pytest.mark.slow
def test_the_published_table_is_what_the_command_counts(recorded: list[ParityRow]) -> None:
    written = (SPECS.parent / "docs" / "parity.md").read_text("utf-8")
    page = runpy.run_path(str(SPECS.parent / "docs" / "parity.py"))["page"]
    assert page(recorded) == written, "run docs/parity.py as it says"


def test_requested_and_answering_model_follow_the_same_rule(shared_data: Path, specs: SpecBook) -> None:
    for line in lines(shared_data / "exchanges" / "exchanges.jsonl.gz"):
        record = json.loads(line)
        if record["provider"] in ("openai", "mistral") and (found := recordings.from_recorded(record)):
            requested = replace(found, model=record["request_model"])
            one, other = (
                recount.plan(x.provider, x.operation, x.model, x.started_at, x.body, specs)
                for x in (found, requested)
            )
            # A snapshot of 2023 has a rule of its own beside the alias that pointed to it.
            assert replace(one, spec=None) == replace(other, spec=None)


def test_a_file_that_is_no_record_of_exchanges_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "exchanges.jsonl"
    file.write_text('\n{"timestamp": "yesterday", "url": "https://api.openai.com/v1/responses"}\n', "utf-8")
    with pytest.raises(InputRejectedError) as caught:
        parity.measure_files([file], SpecBook(SPECS), print)
    assert "exchanges.jsonl:2" in str(caught.value)
    assert "yesterday" not in str(caught.value)


HELLO = Exchange(
    key="k0",
    provider="openai",
    operation="chat",
    model="gpt-4o",
    started_at=datetime(2026, 1, 31, 23, 59, tzinfo=UTC),
    body={"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]},
    tokens_input_billed=8,
)


def test_a_row_shows_how_far_and_where_counts_differ(specs: SpecBook, counters: Counters) -> None:
    billed = [8, 20, 7, 8, 9]
    exchanges = [replace(HELLO, key=f"k{n}", tokens_input_billed=tokens) for n, tokens in enumerate(billed)]
    later = replace(HELLO, started_at=datetime(2026, 2, 1, tzinfo=UTC))
    january, february = parity.measure([*exchanges, later], specs, counters)
    assert (january.rows, january.rows_exact, january.rows_within_2) == (5, 2, 4)
    assert january.example_key == "k1"
    assert (january.tokens_variance_min, january.tokens_variance_median, january.tokens_variance_max) == (
        -1,
        0,
        12,
    )
    assert (february.month, february.rows, february.example_key) == ("2026-02", 1, None)


def test_only_what_the_provider_reported_is_evidence(shared_data: Path) -> None:
    first = next(
        record
        for record in map(json.loads, lines(shared_data / "exchanges" / "exchanges.jsonl.gz"))
        if recordings.from_recorded(record) is not None
    )
    changes: tuple[dict[str, Json], ...] = (
        {"http_status": 500},
        {"usage": None},
        {"authenticity": "suspect-synthetic"},
        {"request_integrity": "edited"},
        {"response_id_conflict": True},
        {"request_placeholder": True},
        {"scrubbed_in_request": True},
        {"request_body": {"input": "in <GOOGLE_CLOUD_LOCATION>"}},
        {"request_body": "text"},
        {"usage_norm": {"input": 0}},
        {"api": "images"},
    )
    for change in changes:
        assert recordings.from_recorded({**first, **change}) is None, change


def test_recordings_that_a_project_rewrote_when_it_was_renamed_are_no_evidence(
    shared_data: Path, specs: SpecBook, counters: Counters
) -> None:
    dated = {"recorded_at": "2025-10-01T00:00:00Z", "endpoint_host": "api.openai.com"}
    rewritten = [
        {**record, **dated}
        for record in map(json.loads, lines(shared_data / "exchanges" / "exchanges.jsonl.gz"))
        if record["source_repo"] == "llamastack/llama-stack"
        and "ogx_and_models" in json.dumps(record["request_body"])
    ]
    found = [recordings.from_recorded({**record, "source_repo": "another/project"}) for record in rewritten]
    wrong = inputs(parity.measure(filter(None, found), specs, counters))
    assert sum(row.rows for row in wrong) == 40
    assert {(row.exactness, row.rows_exact) for row in wrong} == {("exact", 0)}
    assert [recordings.from_recorded(record) for record in rewritten] == [None] * len(rewritten)
