"""Vocabularies of a hub: fetched once, as pinned or not at all; a close counts what is there."""

import base64
import gzip
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from pipelines.pull import hub
from pipelines.pull.hub import Fetched, Hub
from pipelines.pull.tries import Tries
from pipelines.resources import HubSettings
from tests.conftest import Ran
from tests.errors import gallery
from tests.errors.command import Commands
from tests.pull import tiny_vocabulary as tiny
from tests.pull.replay import NOVEMBER, Misbehaviour, Replay, replaying
from tickmark import recount, tokenizers
from tickmark.errors import BadSpecError, TickmarkError
from tickmark.specbook import SpecBook
from tickmark.tokenizers import sources
from tickmark.vocabularies import Vocabulary

TOKEN = "hf_ZZSECRET"


@pytest.fixture
def replay() -> Iterator[Replay]:
    with replaying() as server:
        server.pages[tiny.PATH] = [tiny.CONTENT]
        yield server


@dataclass
class Fetcher:
    """Fetches one vocabulary into a folder, without sleeping."""

    folder: Path
    replay: Replay
    token: str | None = TOKEN
    slept: list[float] = field(default_factory=list)

    @property
    def store(self) -> Path:
        return self.folder / "vocabularies"

    def book(self, **changes: Any) -> SpecBook:
        return SpecBook(tiny.write_spec(self.folder / "specs", **changes).parent, store=self.store)

    def vocabulary(self, **changes: Any) -> Vocabulary:
        return self.book(**changes).vocabularies["tiny"]

    def __call__(self, *vocabularies: Vocabulary) -> list[Fetched]:
        patience = replace(hub.PATIENCE, read=0.2, total=1.0, sleep=self.slept.append)
        asked = Hub(HubSettings(self.replay.url, self.token), Tries(patience, lambda: NOVEMBER))
        return list(asked.fetch(vocabularies or [self.vocabulary()], lambda _: None))

    def kept(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.store.glob("*")}


@pytest.fixture
def fetch(tmp_path: Path, replay: Replay) -> Fetcher:
    return Fetcher(tmp_path, replay)


# What arrives.


def test_a_vocabulary_is_fetched_once_and_then_counts(fetch: Fetcher, replay: Replay) -> None:
    assert sources.missing(fetch.vocabulary()) == "its vocabulary is not fetched: tickmark specs fetch"
    (found,) = fetch()
    assert (found.outcome, found.bytes) == ("fetched", len(tiny.CONTENT))
    assert fetch.kept() == {tiny.SHA256: tiny.CONTENT}
    assert [found.outcome for found in fetch()] == ["already there"]
    assert [asked.path for asked in replay.asked] == [tiny.PATH]
    vocabulary = fetch.vocabulary()
    assert sources.missing(vocabulary) is None
    assert tokenizers.load(vocabulary).count([tiny.COUNTED]) == [tiny.TOKENS]


def test_what_is_kept_serves_every_spec_that_pins_it(fetch: Fetcher, replay: Replay) -> None:
    fetch()
    other = fetch.vocabulary(hub={"repo": "other/mirror", "revision": "f" * 40})
    assert [found.outcome for found in fetch(other)] == ["already there"]
    assert len(replay.asked) == 1


def test_a_damaged_file_is_no_vocabulary_and_is_fetched_again(fetch: Fetcher) -> None:
    fetch()
    (fetch.store / tiny.SHA256).write_bytes(tiny.CONTENT[:-1])
    with pytest.raises(TickmarkError, match=r"E-VOCABULARY-SHA256 .* run `tickmark specs fetch`"):
        tokenizers.load(fetch.vocabulary())
    assert [found.outcome for found in fetch()] == ["fetched"]
    assert fetch.kept() == {tiny.SHA256: tiny.CONTENT}


def test_a_compressed_rank_table_is_kept_decompressed(fetch: Fetcher, replay: Replay) -> None:
    ranks = b"".join(base64.b64encode(bytes([byte])) + b" %d\n" % byte for byte in range(256))
    packed = {"resource": "tiny.tiktoken.gz", "format": "tiktoken_gz", "split": "cl100k"}
    counts = [{"text": tiny.COUNTED, "tokens": len(tiny.COUNTED)}]
    golden = {"source": "bytes", "read": "2026-11-21", "counts": counts}
    sha256 = hashlib.sha256(ranks).hexdigest()
    vocabulary = fetch.vocabulary(**packed, sha256=sha256, golden=golden)
    replay.pages[tiny.PATH.replace(tiny.RESOURCE, "tiny.tiktoken.gz")] = [gzip.compress(ranks)]
    assert [found.outcome for found in fetch(vocabulary)] == ["fetched"]
    assert fetch.kept() == {sha256: ranks}
    assert tokenizers.load(vocabulary).count([tiny.COUNTED]) == [len(tiny.COUNTED)]


