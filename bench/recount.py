"""Tokens counted per CPU-second: Tickmark, the naive tiktoken loop and `litellm.token_counter`, in one run.

    python bench/recount.py --megabytes 300 --unique 40 --repeats 3

Makes two workloads of chat requests: `turns`, conversations that resend their history and share system
prompts (its duplication is measured and printed), and `unique`, in which no message comes back. Every repeat
runs each variant once, interleaved, each in a fresh process. The other packages are installed into a
throwaway virtual environment, never into the project's; they count a share of the requests, because at their
rate all of them would take minutes. CPU seconds are user + system of all threads. Imports are timed only in
our reading child, which is a process of its own. Loading a vocabulary is timed apart, for everybody; where a
ratio includes it, each side pays it once for the whole log. `bounds` times the parts that the stage cannot
leave out, each alone.
"""

import argparse
import gzip
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random
from statistics import median
from typing import TypeVar

Made = TypeVar("Made")
ROOT = Path(__file__).resolve().parents[1]
OTHERS = ("tiktoken==0.14.0", "litellm==1.106.2")
THEIRS = ("naive", "litellm", "naive_log")
MODEL, VOCABULARY = "gpt-4o", "o200k_base"
TEXT_FILES = (".py", ".pyi", ".md", ".txt", ".rst", ".json", ".html", ".js", ".css", ".po")
SAMPLE_MB = 12
TURNS = 9
MEGA = 1e6


