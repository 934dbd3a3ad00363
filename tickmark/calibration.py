"""Calibrating a closed tokenizer: what its bills make of a count by another vocabulary.

Lives here: the fit of a rule's constants and factors and of its bands on one half of recorded exchanges, and
the test on the other. Does not live here: how often a request adds each constant (framing/proxy_text) and the
estimate itself (specs).

A request belongs to one half by its hash, so that repeats of it never stand in both. One fit gives every
number of a rule; the errors behind its bands are those of requests that a fit did not see (it is made sixteen
times, each time without a sixteenth).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import islice
from math import ceil, floor, sqrt
from pathlib import Path
from statistics import fmean, median
from typing import NamedTuple, TypeAlias

import numpy as np
from scipy.optimize import linprog

from tickmark import recordings, recount
from tickmark.framing import proxy_text
from tickmark.framing.constants import ProxyText
from tickmark.framing.result import SegmentKind, Shape
from tickmark.parity import BATCH
from tickmark.recordings import Exchange
from tickmark.specbook import SpecBook
from tickmark.specs import Calibration
from tickmark.tokenizers import Counters

HELD = 0.99
"""Share of the fitted half that the band holds; a little over the 95 % that it must hold blind."""
LEAST_DISTINCT = 12
"""Fewer distinct requests in the fitted half than these measure nothing."""
SURE = 39
"""Least and most of so many requests hold another one in 38 of 40 cases. A band of fewer is widened."""
APART = 20
"""Tools and past calls have bands of their own where both have so many distinct requests."""
FLOORS = (50, 100, 200, 400)
SMALLEST = 20
"""Of smaller requests a token of error weighs as it does in one of this size."""
DIGITS, FRACTIONS = Decimal("0.0001"), Decimal("0.01")

Name: TypeAlias = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Sample:
    """One exchange: what its provider billed beside what we know of it."""

    key: str
    shape: Shape
    day: date
    billed: int
    tokens: dict[SegmentKind, int]
    """Of the proxy vocabulary."""
    added: dict[str, int]
    """How often it adds each constant of its rule."""

    @property
    def is_blind(self) -> bool:
        return int(self.key[-1], 16) % 2 == 1

    @property
    def name(self) -> "Name":
        """One request may have been billed differently at different times."""
        return self.key, self.billed

    @property
    def columns(self) -> dict[str, int]:
        return {**self.added, **{str(kind): tokens for kind, tokens in self.tokens.items()}}


class Model(NamedTuple):
    """What one fit found: constants by the names of `proxy_text.added`, factors by kind of segment."""

    constants: dict[str, Decimal]
    per_token: dict[SegmentKind, Decimal]

    def estimate(self, sample: Sample) -> int:
        overhead = [self.constants.get(name, Decimal(0)) * times for name, times in sample.added.items()]
        counted = [self.per_token.get(kind, Decimal(1)) * tokens for kind, tokens in sample.tokens.items()]
        return _rounded(sum(overhead, Decimal(0))) + _rounded(sum(counted, Decimal(0)))


def _rounded(tokens: Decimal) -> int:
    return int(tokens.to_integral_value(ROUND_HALF_EVEN))


@dataclass(frozen=True, slots=True)
class Fitted:
    """A calibration and how it fared on exchanges that it never saw."""

    spec: str
    shape: Shape
    rows_fitted: int
    requests_fitted: int
    rows_blind: int
    requests_blind: int
    held_rows: float | None
    """Share of blind rows inside the band."""
    held_requests: float | None
    """The same where each distinct request weighs once, however often test suites repeat it."""
    band_share: float | None
    """Width of the bands of the blind rows, all together, as a share of what was billed."""
    constants: dict[str, Decimal]
    """Of the rule's framing, the same for all its shapes."""
    calibration: Calibration | None
    """None where the exchanges are too few."""


