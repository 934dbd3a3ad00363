"""A big clean month for benchmarks: OpenAI chats, the usage export, the cost report and the invoice.

    python bench/make_month.py DIR --attempts 1000000 --files 31 --seed 1

Conversations resend their history and share a few system prompts, so that the requests hold their unique
text about seven times; the measured figure is printed. Token counts are true: every text is counted once with
the project's own counter, and the framing constants of its spec are added; each file recounts some of its
requests with `recount.plan` and refuses to differ. Same arguments, same bytes.
"""

import argparse
import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import TypeAlias

from pipelines import homes
from tickmark import recount
from tickmark.framing.constants import OpenAIMessages
from tickmark.framing.openai_chat import ROLE_TOKENS
from tickmark.months import Month
from tickmark.simulator import provider_files
from tickmark.simulator.billing import bill, invoices, rates, write_rate_card
from tickmark.simulator.calls import GPT_4O_MINI, DayUsage
from tickmark.simulator.gateway_files import write_gzip
from tickmark.simulator.texts import prose, stream
from tickmark.specbook import SpecBook
from tickmark.tokenizers import Counter, Counters

SPECS = Path(__file__).resolve().parents[1] / "tokenizer_specs"
MONTH = Month.parse(homes.DEMO_MONTH)
MODEL = GPT_4O_MINI
WORKERS = 2
TURNS = 8
PROMPTS, PROMPT_CHARS, USER_CHARS, ANSWER_CHARS = 20, 580, 55, 95
"""Least characters; a text ends with the sentence that reaches them. The prompts stay below every cache."""
GAP = timedelta(seconds=40)
CHECKED = 50
"""Requests of each file that are counted again the way the close does it."""
BATCH = 1_000 * TURNS
"""Turns whose texts are counted at once."""
MEGA = 1e6

Counts: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True)
class Job:
    """One file to make."""

    path: Path
    seed: int
    number: int
    attempts: int
    start: datetime
    end: datetime


@dataclass
class Made:
    """What one file holds."""

    days: dict[date, Counts] = field(default_factory=dict)
    """Requests, input tokens and output tokens by UTC day."""
    bytes_decoded: int = 0
    bytes_packed: int = 0
    chars: int = 0
    """Of the texts in all requests."""
    unique: set[str] = field(default_factory=set)
    unique_chars: int = 0


@dataclass(frozen=True)
class Message:
    """One message, counted and encoded once."""

    text: str
    tokens: int
    """What the text costs."""
    in_request: int
    """What the message costs in a request."""
    encoded: str


@cache
def counting() -> tuple[SpecBook, OpenAIMessages, Counter]:
    """The specs, the framing constants of the model and the counter of its vocabulary."""
    specs = SpecBook(SPECS)
    spec = specs.find(MODEL.provider, MODEL.operation, MODEL.name, MONTH.start)
    assert spec is not None
    assert spec.counts is not None
    assert isinstance(spec.counts.constants, OpenAIMessages)
    return specs, spec.counts.constants, Counters(specs.vocabularies)[spec.counts.vocabulary]


def make(job: Job) -> Made:
    """Write one file of conversations, in order of time."""
    made = Made()
    lines = [line for _, line in sorted(attempts(job, made))]
    write_gzip(job.path, lines)
    check(lines[:CHECKED])
    made.bytes_decoded, made.bytes_packed = sum(map(len, lines)), job.path.stat().st_size
    made.unique_chars = sum(map(len, made.unique))
    made.unique.clear()
    return made


def attempts(job: Job, made: Made) -> Iterator[tuple[str, bytes]]:
    """Time and line of every attempt of a file."""
    rng, shared = stream(job.seed, f"bench/{job.number}"), stream(job.seed, "bench/prompts")
    prompts = messages(["system"] * PROMPTS, [prose(shared, PROMPT_CHARS) for _ in range(PROMPTS)])
    for first in range(0, job.attempts, BATCH):
        left = min(BATCH, job.attempts - first)
        texts = [prose(rng, chars) for _ in range(left) for chars in (USER_CHARS, ANSWER_CHARS)]
        said = messages(["user", "assistant"] * left, texts)
        for turn in range(0, 2 * left, 2 * TURNS):
            yield from conversation(rng.choice(prompts), said[turn : turn + 2 * TURNS], job, rng, made)


