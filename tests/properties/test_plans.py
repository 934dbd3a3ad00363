"""Whatever a request or an answer holds, it is counted or refused; nothing breaks the reading child."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tickmark import recordings
from tickmark.recordings import Exchange
from tickmark.recount import CountPlan, plan, plan_answer
from tickmark.specbook import SpecBook

PROJECT = Path(__file__).resolve().parents[2]
ODD: tuple[Any, ...] = (
    None, "", "x", "\x00", "\ud800", "{", "null", '{"a":1}', 0, 1, -1, 10**30, Decimal("1.5"), True, False,
    [], [None], [[]], ["a", 1], {}, {"": ""}, {"a": None}, {"type": "text"}, {"type": ["text"]},
    {"type": "function"}, {"function": {}}, {"function": {"name": None, "arguments": 1}},
    [{"type": "text", "text": None}],
    {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
)  # fmt: skip
TIMES = (None, *(datetime(year, month, 5, tzinfo=UTC) for year, month in ((2025, 3), (2025, 9), (2026, 7))))
ROUNDS = 40_000
FEW = 6
"""Members of a list that are changed: further ones are like them."""


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something else could stand."""
    if at:
        yield at
    members = value.items() if isinstance(value, dict) else ()
    for name, inner in members or (enumerate(value[:FEW]) if isinstance(value, list) else ()):
        yield from places(inner, (*at, name))


def changed(value: Any, random: Random) -> Any:
    """The value with one part of it replaced by something odd."""
    found = list(places(value))
    return put(value, random.choice(found), random.choice(ODD)) if found else value


def put(value: Any, at: tuple[Any, ...], odd: Any) -> Any:
    if not at:
        return odd
    copy = value.copy()
    copy[at[0]] = put(value[at[0]], at[1:], odd)
    return copy


def both(exchange: Exchange, random: Random, specs: SpecBook) -> tuple[CountPlan, CountPlan]:
    body: Any = exchange.body
    answer: Any = exchange.answer
    for _ in range(random.choice((1, 1, 2, 3))):
        if answer is None or random.random() < 2 / 3:
            body = changed(body, random)
        else:
            answer = changed(answer, random)
    at = exchange.started_at if random.random() < 2 / 3 else random.choice(TIMES)
    asked = (exchange.provider, exchange.operation, exchange.model, at)
    return plan(*asked, body, specs), plan_answer(*asked, body, answer, specs)


@pytest.mark.slow
def test_an_odd_value_anywhere_is_counted_or_refused_with_a_reason(shared_data: Path) -> None:
    random, specs = Random(7), SpecBook(PROJECT / "tokenizer_specs")
    files = [shared_data / "exchanges" / "exchanges.jsonl.gz"]
    exchanges = [each for each in recordings.read(files, lambda _: None) if random.random() < 1 / 4]
    planned = [each for _ in range(ROUNDS) for each in both(random.choice(exchanges), random, specs)]
    assert all((each.reason is None) == (each.exactness != "none") for each in planned)
    assert {each.exactness for each in planned} == {"exact", "exact_text", "calibrated", "none"}
