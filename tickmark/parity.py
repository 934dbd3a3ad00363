"""Parity: our counts against what providers' meters said about the same requests.

Lives here: the table of variances of `tickmark parity`. Does not live here: how a request or an answer is
counted (recount), and reading files of exchanges (recordings).
"""

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from tickmark import months, recordings, recount
from tickmark.framing.result import Shape
from tickmark.recordings import Exchange
from tickmark.specbook import SpecBook
from tickmark.specs import Exactness
from tickmark.tokenizers import Counters

Direction: TypeAlias = Literal["input", "output"]
UNDATED = "undated"
BATCH = 2000
"""Exchanges planned and counted together; it bounds the text held in memory."""


class Group(NamedTuple):
    """What the exchanges of one row have in common."""

    provider: str
    operation: str
    model: str | None
    month: str
    """Its name, or UNDATED."""
    direction: Direction
    shape: Shape
    exactness: Exactness
    spec: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class ParityRow:
    """One row of the table; a variance is billed minus recounted tokens, None where nothing was counted."""

    provider: str
    operation: str
    model: str | None
    month: str
    direction: Direction
    """Output is what was billed without reasoning."""
    shape: Shape
    exactness: Exactness
    spec: str | None
    reason: str | None
    rows: int
    rows_exact: int | None
    rows_within_2: int | None
    """Rows whose variance is at most two tokens."""
    rows_in_band: int | None
    """Rows whose bill lies in the band of a calibrated count; an exact count's band is the count."""
    tokens_variance_min: int | None
    tokens_variance_median: int | None
    tokens_variance_max: int | None
    example_key: str | None
    """The first exchange whose bill is not in the band."""


@dataclass(slots=True)
class _Seen:
    rows: int = 0
    in_band: int = 0
    variances: Tally[int] = field(default_factory=Tally)
    example_key: str | None = None


def measure(billed: Iterable[Exchange], specs: SpecBook, counters: Counters) -> list[ParityRow]:
    """The table, in the order of its groups. Memory is bounded by BATCH and the number of groups."""
    groups: dict[Group, _Seen] = {}
    remaining = iter(billed)
    while batch := list(islice(remaining, BATCH)):
        requests = [
            recount.plan(x.provider, x.operation, x.model, x.started_at, x.body, specs) for x in batch
        ]
        _add(groups, batch, "input", requests, counters)
        answered = [
            x for x in batch if x.tokens_output_billed is not None and x.operation in recount.ANSWERING
        ]
        answers = [
            recount.plan_answer(x.provider, x.operation, x.model, x.started_at, x.body, x.answer, specs)
            for x in answered
        ]
        _add(groups, answered, "output", answers, counters)
    return [_row(group, groups[group]) for group in sorted(groups, key=str)]


def _add(
    groups: dict[Group, _Seen],
    exchanges: Sequence[Exchange],
    direction: Direction,
    plans: Sequence[recount.CountPlan],
    counters: Counters,
) -> None:
    for exchange, plan, counted in zip(exchanges, plans, recount.ranges(plans, counters), strict=True):
        seen = groups.setdefault(_group(exchange, direction, plan), _Seen())
        seen.rows += 1
        billed = exchange.tokens_input_billed if direction == "input" else exchange.tokens_output_billed
        if counted is None or billed is None:
            continue
        seen.variances[billed - counted.tokens] += 1
        is_held = counted.least <= billed <= counted.most
        seen.in_band += is_held
        seen.example_key = seen.example_key or (None if is_held else exchange.key)


def measure_files(files: Iterable[Path], book: SpecBook, step: Callable[[str], None]) -> list[ParityRow]:
    """The table of files of recorded exchanges: `exchange_jsonl`, or lines that `from_recorded` knows.

    Raises InputRejectedError for a file or a line that cannot be read, BadSpecError and IntegrityError for
    vocabularies.
    """
    return measure(recordings.read(files, step), book, Counters(book.vocabularies))


def _group(exchange: Exchange, direction: Direction, plan: recount.CountPlan) -> Group:
    at = exchange.started_at
    return Group(
        provider=exchange.provider,
        operation=exchange.operation,
        model=exchange.model,
        month=UNDATED if at is None else str(months.Month(at.year, at.month)),
        direction=direction,
        shape=plan.shape,
        exactness=plan.exactness,
        spec=plan.spec,
        reason=plan.reason,
    )


def _row(group: Group, seen: _Seen) -> ParityRow:
    # The lower of two middle ones, so that the median is a variance that occurred.
    ordered: Sequence[int | None] = sorted(seen.variances.elements()) or [None]
    return ParityRow(
        **group._asdict(),
        rows=seen.rows,
        rows_exact=seen.variances[0] if seen.variances else None,
        rows_within_2=sum(seen.variances[near] for near in range(-2, 3)) if seen.variances else None,
        rows_in_band=seen.in_band if seen.variances else None,
        tokens_variance_min=ordered[0],
        tokens_variance_median=ordered[(len(ordered) - 1) // 2],
        tokens_variance_max=ordered[-1],
        example_key=seen.example_key,
    )