def test_large_files_lie_elsewhere_and_the_token_does_not_go_there(fetch: Fetcher, replay: Replay) -> None:
    with replaying() as elsewhere:
        elsewhere.pages["/blob"] = [tiny.CONTENT]
        replay.instead = [
            (307, {"Location": tiny.PATH}, b""),
            (302, {"Location": f"{elsewhere.url}/blob"}, b""),
        ]
        assert [found.outcome for found in fetch()] == ["fetched"]
        (blob,) = elsewhere.asked
    assert [asked.headers.get("Authorization") for asked in replay.asked] == [f"Bearer {TOKEN}"] * 2
    assert "Authorization" not in blob.headers


def test_without_a_token_none_is_sent(fetch: Fetcher, replay: Replay) -> None:
    fetch.token = None
    fetch()
    assert "Authorization" not in replay.asked[0].headers


# What does not.

CUT = (200, {"Content-Length": "5000"}, tiny.CONTENT)
FAILURES: dict[str, tuple[Misbehaviour, int, str]] = {
    "other bytes": (
        (200, {}, tiny.CONTENT + b"\n"),
        9,
        "E-VOCABULARY-SHA256 openai.yaml vocabularies.tiny.sha256",
    ),
    "no token": (401, 2, "E-PULL-REFUSED openai.yaml vocabularies.tiny.hub"),
    "gated": (403, 2, "E-PULL-REFUSED openai.yaml vocabularies.tiny.hub"),
    "not there": (404, 2, "E-VOCABULARY-MISSING openai.yaml vocabularies.tiny.hub"),
    "cut": (CUT, 7, "E-PULL-UNAVAILABLE openai.yaml vocabularies.tiny.hub"),
    "busy": ((429, {"Retry-After": "999"}, b""), 7, "E-PULL-UNAVAILABLE openai.yaml vocabularies.tiny.hub"),
    "broken": (500, 7, "E-PULL-UNAVAILABLE openai.yaml vocabularies.tiny.hub"),
    "silent": ("slow", 7, "E-PULL-UNAVAILABLE openai.yaml vocabularies.tiny.hub"),
    "too large": ((200, {}, b" " * 9001), 7, "E-PULL-ANSWER openai.yaml vocabularies.tiny.hub"),
    "packed": ((200, {"Content-Encoding": "gzip"}, gzip.compress(tiny.CONTENT)), 7, "E-PULL-ANSWER"),
    "a circle": ((302, {"Location": tiny.PATH}, b""), 7, "E-PULL-ANSWER"),
    "nowhere": ((302, {}, b""), 7, "E-PULL-ANSWER"),
    "off the web": ((302, {"Location": f"ftp://elsewhere/{TOKEN}"}, b""), 7, "E-PULL-ANSWER"),
}


@pytest.mark.parametrize(("answer", "code", "said"), FAILURES.values(), ids=FAILURES)
def test_what_is_not_the_pinned_file_leaves_nothing(
    answer: Misbehaviour,
    code: int,
    said: str,
    fetch: Fetcher,
    replay: Replay,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sources, "MAX_BYTES", 9000)
    replay.instead = [answer] * 9
    (found,) = fetch()
    assert found.error is not None
    assert (found.outcome, found.error.exit_code, fetch.kept()) == ("failed", code, {})
    assert str(found.error).startswith(said)
    assert "ZZSECRET" not in str(found.error)
    assert len(replay.asked) <= 6
    assert sources.missing(fetch.vocabulary()) is not None


def test_what_passes_is_waited_for(fetch: Fetcher, replay: Replay) -> None:
    replay.instead = [503, CUT, (429, {"Retry-After": "40"}, b"")]
    assert [found.outcome for found in fetch()] == ["fetched"]
    assert (fetch.slept[2], len(replay.asked)) == (40.0, 4)


def test_one_that_fails_keeps_no_other_away(fetch: Fetcher, replay: Replay) -> None:
    replay.instead = [404]
    gone = fetch.vocabulary(sha256="0" * 64)
    assert [found.outcome for found in fetch(gone, fetch.vocabulary())] == ["failed", "fetched"]


