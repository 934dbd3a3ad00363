"""Reading a month of realistic chat logs, strictly, against what DuckDB and Polars do with the same files.

    python bench/intake.py FOLDER --gigabytes 5 [--only tickmark|duckdb|polars]

FOLDER gets the logs once. Lengths follow a real trace of chat traffic (Azure LLM inference trace 2023,
conversation service, 19,366 requests: context median 1,020 and mean 1,155 tokens, answers 129 and 211):
log-normal, one token taken as 4.4 characters. A request resends its conversation; workloads share system
prompts; a fifth of the attempts offers tools. Every variant reads the same files in a process of its own.

- tickmark: what a close does to land them: hashes, UTF-8, duplicate keys, types, exact numbers, canonical
  rows, count plans, unique texts by keyed hash, all staged as Parquet; two limited children.
- duckdb: `read_json` of the fields that an attempt needs, and the distinct message texts, as Parquet.
- polars: `scan_ndjson` of the same, streamed into Parquet; installed into a throwaway environment.
The last two check nothing: duplicate keys, long integers, cut files and lost bytes pass them without a word.
"""

import argparse
import json
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[1]
START = datetime(2026, 10, 1, tzinfo=UTC)
FILES = 8
CHARS_PER_TOKEN = 4.4
CONTEXT, ANSWER = (6.93, 0.62), (4.86, 0.95)
"""Mean and deviation of the logarithm of tokens."""
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": f"Look up {name} in the records of a customer",
            "parameters": {
                "type": "object",
                "properties": {"id": {"type": "string"}, "limit": {"type": "integer"}},
                "required": ["id"],
            },
        },
    }
    for name in ("orders", "invoices", "shipments", "tickets")
]
PAGE = 4096
POLARS = "polars==1.35.2"
MEGA = 1e6


def make(folder: Path, gigabytes: float) -> None:
    """Write the logs, unless they are there."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(FILES):
        path = folder / f"chat-{number}.jsonl"
        if not path.exists():
            with path.with_suffix(".part").open("w", encoding="utf-8") as file:
                size = 0
                for line in _lines(Random(number), number):
                    size += file.write(line)
                    if size >= gigabytes * 1e9 / FILES:
                        break
            path.with_suffix(".part").rename(path)


def _lines(random: Random, number: int) -> Iterator[str]:
    from tickmark.simulator.texts import prose

    systems = [prose(random, random.randrange(600, 3000)) for _ in range(12)]
    sentences = [prose(random, random.randrange(80, 900)) for _ in range(4000)]
    at = START + timedelta(days=number * 31 / FILES)
    count = 0
    while True:
        system = random.choice(systems)
        turns: list[dict[str, str]] = []
        for _ in range(random.randrange(1, 9)):
            count += 1
            at += timedelta(milliseconds=random.randrange(900))
            wanted = int(random.lognormvariate(*CONTEXT) * CHARS_PER_TOKEN)
            said = sum(len(turn["content"]) for turn in turns) + len(system)
            turns.append(
                {
                    "role": "user",
                    "content": _text(random, sentences, max(60, min(wanted - said, 20_000)), count),
                }
            )
            answer = _text(
                random, sentences, int(random.lognormvariate(*ANSWER) * CHARS_PER_TOKEN) + 20, -count
            )
            yield _line(at, f"{number}-{count}", system, turns, answer, tools=random.random() < 0.2)  # noqa: PLR2004
            turns.append({"role": "assistant", "content": answer})


def _text(random: Random, sentences: list[str], chars: int, unique: int) -> str:
    parts = [f"({unique}) "]
    while chars > 0:
        parts.append(random.choice(sentences))
        chars -= len(parts[-1])
    return " ".join(parts)


def _line(
    at: datetime, name: str, system: str, turns: list[dict[str, str]], answer: str, *, tools: bool
) -> str:
    messages = [{"role": "system", "content": system}, *turns]
    prompt = sum(len(message["content"]) for message in messages) // 4
    request = {"model": "gpt-4o-mini", "messages": messages, **({"tools": TOOLS} if tools else {})}
    record = {
        "timestamp": at.isoformat(),
        "provider": "openai",
        "url": "https://api.openai.com/v1/chat/completions",
        "status": 200,
        "request_headers": {"x-stainless-retry-count": "0"},
        "stream": False,
        "request": request,
        "response": {
            "id": f"chatcmpl-{name}",
            "object": "chat.completion",
            "model": "gpt-4o-mini-2024-07-18",
            "choices": [
                {"index": 0, "message": {"role": "assistant", "content": answer}, "finish_reason": "stop"}
            ],
            "usage": {
                "prompt_tokens": prompt,
                "completion_tokens": len(answer) // 4,
                "total_tokens": prompt + len(answer) // 4,
                "prompt_tokens_details": {"cached_tokens": 0},
            },
        },
        "latency_ms": 900,
        "metadata": {"team": "team-a", "workload": "bench"},
    }
    return json.dumps(record, ensure_ascii=False) + "\n"


def tickmark(logs: list[Path], out: Path) -> None:
    """Land the files as a close does."""
    from tickmark.home import SourceConfig
    from tickmark.intake import sources

    source = SourceConfig(name="chat", format="exchange_jsonl", files="*")
    landed = [sources.Landed(source, "gateway", n, path, path.name) for n, path in enumerate(logs)]
    out.mkdir()
    staging = sources.Staging(out, ROOT / "tokenizer_specs", [], {}, b"k" * 32)
    reports = sources.read_all(landed, staging, lambda _: None)
    assert sum(report.quarantined for report in reports) == 0


ATTEMPTS = """
copy (
    select timestamp, provider, url, status, latency_ms, request.model as request_model, response.id as id,
        response.model as response_model, response.usage.prompt_tokens as prompt_tokens,
        response.usage.completion_tokens as completion_tokens,
        response.usage.prompt_tokens_details.cached_tokens as cached_tokens, metadata.team as team,
        metadata.workload as workload
    from logs
) to '{out}/attempts.parquet' (compression zstd)
"""
TEXTS = """
copy (select distinct unnest(request.messages).content as text from logs)
to '{out}/texts.parquet' (compression zstd)
"""


def duckdb(logs: list[Path], out: Path) -> None:
    """The fields of an attempt and the distinct texts."""
    import duckdb as engine

    out.mkdir()
    with engine.connect(config={"memory_limit": "8GB", "temp_directory": str(out / "spill")}) as database:
        database.read_json([str(path) for path in logs], maximum_object_size=64_000_000).create_view("logs")
        database.execute(ATTEMPTS.format(out=out))
        database.execute(TEXTS.format(out=out))


def polars(logs: list[Path], out: Path) -> None:
    """The same."""
    import polars as pl

    out.mkdir()
    rows = pl.scan_ndjson(logs)
    response, request = pl.col("response").struct, pl.col("request").struct
    usage = response.field("usage").struct
    rows.select(
        "timestamp", "provider", "url", "status", "latency_ms", request.field("model").alias("request_model"),
        response.field("id"), response.field("model").alias("response_model"), usage.field("prompt_tokens"),
        usage.field("completion_tokens"), pl.col("metadata").struct.field("team"),
        pl.col("metadata").struct.field("workload"),
    ).sink_parquet(out / "attempts.parquet", compression="zstd")  # fmt: skip
    texts = rows.select(request.field("messages").explode().struct.field("content").alias("text")).unique()
    texts.sink_parquet(out / "texts.parquet", compression="zstd")


VARIANTS: dict[str, Callable[[list[Path], Path], None]] = {
    "tickmark": tickmark,
    "duckdb": duckdb,
    "polars": polars,
}


class Watch(threading.Thread):
    """Largest sum of the resident sets of a process and its children, ten times a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.peak, self.done = pid, 0, threading.Event()

    def run(self) -> None:
        while not self.done.wait(0.1):
            self.peak = max(self.peak, self._resident())

    def _resident(self) -> int:
        pages, waiting = 0, [self.pid]
        while waiting:
            pid = waiting.pop()
            try:
                pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
                for thread in Path(f"/proc/{pid}/task").iterdir():
                    waiting += map(int, (thread / "children").read_text().split())
            except (OSError, IndexError):
                continue
        return pages * PAGE