def messages(roles: list[str], texts: list[str]) -> list[Message]:
    """Messages with their counts, each text counted once."""
    _, framing, counter = counting()
    frame = framing.per_message + ROLE_TOKENS
    extra = {"assistant": framing.per_assistant or 0}
    return [
        Message(
            text=text,
            tokens=tokens,
            in_request=tokens + frame + extra.get(role, 0),
            encoded=json.dumps({"role": role, "content": text}, ensure_ascii=False),
        )
        for role, text, tokens in zip(roles, texts, counter.count(texts), strict=True)
    ]


def conversation(
    prompt: Message, said: list[Message], job: Job, rng: Random, made: Made
) -> Iterator[tuple[str, bytes]]:
    """One conversation: every turn sends the prompt and all that was said before."""
    _, framing, _ = counting()
    latest = int((job.end - job.start - TURNS * GAP) / timedelta(milliseconds=1))
    at = job.start + timedelta(milliseconds=rng.randrange(latest))
    sent, tokens, chars = prompt.encoded, framing.per_request + prompt.in_request, len(prompt.text)
    for asked, answer in zip(said[::2], said[1::2], strict=True):
        sent, tokens, chars = f"{sent}, {asked.encoded}", tokens + asked.in_request, chars + len(asked.text)
        made.chars += chars
        made.unique.add(asked.text)
        requests, input_tokens, output_tokens = made.days.get(at.date(), (0, 0, 0))
        made.days[at.date()] = (requests + 1, input_tokens + tokens, output_tokens + answer.tokens)
        stamp, number = (
            at.isoformat(timespec="milliseconds")[:-6] + "Z",
            f"{job.number:03d}{rng.getrandbits(64):016x}",
        )
        yield stamp, line(stamp, number, sent, answer, tokens).encode()
        if answer is not said[-1]:
            made.unique.add(answer.text)
        sent, tokens, chars = (
            f"{sent}, {answer.encoded}",
            tokens + answer.in_request,
            chars + len(answer.text),
        )
        at += GAP * rng.uniform(0.3, 1)


def line(stamp: str, number: str, sent: str, answer: Message, tokens: int) -> str:
    """A record of `exchange_jsonl`, from a template: encoding a million records would take minutes."""
    usage = (
        f'{{"prompt_tokens": {tokens}, "completion_tokens": {answer.tokens}, '
        f'"total_tokens": {tokens + answer.tokens}, "prompt_tokens_details": {{"cached_tokens": 0}}}}'
    )
    return (
        f'{{"timestamp": "{stamp}", "provider": "openai", '
        f'"url": "https://api.openai.com/v1/chat/completions", "status": 200, '
        f'"request_headers": {{"x-stainless-retry-count": "0"}}, "stream": false, '
        f'"request": {{"model": "{MODEL.requested}", "messages": [{sent}]}}, '
        f'"response": {{"id": "chatcmpl-{number}", "object": "chat.completion", "model": "{MODEL.name}", '
        f'"choices": [{{"index": 0, "message": {answer.encoded}, "finish_reason": "stop"}}], '
        f'"usage": {usage}}}, '
        f'"latency_ms": 900, "metadata": {{"team": "team-{number[-1]}", "workload": "bench"}}}}\n'
    )


def check(lines: list[bytes]) -> None:
    """Count some requests as the close does; raise AssertionError where that differs from the log."""
    specs, _, counter = counting()
    for record in map(json.loads, lines):
        planned = recount.plan(
            MODEL.provider, MODEL.operation, MODEL.name, MONTH.start, record["request"], specs
        )
        assert planned.exactness == "exact"
        counted = planned.overhead_tokens + sum(counter.count(planned.segments))
        assert counted == record["response"]["usage"]["prompt_tokens"]


