"""What another book of specs would change: the same exchanges, counted by both.

Lives here: the comparison. Does not live here: counting (recount) and where exchanges come from (parity).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeAlias

from tickmark import recount
from tickmark.framing.result import Shape
from tickmark.parity import BATCH
from tickmark.recordings import Exchange
from tickmark.specbook import SpecBook
from tickmark.tokenizers import Counters


@dataclass(frozen=True, slots=True)
class Side:
    """What one book makes of a group of requests."""

    spec: str | None
    requests_counted: int = 0
    requests_exact: int = 0
    """Those whose bill is the count."""
    tokens: int = 0
    """Of the counted ones."""


@dataclass(frozen=True, slots=True)
class Change:
    """Requests of one model and shape that two books count differently."""

    provider: str
    operation: str
    model: str | None
    shape: Shape
    requests: int
    tokens_billed: int
    before: Side
    after: Side


Counted: TypeAlias = tuple[recount.CountPlan, int | None]


def compare(exchanges: Iterable[Exchange], before: SpecBook, after: SpecBook) -> list[Change]:
    """Groups of requests whose spec, count or agreement with the bill would change, in order."""
    books = [(book, Counters(book.vocabularies)) for book in (before, after)]
    found: dict[tuple[str, ...], Change] = {}
    remaining = iter(exchanges)
    while batch := list(islice(remaining, BATCH)):
        sides = [_counted(batch, *book) for book in books]
        for exchange, *both in zip(batch, *sides, strict=True):
            _add(found, exchange, both[0], both[1])
    changes = (found[group] for group in sorted(found))
    return [change for change in changes if change.before != change.after]


def _counted(batch: Sequence[Exchange], book: SpecBook, counters: Counters) -> Iterable[Counted]:
    plans = [recount.plan(x.provider, x.operation, x.model, x.started_at, x.body, book) for x in batch]
    return zip(plans, recount.count(plans, counters), strict=True)


def _add(found: dict[tuple[str, ...], Change], exchange: Exchange, before: Counted, after: Counted) -> None:
    named = (exchange.provider, exchange.operation, exchange.model or "", after[0].shape)
    group = (*named, str(before[0].spec), str(after[0].spec))
    known = found.get(group) or Change(
        exchange.provider,
        exchange.operation,
        exchange.model,
        after[0].shape,
        requests=0,
        tokens_billed=0,
        before=Side(before[0].spec),
        after=Side(after[0].spec),
    )
    billed = exchange.tokens_input_billed
    found[group] = replace(
        known,
        requests=known.requests + 1,
        tokens_billed=known.tokens_billed + billed,
        before=_with(known.before, before[1], billed),
        after=_with(known.after, after[1], billed),
    )


def _with(side: Side, tokens: int | None, billed: int) -> Side:
    if tokens is None:
        return side
    return Side(
        side.spec,
        side.requests_counted + 1,
        side.requests_exact + (tokens == billed),
        side.tokens + tokens,
    )
