"""Sessions of coding agents: answers that grow, copies, and totals that must add up."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import homes
from tests.conftest import tickmark
from tests.readers.reading import SAMPLES, Read, read
from tickmark.errors import InputRejectedError

FIXTURES = "samples/agent_session_logs/apps_ccusage_test_"
CODEX = [json.loads(line) for line in (SAMPLES / "codex_sessions.jsonl").read_text().splitlines()]


def fixture(shared_data: Path, tmp_path: Path, format_: str, name: str) -> Read:
    return read(tmp_path, format_, (shared_data / f"{FIXTURES}{name}").read_bytes(), "session.jsonl")


def codex(tmp_path: Path, *records: Any) -> Read:
    lines = "".join(json.dumps(record) + "\n" for record in records)
    return read(tmp_path, "codex_sessions", lines.encode(), "rollout.jsonl")


def counted(last: int | None, total: int | None, at: int = 0) -> dict[str, Any]:
    """A call of so many input tokens, and the total after it."""
    info = {
        name: {"input_tokens": tokens, "cached_input_tokens": 0, "output_tokens": 1 if name[0] == "l" else at}
        for name, tokens in (("last_token_usage", last), ("total_token_usage", total))
        if tokens is not None
    }
    payload = {"type": "token_count", "info": info}
    return {"timestamp": f"2026-09-21T14:00:{at:02}Z", "type": "event_msg", "payload": payload}


def test_published_fixtures_of_claude_code(shared_data: Path, tmp_path: Path) -> None:
    rows = fixture(
        shared_data,
        tmp_path,
        "claude_code_sessions",
        "fixtures_claude_projects_project-alpha_session-alpha_chat.jsonl",
    ).rows["attempts"]
    assert [row["tokens_input_total"] for row in rows] == [100 + 25 + 10, 200 + 50 + 20, 300 + 40]
    assert [row["tokens_cache_write_5m"] for row in rows] == [25, 50, 0]
    assert [row["service_tier"] for row in rows] == ["standard", "fast", "standard"]
    assert [str(row["cost_usd_gateway"].normalize()) for row in rows] == ["0.12", "0.34", "0.56"]
    undated = fixture(shared_data, tmp_path / "undated", "claude_code_sessions", "test-transcript.jsonl")
    assert [(rule, field) for _, rule, field in undated.rejects] == [("E-FIELD-TIME", "timestamp")] * 2


def test_the_published_fixture_of_codex_adds_up(shared_data: Path, tmp_path: Path) -> None:
    found = fixture(
        shared_data, tmp_path, "codex_sessions", "fixtures_codex_sessions_project-alpha_session-alpha.jsonl"
    )
    assert (found.report.read, found.report.not_usage, found.rejects) == (2, 1, [])
    rows = found.rows["attempts"]
    assert [row["request_model"] for row in rows] == ["gpt-5.2-codex", "gpt-5.3-codex"]
    assert [row["tokens_uncached_input"] for row in rows] == [750, 2000]
    assert [row["tokens_output_reasoning"] for row in rows] == [75, 200]


def test_neither_agent_takes_the_others_session(tmp_path: Path) -> None:
    for format_, other in (
        ("claude_code_sessions", "codex_sessions"),
        ("codex_sessions", "claude_code_sessions"),
    ):
        with pytest.raises(InputRejectedError, match="E-FILE-FORMAT"):
            read(tmp_path, format_, (SAMPLES / f"{other}.jsonl").read_bytes(), "session.jsonl")


@pytest.mark.parametrize(
    ("calls", "read_", "set_aside"),
    [
        (((10, 10), (5, 15), (5, 20)), [10, 5, 5], 0),
        (((10, 10), (5, 15), (5, 15)), [10, 5], 1),
        (((10, 10), (5, 99), (5, 104)), [10, 5], 1),
        (((10, 50), (5, 55)), [5], 1),
        (((None, 10), (None, 25)), [10, 15], 0),
        (((None, 10), (None, 5)), [10], 1),
        (((10, None), (5, None)), [10, 5], 0),
    ],
    ids=["adds up", "less", "a gap, then it goes on", "begins late", "totals only", "shrinks", "calls only"],
)
def test_the_total_of_a_session_is_a_control(
    tmp_path: Path, calls: tuple[tuple[int | None, int | None], ...], read_: list[int], set_aside: int
) -> None:
    found = codex(tmp_path, *(counted(*call, at=number) for number, call in enumerate(calls, start=1)))
    assert [row["tokens_input_total"] for row in found.rows["attempts"]] == read_
    assert len(found.rejects) == set_aside


def test_a_session_says_nothing_about_the_next(tmp_path: Path) -> None:
    """The memory is that of one file."""
    assert codex(tmp_path / "a", *CODEX[:4]).rows["attempts"][0]["request_model"] == "gpt-5.2-codex"
    assert codex(tmp_path / "b", CODEX[3]).rows["attempts"][0]["request_model"] is None


SOURCES = """
gateways:
  - {name: claude, format: claude_code_sessions, files: "landing/gateways/claude*"}
  - {name: codex, format: codex_sessions, files: "landing/gateways/codex*"}
bills: []
"""


@pytest.mark.slow
def test_answers_that_grow_and_sessions_that_were_copied_count_once(tmp_path: Path) -> None:
    home = tmp_path / "home"
    homes.make(home)
    settings = home / "tickmark.yaml"
    _, marker, rest = settings.read_text().partition("\ncontracts:")
    settings.write_text(SOURCES + marker + rest)
    for agent, sound in (("claude_code", 6), ("codex", 7)):
        lines = (SAMPLES / f"{agent}_sessions.jsonl").read_text().splitlines(keepends=True)[:sound]
        for copy in ("a", "b"):
            # Another last line: a file of the same bytes is known by them.
            content = "".join(lines) + "\n" * (copy == "b")
            (home / f"landing/gateways/{agent}-{copy}.jsonl").write_text(content)
    ran = tickmark("close", "2026-09", "--home", home, "--quiet")
    assert ran.code == 0, ran.err
    with duckdb.connect(str(home / "finance.duckdb"), read_only=True) as database:
        files = database.execute(
            "select source, sum(loaded), sum(dup_exact), sum(superseded), sum(dup_conflict) "
            "from report.sources group by all order by all"
        ).fetchall()
    assert files == [("claude", 2, 2, 2, 0), ("codex", 2, 2, 0, 0)]