def jobs(home: Path, attempts_all: int, files: int, seed: int) -> list[Job]:
    """Equal shares of attempts and of the month."""
    slice_ = (MONTH.end - MONTH.start) / files
    shares = [attempts_all // files + (number < attempts_all % files) for number in range(files)]
    return [
        Job(
            path=home / "landing" / "gateways" / f"exchanges-{MONTH}-{number + 1:03d}.jsonl.gz",
            seed=seed,
            number=number,
            attempts=share,
            start=MONTH.start + number * slice_,
            end=MONTH.start + (number + 1) * slice_,
        )
        for number, share in enumerate(shares)
    ]


def usage(made: list[Made]) -> list[DayUsage]:
    """What the provider metered, by day."""
    days: dict[date, Counts] = {}
    for each in made:
        for day, counts in each.days.items():
            requests, input_tokens, output_tokens = days.get(day, (0, 0, 0))
            days[day] = (requests + counts[0], input_tokens + counts[1], output_tokens + counts[2])
    return [
        DayUsage(
            provider=MODEL.provider,
            model=MODEL.name,
            operation=MODEL.operation,
            day=day,
            requests=requests,
            tokens={"uncached_input": input_tokens, "output": output_tokens},
        )
        for day, (requests, input_tokens, output_tokens) in sorted(days.items())
    ]


def write_bills(home: Path, metered: list[DayUsage]) -> None:
    """Usage export, cost report and invoice, without a fault."""
    charges = bill(metered, rates(write_rate_card(home, MONTH), MONTH, [MODEL]))
    bills = home / "landing" / "bills"
    provider_files.write_openai(bills, MONTH, metered, charges)
    provider_files.write_invoices(bills, MONTH, invoices(charges))


def main() -> None:
    """Make the home and print what it holds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, metavar="DIR", help="home to make; must be new or empty")
    parser.add_argument("--attempts", type=int, default=1_000_000)
    parser.add_argument("--files", type=int, default=31, help="log files, each a slice of the month")
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    began = time.perf_counter()
    homes.make(wanted.folder)
    # Two processes share the cores; a pool of threads in each would only get in the way.
    os.environ["RAYON_NUM_THREADS"] = "1"
    with ProcessPoolExecutor(WORKERS) as pool:
        made = list(pool.map(make, jobs(wanted.folder, wanted.attempts, wanted.files, wanted.seed)))
    metered = usage(made)
    write_bills(wanted.folder, metered)
    report(made, metered, time.perf_counter() - began)


def report(made: list[Made], metered: list[DayUsage], seconds: float) -> None:
    """Sizes and duplication."""
    attempts_all = sum(bucket.requests for bucket in metered)
    chars, unique = sum(each.chars for each in made), sum(each.unique_chars for each in made)
    tokens = sum(bucket.tokens["uncached_input"] for bucket in metered)
    packed, decoded = sum(each.bytes_packed for each in made), sum(each.bytes_decoded for each in made)
    print(
        f"{attempts_all:,} attempts in {len(made)} files: "
        f"{packed / MEGA:,.1f} MB, decoded {decoded / MEGA:,.1f} MB"
    )
    print(f"request text {chars / attempts_all:,.0f} characters each, {chars / MEGA:,.1f} M in all")
    print(
        f"unique text {unique / MEGA:,.1f} M characters beside the prompts: duplication {chars / unique:.1f}x"
    )
    print(f"input tokens {tokens:,}, output tokens {sum(bucket.tokens['output'] for bucket in metered):,}")
    print(f"{seconds:.1f} s, {attempts_all / seconds:,.0f} attempts/s in {WORKERS} processes")


if __name__ == "__main__":
    main()