def test_a_file_that_swells_is_not_read_to_its_end(
    fetch: Fetcher, replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MAX_BYTES", 9000)
    bomb = b" " * 10_000_000
    names = {"resource": "bomb.gz", "format": "tiktoken_gz", "split": "cl100k"}
    vocabulary = fetch.vocabulary(**names, sha256=hashlib.sha256(bomb).hexdigest())
    replay.instead = [(200, {}, gzip.compress(bomb)[:9000]), (200, {}, gzip.compress(bomb))]
    (found,) = fetch(vocabulary)
    assert (found.outcome, fetch.kept()) == ("failed", {})


def test_a_home_that_cannot_be_written_says_so(fetch: Fetcher) -> None:
    fetch.store.write_text("a file where the folder belongs")
    (found,) = fetch()
    assert str(found.error).startswith("E-HOME-UNWRITABLE openai.yaml vocabularies.tiny.hub")


def test_a_kill_while_writing_leaves_no_vocabulary(fetch: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(_: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(sources.os, "fsync", killed)
        with pytest.raises(KeyboardInterrupt):
            fetch()
    assert sources.missing(fetch.vocabulary()) is not None
    assert [found.outcome for found in fetch()] == ["fetched"]
    assert fetch.kept() == {tiny.SHA256: tiny.CONTENT}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (HubSettings("http://mirror.acme.example"), "E-PULL-ENDPOINT environment HF_ENDPOINT"),
        (HubSettings("https://"), "E-PULL-ENDPOINT environment HF_ENDPOINT"),
        (HubSettings("mirror"), "E-PULL-ENDPOINT environment HF_ENDPOINT"),
        (HubSettings("https://mirror:port"), "E-PULL-ENDPOINT environment HF_ENDPOINT"),
        (
            HubSettings("https://hub.example", None, is_offline=True),
            "E-PULL-ENDPOINT environment HF_HUB_OFFLINE",
        ),
        (HubSettings("https://hub.example", f"{TOKEN}…"), "E-PULL-KEY environment HF_TOKEN"),
    ],
)
def test_a_hub_that_may_not_be_asked(settings: HubSettings, said: str) -> None:
    with pytest.raises(BadSpecError) as caught:
        Hub(settings, Tries(hub.PATIENCE, lambda: NOVEMBER))
    assert str(caught.value).startswith(said)
    assert "ZZSECRET" not in str(caught.value)


# As a user meets it.


@pytest.fixture(scope="module")
def commands() -> Iterator[Commands]:
    with Commands() as running:
        yield running


Run = Callable[..., Ran]


@pytest.fixture
def run(commands: Commands, replay: Replay, home: Path) -> Run:
    """Run a command in a home whose own spec names the tiny vocabulary."""
    tiny.write_spec(home / "tokenizer_specs")
    environment = {"HF_ENDPOINT": replay.url, "HF_HOME": str(home / "hf"), "HF_TOKEN": TOKEN}

    def ran(*arguments: str) -> Ran:
        return commands.run(arguments, home, environment=environment)

    return ran


SPEC = "tokenizer_specs/openai.yaml"


@pytest.mark.slow
def test_what_a_fetch_says(run: Run, replay: Replay, home: Path) -> None:
    before = run("specs", "check", SPEC)
    assert (before.code, before.err.split(" ")[0]) == (2, "E-VOCABULARY-MISSING")
    assert "Repair: run `tickmark specs fetch`" in before.err
    ran = run("specs", "fetch")
    assert (ran.code, ran.err) == (0, "")
    size = str(len(tiny.CONTENT))
    head, line = (each.split() for each in ran.out.splitlines())
    assert head == ["vocabulary", "spec", "repo", "revision", "bytes", "outcome"]
    assert line == ["tiny", "openai.yaml", tiny.REPO, tiny.REVISION, size, "fetched"]
    assert "already there" in run("specs", "fetch", SPEC).out
    (said,) = run("specs", "fetch", "--json").json
    assert (said["vocabulary"], said["outcome"], said["error"]) == ("tiny", "already there", None)
    assert [asked.headers["Authorization"] for asked in replay.asked] == [f"Bearer {TOKEN}"]
    checked = run("specs", "check", SPEC)
    assert (checked.code, checked.out) == (0, "openai.yaml: 1 rules, 1 vocabularies, 1 golden counts agree\n")
    assert run("specs", "fetch", "--quiet").out == ""
    # A spec that lies elsewhere is fetched into the home too.
    tiny.write_spec(home / "drafts")
    assert run("specs", "check", "drafts/openai.yaml").code == 0


@pytest.mark.slow
def test_what_a_fetch_says_where_it_fails(run: Run, replay: Replay, home: Path) -> None:
    replay.instead = [403]
    ran = run("specs", "fetch")
    assert (ran.code, ran.out) == (2, "")
    assert "Repair: accept the licence on the repo's page, then set HF_TOKEN" in ran.err
    replay.pages[tiny.PATH] = [b"{}"]
    ran = run("specs", "fetch", "--json")
    (said,) = ran.json
    assert (ran.code, said["outcome"], said["error"].split(" ")[0]) == (9, "failed", "E-VOCABULARY-SHA256")
    assert list((home / "vocabularies").glob("*")) == []
    (home / SPEC).unlink()
    assert run("specs", "fetch").out == "no spec names a vocabulary by hub revision\n"


def asked(model: str) -> str:
    """A logged request for embeddings."""
    request = {"model": model, "input": tiny.COUNTED}
    response = {"model": model, "usage": {"prompt_tokens": tiny.TOKENS, "total_tokens": tiny.TOKENS}}
    url = "https://api.openai.com/v1/embeddings"
    line = {"timestamp": "2026-07-04T09:00:00Z", "provider": "openai", "url": url, "status": 200}
    return json.dumps(line | {"request": request, "response": response}) + "\n"


UNFETCHED = "its vocabulary is not fetched: tickmark specs fetch"
COUNTS = """
select model, attempts_recounted, attempts_exact, uncountable_because
from report.tokenizer_parity where model like 'tiny%' order by model
"""


@pytest.mark.slow
def test_a_close_counts_what_was_fetched_and_asks_no_hub(run: Run, replay: Replay, home: Path) -> None:
    shutil.copytree(gallery.HOME, home, dirs_exist_ok=True)
    spec, other = tiny.spec(), tiny.spec(sha256="0" * 64)
    spec["vocabularies"]["gone"] = other["vocabularies"]["tiny"]
    spec["rules"] += [other["rules"][0] | {"name": "gone", "models": ["tiny-gone"], "vocabulary": "gone"}]
    (home / SPEC).write_text(yaml.safe_dump(spec, allow_unicode=True), "utf-8")
    with (home / "landing" / "gateways" / "exchanges-2026-07.jsonl").open("a") as log:
        log.write(asked(tiny.MODEL) + asked("tiny-gone"))
    fetched = run("specs", "fetch")
    assert (fetched.code, fetched.out.count("fetched"), fetched.out.count("failed")) == (9, 1, 1)
    del replay.asked[:]
    closed = run("close", "2026-07", "--quiet")
    assert (closed.code, closed.err, replay.asked) == (0, "", [])
    with duckdb.connect(str(home / "finance.duckdb"), read_only=True) as finance:
        counts = finance.execute(COUNTS).fetchall()
    assert counts == [("tiny-gone", 0, 0, UNFETCHED), ("tiny-model", 1, 1, None)]


@pytest.mark.slow
def test_a_shipped_spec_is_fetched_for_and_parity_counts_with_it(
    commands: Commands, replay: Replay, home: Path, tmp_path: Path
) -> None:
    tiny.write_spec(tmp_path / "checkout" / "tokenizer_specs")
    (home / "asked.jsonl").write_text(asked(tiny.MODEL))
    special = {"environment": {"HF_ENDPOINT": replay.url, "HF_HOME": str(home / "hf")}}
    special |= {"checkout": str(tmp_path / "checkout")}
    measure = ["parity", "asked.jsonl", "--json"]
    (before,) = commands.run(measure, home, **special).json
    assert (before["rows_exact"], before["reason"], replay.asked) == (None, UNFETCHED, [])
    assert commands.run(["specs", "fetch", "--quiet"], home, **special).code == 0
    (after,) = commands.run(measure, home, **special).json
    assert (after["rows_exact"], after["reason"], len(replay.asked)) == (1, None, 1)


@pytest.mark.slow
def test_parity_counts_with_the_homes_own_specs(commands: Commands, home: Path, tmp_path: Path) -> None:
    """Elsewhere it does not, and knows nothing of the model."""
    (home / SPEC).parent.mkdir(exist_ok=True)
    (home / SPEC).write_text(yaml.safe_dump(tiny.spec(), allow_unicode=True), "utf-8")
    (tmp_path / "asked.jsonl").write_text(asked(tiny.MODEL))
    measure = ["parity", str(tmp_path / "asked.jsonl"), "--json"]
    (here,), (there,) = (commands.run(measure, folder).json for folder in (home, tmp_path))
    assert here["reason"] == UNFETCHED
    assert there["reason"] == recount.NO_SPEC
    (named,) = commands.run([*measure, "--home", str(home)], tmp_path).json
    assert named == here