def measure(files: Iterable[Path], book: SpecBook, step: Callable[[str], None]) -> list[Fitted]:
    """Fit every calibrated spec of a book on recorded exchanges; the numbers that the specs say are ignored.

    Raises what `recordings.read` raises for a file or line that cannot be read.
    """
    samples: dict[str, list[Sample]] = {spec: [] for spec, _, _ in book.calibrations()}
    counters = Counters(book.vocabularies)
    exchanges = recordings.read(files, step)
    while batch := list(islice(exchanges, BATCH)):
        for spec, sample in _sampled(batch, book, counters):
            samples[spec].append(sample)
    claimed: dict[str, list[Shape]] = {}
    for spec, shape, _ in book.calibrations():
        claimed.setdefault(spec, []).append(shape)
    return [row for spec in sorted(claimed) for row in _fitted(spec, sorted(claimed[spec]), samples[spec])]


def _sampled(batch: Sequence[Exchange], book: SpecBook, counters: Counters) -> Iterable[tuple[str, Sample]]:
    plans = [recount.plan(x.provider, x.operation, x.model, x.started_at, x.body, book) for x in batch]
    for exchange, plan, tokens in zip(batch, plans, recount.segment_tokens(plans, counters), strict=True):
        # Without a date nobody knows which tokenizer was in use.
        if plan.calibration is None or tokens is None or exchange.started_at is None:
            continue
        spec = book.find(exchange.provider, exchange.operation, exchange.model, exchange.started_at)
        if spec and spec.counts and isinstance(rule := spec.counts.constants, ProxyText):
            day, billed = exchange.started_at.astimezone(UTC).date(), exchange.tokens_input_billed
            added = _tied(proxy_text.added(exchange.body or {}, rule), rule)
            yield spec.name, Sample(exchange.key, plan.shape, day, billed, dict(tokens), added)


def _tied(added: dict[str, int], rule: ProxyText) -> dict[str, int]:
    """Choices of tools that the spec gives one number are one constant, named after all of them."""
    prompts: dict[Decimal, list[str]] = {}
    for choice, tokens in rule.tool_prompt.items():
        prompts.setdefault(tokens, []).append(choice)
    named = {
        f"tool_prompt.{one}": f"tool_prompt {' '.join(all_)}" for all_ in prompts.values() for one in all_
    }
    return {named.get(name, name): times for name, times in added.items()}


def _fitted(spec: str, shapes: Sequence[Shape], samples: Sequence[Sample]) -> Iterable[Fitted]:
    seen = [sample for sample in samples if not sample.is_blind]
    # Repeats of one request weigh once: test suites send some prompts a hundred times.
    distinct = list({sample.name: sample for sample in seen}.values())
    model = fit(distinct) if len(distinct) >= LEAST_DISTINCT else None
    unseen = _unseen(distinct) if model else {}
    for shape in shapes:
        of = [sample for sample in distinct if sample.shape in _together(shape, distinct)]
        halves = [[x for x in samples if x.shape == shape and x.is_blind is blind] for blind in (False, True)]
        rows_fitted, rows_blind = map(len, halves)
        requests_fitted, requests_blind = (len({sample.key for sample in half}) for half in halves)
        counts = (rows_fitted, requests_fitted, rows_blind, requests_blind)
        if model is None or len(of) < LEAST_DISTINCT:
            yield Fitted(spec, shape, *counts, None, None, None, {}, None)
            continue
        days = [sample.day for half in halves for sample in half]
        found = _band(model, shape, of, unseen, days)
        yield Fitted(spec, shape, *counts, *_tested(model, found, halves[1]), model.constants, found)


def _together(shape: Shape, distinct: Sequence[Sample]) -> tuple[Shape, ...]:
    both: tuple[Shape, ...] = ("tools", "tool_calls")
    few = any(sum(sample.shape == one for sample in distinct) < APART for one in both)
    return both if few and shape in both else (shape,)