def measure(name: str, folder: Path) -> None:
    """Run one variant in a process of its own and print its figures."""
    size = sum(path.stat().st_size for path in folder.glob("*.jsonl"))
    out = folder / f"out-{name}"
    subprocess.run(["/bin/rm", "-rf", out], check=True)
    python = _with_polars(folder) if name == "polars" else Path(sys.executable)
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    child = subprocess.Popen([python, __file__, str(folder), "--run", name])
    watch = Watch(child.pid)
    watch.start()
    code = child.wait()
    wall = time.perf_counter() - started
    watch.done.set()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    subprocess.run(["/bin/rm", "-rf", out], check=True)
    print(
        f"{name:<9} exit {code}  wall {wall:7.1f} s  cpu {cpu:7.1f} s  {size / MEGA / cpu:6.1f} MB/CPU-s  "
        f"{size / MEGA / wall:6.1f} MB/s  all processes together {watch.peak / MEGA:6.0f} MB",
        flush=True,
    )


def _with_polars(folder: Path) -> Path:
    """The interpreter of an environment of its own."""
    python, uv = folder / "polars-env" / "bin" / "python", Path(sys.executable).with_name("uv")
    if not python.exists():
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, python.parents[1]], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", python, POLARS], check=True)
    return python


def main() -> None:
    """Make the logs, then measure each variant."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--gigabytes", type=float, default=5)
    parser.add_argument("--only", choices=VARIANTS)
    parser.add_argument("--run", choices=VARIANTS, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    logs = sorted(asked.folder.glob("*.jsonl"))
    if asked.run:
        VARIANTS[asked.run](logs, asked.folder / f"out-{asked.run}")
        return
    make(asked.folder, asked.gigabytes)
    logs = sorted(asked.folder.glob("*.jsonl"))
    size = sum(path.stat().st_size for path in logs)
    print(f"{len(logs)} files, {size / MEGA:.0f} MB", flush=True)
    for name in [asked.only] if asked.only else VARIANTS:
        measure(name, asked.folder)


if __name__ == "__main__":
    main()
