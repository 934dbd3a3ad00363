"""A big clean month for benchmarks: OpenAI chats, the usage export, the cost report and the invoice.

    python bench/make_month.py DIR --attempts 1000000 --files 31 --seed 1

Conversations resend their history and share a few system prompts, so that the requests hold their unique text
about seven times; `make_month` prints the measured figure. Token counts are true: every unique text is counted
once with the project's own counter, and the framing constants of its spec are added; each file recounts some of
its own requests with `recount.plan` and refuses to differ. Same arguments, same bytes.
"""

import argparse
import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random

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
MEGA = 1e6


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

    days: dict[str, DayUsage] = field(default_factory=dict)
    bytes_decoded: int = 0
    chars: int = 0
    unique_chars: int = 0


@dataclass(frozen=True)
class Message:
    """One message, counted and encoded once."""

    role: str
    text: str
    tokens: int
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
    """Write one file of whole conversations, in order of time."""
    rng, made = stream(job.seed, f"bench/{job.number}"), Made()
    lines = sorted(conversations(job, rng, made))
    write_gzip(job.path, (line for _, line in lines))
    check([line for _, line in lines[:CHECKED]])
    made.bytes_decoded = sum(len(line) for _, line in lines)
    return made


def conversations(job: Job, rng: Random, made: Made) -> Iterator[tuple[str, bytes]]:
    """Time and line of every attempt of a file."""
    prompts = messages(["system"] * PROMPTS, system_prompts(job.seed))
    left = job.attempts
    while left:
        batch = [min(TURNS, left - done) for done in range(0, min(left, 1_000 * TURNS), TURNS)]
        left -= sum(batch)
        texts, roles = list[str](), list[str]()
        for turns in batch:
            texts += [prose(rng, chars) for _ in range(turns) for chars in (USER_CHARS, ANSWER_CHARS)]
            roles += ["user", "assistant"] * turns
        said = iter(messages(roles, texts))
        made.unique_chars += sum(map(len, dict.fromkeys(texts)))
        for turns in batch:
            talk = [next(said) for _ in range(2 * turns)]
            yield from conversation(rng.choice(prompts), talk, job, rng, made)


def messages(roles: list[str], texts: list[str]) -> list[Message]:
    """Messages with the tokens they add to a request."""
    _, framing, counter = counting()
    return [
        Message(role, text, tokens, json.dumps({"role": role, "content": text}, ensure_ascii=False))
        for role, text, tokens in zip(roles, texts, counter.count(texts), strict=True)
    ]