def fit(samples: Sequence[Sample]) -> Model:
    """The numbers, none below 0, with the least absolute shares of error: a linear program."""
    kinds: tuple[SegmentKind, ...] = ("text", "tools", "calls")
    names = sorted({name for sample in samples for name, times in sample.columns.items() if times})
    errors = [1 / max(sample.billed, SMALLEST) for sample in samples]
    one = np.eye(len(samples))
    # Each bill is what the numbers make of it, and what is missing, and less what is too much.
    table = [[sample.columns.get(name, 0) for name in names] for sample in samples]
    found = linprog(
        c=[0.0] * len(names) + errors * 2,
        A_eq=np.hstack([np.array(table, float), one, -one]),
        b_eq=[sample.billed for sample in samples],
    )
    given = dict(zip(names, map(Decimal, np.abs(found.x).tolist()), strict=False))
    used = {kind for sample in samples for kind, n in sample.tokens.items() if n}
    return Model(
        constants={name: x.quantize(FRACTIONS) for name, x in given.items() if name not in kinds},
        per_token={kind: given.get(kind, Decimal(0)).quantize(DIGITS) for kind in kinds if kind in used},
    )


def _unseen(samples: Sequence[Sample]) -> dict[Name, int]:
    """The estimate of each sample by a fit without it."""
    folds: dict[str, list[Sample]] = {}
    for sample in samples:
        folds.setdefault(sample.key[-2], []).append(sample)
    models = {name: fit([x for x in samples if x.key[-2] != name]) for name in folds}
    return {sample.name: models[name].estimate(sample) for name, fold in folds.items() for sample in fold}


def _band(
    model: Model, shape: Shape, of: Sequence[Sample], unseen: dict[Name, int], days: Sequence[date]
) -> Calibration:
    """The narrowest band: its floor is tried, but never above the middle request of the shape."""
    estimates = [unseen[sample.name] for sample in of if sample.shape == shape] or [0]
    floors = [tokens for tokens in FLOORS if tokens <= max(FLOORS[0], median(estimates))]
    kinds = {kind for sample in of for kind in sample.tokens}
    bands = [
        Calibration(
            per_token={kind: factor for kind, factor in model.per_token.items() if kind in kinds},
            band_low=low,
            band_high=high,
            floor_tokens=floor_tokens,
            first_day=min(days),
            last_day=max(days),
            evidence=f"fitted on {len(of)} distinct requests",
        )
        for floor_tokens in floors
        for low, high in [_edges(of, unseen, floor_tokens)]
    ]
    return min(bands, key=lambda each: _width(each, estimates))


def _edges(of: Sequence[Sample], unseen: dict[Name, int], floor_tokens: int) -> tuple[Decimal, Decimal]:
    errors = sorted((x.billed - unseen[x.name]) / max(unseen[x.name], floor_tokens) for x in of)
    outside = (1 - HELD) / 2 * len(errors)
    low, high = errors[floor(outside)], errors[ceil(len(errors) - outside) - 1]
    more = max(0.0, sqrt(SURE / len(errors)) - 1) * (high - low) / 2
    return Decimal(min(0.0, low - more)).quantize(DIGITS), Decimal(max(0.0, high + more)).quantize(DIGITS)


def _width(band: Calibration, estimates: Iterable[int]) -> Decimal:
    return (band.band_high - band.band_low) * sum(max(tokens, band.floor_tokens) for tokens in estimates)


def _tested(
    model: Model, found: Calibration, blind: Sequence[Sample]
) -> tuple[float | None, float | None, float | None]:
    """Shares of blind rows and of blind requests that the band holds, and its width."""
    if not blind:
        return None, None, None
    bands = [found.band(model.estimate(sample)) for sample in blind]
    held = [low <= x.billed <= high for x, (low, high) in zip(blind, bands, strict=True)]
    by_request: dict[str, list[bool]] = {}
    for sample, is_held in zip(blind, held, strict=True):
        by_request.setdefault(sample.key, []).append(is_held)
    width = sum(high - low for low, high in bands) / sum(sample.billed for sample in blind)
    return fmean(held), fmean(map(fmean, by_request.values())), width