def cpu() -> float:
    """CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def passages(folder: Path, rng: Random, bytes_wanted: int) -> list[str]:
    """Different passages of the text files below a folder: code, prose and markup as people paste it."""
    files = sorted(p for p in folder.rglob("*") if p.suffix in TEXT_FILES and p.is_file())
    rng.shuffle(files)
    found: dict[str, None] = {}
    size = 0
    for file in files:
        text = file.read_text("utf-8", errors="ignore")
        at = 0
        while at < len(text) and size < bytes_wanted:
            length = int(rng.lognormvariate(6.6, 1.0))
            passage = text[at : at + length]
            at += length
            if passage.strip() and passage not in found:
                found[passage] = None
                size += len(passage.encode())
    if size < bytes_wanted:
        raise SystemExit(f"only {size / MEGA:.0f} MB of different text below {folder}")
    return list(found)


def requests(texts: list[str], rng: Random, bytes_wanted: int, turns: int) -> list[list[dict[str, str]]]:
    """Chat requests; with one turn no message comes back, else each turn sends what was said before."""
    made: list[list[dict[str, str]]] = []
    prompts, said = (texts[:24], iter(texts[24:])) if turns > 1 else ([], iter(texts))
    size = 0
    while size < bytes_wanted:
        messages = [{"role": "system", "content": rng.choice(prompts)}] if prompts else []
        for _ in range(rng.randint(1, 2 * turns - 1)):
            asked = next(said, None)
            if asked is None:
                return made
            messages.append({"role": "user", "content": asked})
            made.append(list(messages))
            size += sum(len(m["content"].encode()) for m in messages)
            answer = next(said, None) if turns > 1 else None
            if answer is None:
                break
            messages.append({"role": "assistant", "content": answer})
    return made


def store(made: list[list[dict[str, str]]], path: Path) -> dict[str, float]:
    """Write a workload as the log that a close reads; return what is in it."""
    unique, size = {}, 0
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=1) as log:
        for number, messages in enumerate(made):
            for message in messages:
                size += len(message["content"].encode())
                unique[message["content"]] = None
            log.write(json.dumps(exchange(number, messages), ensure_ascii=False) + "\n")
    unique_size = sum(len(text.encode()) for text in unique)
    return {"requests": len(made), "mb": size / MEGA, "unique_mb": unique_size / MEGA}


def exchange(number: int, messages: list[dict[str, str]]) -> dict[str, object]:
    """One record of the format `exchange_jsonl`."""
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return {
        "timestamp": "2026-10-05T10:00:00.000Z",
        "provider": "openai",
        "url": "https://api.openai.com/v1/chat/completions",
        "status": 200,
        "request_headers": {},
        "stream": False,
        "request": {"model": MODEL, "messages": messages},
        "response": {"id": f"c{number}", "object": "chat.completion", "model": "gpt-4o-2024-08-06",
                     "choices": [], "usage": usage},
        "latency_ms": 900,
    }  # fmt: skip


def sampled(log: Path, megabytes: float) -> list[list[dict[str, str]]]:
    """Every n-th request of a log, about so many bytes of message text."""
    with gzip.open(log, "rt", encoding="utf-8") as lines:
        every = [json.loads(line)["request"]["messages"] for line in lines]
    size = sum(len(m["content"].encode()) for messages in every for m in messages) / MEGA
    return every[:: max(1, round(size / megabytes))]


def naive(log: Path, _: Path) -> dict[str, float]:
    """The loop that everybody writes first; its whole stage reads and decodes the log too."""
    import tiktoken

    start = cpu()
    encoding = tiktoken.get_encoding(VOCABULARY)
    encoding.encode("warm")
    loaded = cpu()
    made = sampled(log, SAMPLE_MB)
    size = sum(len(m["content"].encode()) for messages in made for m in messages) / MEGA
    before = cpu()
    tokens = sum(
        len(encoding.encode(m["content"], disallowed_special=())) for messages in made for m in messages
    )
    return {"mb": size, "count_s": cpu() - before, "load_s": loaded - start, "tokens": tokens}


def naive_log(log: Path, _: Path) -> dict[str, float]:
    """The same loop from the stored log to counts: decompress, decode JSON, encode every message."""
    import tiktoken

    encoding = tiktoken.get_encoding(VOCABULARY)
    encoding.encode("warm")
    size, before = 0.0, cpu()
    with gzip.open(log, "rt", encoding="utf-8") as lines:
        for line in lines:
            for message in json.loads(line)["request"]["messages"]:
                len(encoding.encode(message["content"], disallowed_special=()))
                size += len(message["content"].encode()) / MEGA
            if size >= SAMPLE_MB:
                break
    return {"mb": size, "count_s": cpu() - before}


def litellm(log: Path, _: Path) -> dict[str, float]:
    """`litellm.token_counter` on whole requests."""
    from litellm import token_counter

    start = cpu()
    token_counter(model=MODEL, messages=[{"role": "user", "content": "warm"}])
    loaded = cpu()
    made = sampled(log, SAMPLE_MB)
    size = sum(len(m["content"].encode()) for messages in made for m in messages) / MEGA
    before = cpu()
    tokens = sum(token_counter(model=MODEL, messages=messages) for messages in made)
    return {"mb": size, "count_s": cpu() - before, "load_s": loaded - start, "tokens": tokens}


def tickmark(log: Path, folder: Path) -> dict[str, float]:
    """Our stage: the reading child, then the counting of unique texts and the sums, as in a close."""
    return _stages(log, folder, stored=False)


def tickmark_again(log: Path, folder: Path) -> dict[str, float]:
    """The same month again, its counts known."""
    return _stages(log, folder, stored=True)


def _stages(log: Path, folder: Path, *, stored: bool) -> dict[str, float]:
    import duckdb
    import pyarrow as pa

    from tickmark.countstore import CountStore
    from tickmark.metering import Metering
    from tickmark.specbook import SpecBook
    from tickmark.tokenizers import Counters

    work, kept = folder / "work", folder / f"counts-{log.stem}"
    shutil.rmtree(work, ignore_errors=True)
    if not stored:
        shutil.rmtree(kept, ignore_errors=True)
    # The first table that is handed over imports the dataframe libraries.
    duckdb.connect().register("first", pa.table({"n": [1]}))
    read_s, read_mb = _read(log, work / "staging")
    start = cpu()
    counters = Counters(SpecBook(ROOT / "tokenizer_specs").vocabularies)
    counters[VOCABULARY]
    if not stored:
        counters.fast(VOCABULARY)
    database = duckdb.connect(
        str(work / "warehouse.duckdb"),
        config={"memory_limit": "600MB", "temp_directory": str(work / "spill")},
    )
    database.execute("create schema meter; create schema ingest")
    database.execute((ROOT / "sql" / "meter" / "_tables.sql").read_text("utf-8"))
    database.execute("create table ingest.landed_files as select 0 as file_no, 'bench' as sha256")
    database.read_parquet(str(work / "staging" / "segment_uses" / "*.parquet")).create_view("uses")
    texts = sorted((work / "staging" / "segments").glob("*.parquet"))
    before = loaded = cpu()
    Metering(database, counters, texts, work, CountStore(kept, b"k" * 32), lambda _: None).run()
    added = database.execute(
        "select sum(u.uses * c.tokens) from uses u join meter.segment_counts c using (vocabulary, segment)"
    ).fetchall()
    counted = cpu()
    (check,) = database.execute("from meter.engine_checks").fetchall()
    return {
        "count_s": counted - before, "load_s": loaded - start, "read_s": read_s, "tokens": float(added[0][0]),
        "sampled": check[3], "mismatches": check[4], "read_peak_mb": read_mb,
        "fast": float(check[5] == "fastokens"),
    }  # fmt: skip


def _read(log: Path, staging: Path) -> tuple[float, float]:
    job = {
        "source": {"name": "gateway", "format": "exchange_jsonl", "account": "default"},
        "files": [{"path": str(log), "display": log.name, "file_no": 0}],
        "mapping": None, "staging": str(staging), "specs": str(ROOT / "tokenizer_specs"),
        "own_specs": [], "vocabularies": "",
        "key": "6b" * 32, "part": "00000",
        "memory_bytes": 8 * 2**30,
    }  # fmt: skip
    child = subprocess.run(
        [sys.executable, "-I", "-m", "tickmark.intake"], input=json.dumps(job), text=True,
        capture_output=True, check=True,
    )  # fmt: skip
    assert '"report"' in child.stdout, child.stdout[-500:]
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def bounds(log: Path, folder: Path) -> dict[str, float]:
    """The parts of the whole stage, each alone and with nothing around it."""
    import jiter
    import pyarrow as pa
    import pyarrow.parquet as pq

    from tickmark.metering import SAMPLE_MIN
    from tickmark.specbook import SpecBook
    from tickmark.tokenizers import load
    from tickmark.tokenizers.fast import FastCounter, self_test_texts

    found: dict[str, float] = {}

    def timed(name: str, part: Callable[[], Made]) -> Made:
        before = cpu()
        result = part()
        found[name] = cpu() - before
        return result

    book = timed("specs_s", lambda: SpecBook(ROOT / "tokenizer_specs"))
    reference = timed("reference_load_s", lambda: load(book.vocabularies[VOCABULARY]))
    fast = timed("engine_load_s", lambda: FastCounter(reference))
    timed("self_test_s", lambda: fast.count(self_test_texts()) == reference.count(self_test_texts()))
    packed = log.read_bytes()
    timed("sha256_s", lambda: hashlib.sha256(packed).digest())
    lines = timed("gunzip_s", lambda: zlib.decompress(packed, wbits=31)).splitlines()
    strict = {"catch_duplicate_keys": True, "float_mode": "decimal", "allow_inf_nan": False}
    timed("decode_s", lambda: [bool(jiter.from_json(line, **strict)) for line in lines])
    texts = [m["content"] for line in lines for m in json.loads(line)["request"]["messages"]]
    key = b"k" * 32
    hashed = timed(
        "hash_s", lambda: [hashlib.blake2b(t.encode(), digest_size=16, key=key).digest() for t in texts]
    )
    unique = list(dict.fromkeys(texts))
    owners = [f"{n:032x}" for n, line in enumerate(lines) for _ in json.loads(line)["request"]["messages"]]
    ones = [1] * len(hashed)
    uses = {"record_no": ones, "attempt_id": owners, "segment": hashed, "uses": ones}
    for name, rows in (("uses_write_s", uses), ("texts_write_s", {"text": unique})):
        timed(name, lambda rows=rows: pq.write_table(pa.table(rows), folder / "rows", compression="zstd"))
    timed("engine_s", lambda: fast.count(unique))
    timed("sample_s", lambda: reference.count(Random(1).sample(unique, SAMPLE_MIN)))
    one = folder / "one.jsonl.gz"
    one.write_bytes(gzip.compress(lines[0]))
    found["child_start_s"], _ = _read(one, folder / "one")
    return found


VARIANTS: dict[str, Callable[[Path, Path], dict[str, float]]] = {
    "naive": naive,
    "litellm": litellm,
    "naive_log": naive_log,
    "tickmark": tickmark,
    "tickmark_again": tickmark_again,
    "bounds": bounds,
}


def run(variant: str, log: Path, folder: Path, other: Path) -> dict[str, float]:
    """One variant in a fresh process."""
    python = str(other / "bin" / "python") if variant in THEIRS else sys.executable
    packages = next((other / "lib").glob("python3*/site-packages"))
    cache = packages / "litellm" / "litellm_core_utils" / "tokenizers"
    env = {**os.environ, "TIKTOKEN_CACHE_DIR": str(cache), "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    command = [python, __file__, "--variant", variant, "--log", str(log), "--folder", str(folder)]
    started = time.perf_counter()
    ran = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise SystemExit(f"{variant}: {ran.stderr[-1500:]}")
    said = ran.stdout.strip().splitlines()[-1]
    found: dict[str, float] = json.loads(said)
    return {**found, "wall_s": time.perf_counter() - started}


def table(runs: dict[str, list[dict[str, float]]], about: dict[str, float]) -> None:
    """Rates as median and range; a ratio is of rates in the same repeat."""
    for variant, repeats in runs.items():
        for name in sorted({key for repeat in repeats for key in repeat}):
            values = [repeat[name] for repeat in repeats if name in repeat]
            print(f"  {variant:<15}{name:<13}{median(values):12.2f} [{min(values):.2f}-{max(values):.2f}]")
    ours, again, whole_mb = runs["tickmark"], runs["tickmark_again"], about["mb"]
    load = [one["load_s"] for one in runs["naive"]]
    for label, parts, other in (
        ("counting / litellm", ("count_s",), "litellm"),
        ("counting / naive", ("count_s",), "naive"),
        ("counting with loading / naive", ("count_s", "load_s"), "naive"),
        ("log to counts / naive log to counts", ("count_s", "load_s", "read_s"), "naive_log"),
    ):
        mine = [whole_mb / sum(one[part] for part in parts) for one in ours]
        loads = load if "load_s" in parts else [0.0] * len(load)
        theirs = [
            whole_mb / (whole_mb * one["count_s"] / one["mb"] + loading)
            for one, loading in zip(runs[other], loads, strict=True)
        ]
        ratios = [one / their for one, their in zip(mine, theirs, strict=True)]
        print(
            f"  RATIO {label}: {median(ratios):.1f} [{min(ratios):.1f}-{max(ratios):.1f}]"
            f"   ours {median(mine):.0f}, theirs {median(theirs):.1f} MB per CPU-second"
        )
    print(f"  second run: counting {median([one['count_s'] for one in again]):.2f} CPU-s")


def main() -> None:
    """Make the workloads, install the others, run and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=int, default=300)
    parser.add_argument("--unique", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--texts", type=Path, default=Path(os.__file__).parent)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--variant")
    parser.add_argument("--log", type=Path)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.variant:
        found = VARIANTS[given.variant](given.log, given.folder)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({**found, "peak_mb": peak}))
        return
    folder = given.keep or Path(tempfile.mkdtemp(prefix="recount-"))
    try:
        compare(given, folder)
    finally:
        if given.keep is None:
            shutil.rmtree(folder)


def compare(given: argparse.Namespace, folder: Path) -> None:
    """All variants on both workloads."""
    other = folder / "others"
    if not other.exists():
        subprocess.run([sys.executable, "-m", "venv", other], check=True)
        subprocess.run(
            [other / "bin" / "pip", "install", "-q", "--only-binary", ":all:", *OTHERS], check=True
        )
    rng = Random(1)
    texts = passages(given.texts, rng, round(given.unique * MEGA))
    for name, turns, megabytes in (("turns", TURNS, given.megabytes), ("unique", 1, given.unique)):
        log = folder / f"{name}.jsonl.gz"
        about = store(requests(texts, rng, round(megabytes * MEGA), turns), log)
        print(
            f"{name}: {about['requests']:.0f} requests, {about['mb']:.0f} MB of message text, "
            f"{about['unique_mb']:.0f} MB unique, duplication {about['mb'] / about['unique_mb']:.2f}"
        )
        runs: dict[str, list[dict[str, float]]] = {variant: [] for variant in VARIANTS}
        for _ in range(given.repeats):
            for variant, found in runs.items():
                found.append(run(variant, log, folder, other))
        table(runs, about)


if __name__ == "__main__":
    main()
