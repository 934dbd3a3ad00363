"""`tickmark pull` as a user meets it: what it says, what it leaves, and where the key never shows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.errors.command import Commands
from tests.pull.replay import COMPLETIONS, KEY, Replay, page, usage_pages

pytestmark = pytest.mark.slow
USAGE = "/v1/organization/usage/"
EMPTY = ("embeddings", "moderations", "images", "audio_speeches", "audio_transcriptions", "vector_stores")
MORE = ("code_interpreter_sessions", "file_search_calls", "web_search_calls", "decisions")


@pytest.fixture(scope="module")
def commands() -> Iterator[Commands]:
    with Commands() as running:
        yield running


@pytest.fixture
def openai(replay: Replay, home: Path) -> dict[str, Any]:
    """What makes the command meet the replaying server with a key."""
    whole_month = usage_pages([31])
    replay.pages = {f"{USAGE}{name}": [page([])] for name in (*EMPTY, *MORE)}
    replay.pages |= {COMPLETIONS: usage_pages([14, 14, 3]), "/v1/organization/costs": whole_month}
    return {"folder": home, "origins": {"openai": replay.url}, "environment": {"OPENAI_ADMIN_KEY": KEY}}


PULL = ["pull", "openai", "--month", "2026-10"]


def test_what_a_pull_says(commands: Commands, openai: dict[str, Any], home: Path) -> None:
    ran = commands.run(PULL, **openai)
    assert (ran.code, ran.err) == (0, "")
    lines = [line.split() for line in ran.out.splitlines() if line]
    assert lines[0] == ["2026-10", "openai,", "the", "whole", "month"]
    assert lines[1] == ["report", "pages", "bytes", "new", "changed", "unchanged", "removed", "read", "as"]
    size = str(sum(map(len, usage_pages([14, 14, 3]))))
    assert lines[2] == ["openai_usage_completions", "3", size, "3", "0", "0", "0", "openai-usage"]
    assert lines[5][-1] == "-"  # there were no moderations, so no page
    assert lines[14][:4] == ["missing", "openai_usage_embeddings:", "31", "days"]
    assert lines[-1] == ["landing", str(home / "landing" / "bills")]
    again = commands.run(PULL, **openai).out.splitlines()
    assert again[3].split()[1:7] == ["3", size, "0", "0", "3", "0"]


def test_a_pull_as_a_document_and_in_silence(commands: Commands, openai: dict[str, Any], home: Path) -> None:
    said = commands.run([*PULL, "--json"], **openai).json
    assert (said["provider"], said["month"], said["until"]) == (
        "openai",
        "2026-10",
        "2026-11-01 00:00:00+00:00",
    )
    assert said["landing"] == str(home / "landing" / "bills")
    completions, embeddings, *_ = said["reports"]
    assert (completions["new"], completions["missing"], completions["source"]) == (3, [], "openai-usage")
    assert len(embeddings["missing"]) == 31
    silent = commands.run([*PULL, "--quiet"], **openai)
    assert (silent.code, silent.out, silent.err) == (0, "", "")


def test_an_unknown_provider_is_bad_usage(commands: Commands, openai: dict[str, Any]) -> None:
    ran = commands.run(["pull", "mistral", "--month", "2026-10"], **openai)
    assert ran.code == 2
    assert "'openai', 'anthropic', 'openrouter'" in ran.err


def test_the_key_is_nowhere(commands: Commands, openai: dict[str, Any], home: Path, replay: Replay) -> None:
    ran = [commands.run(PULL, **openai)]
    for answer in (401, 404, (429, {"Retry-After": "999"}, KEY.encode()), (200, {}, KEY.encode())):
        replay.instead = [answer]
        ran.append(commands.run(PULL, **openai))
    assert [each.code for each in ran] == [0, 2, 7, 7, 7]
    assert all(asked.headers["Authorization"] == f"Bearer {KEY}" for asked in replay.asked)
    assert not any(KEY in each.out + each.err for each in ran)
    assert not [path for path in home.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
