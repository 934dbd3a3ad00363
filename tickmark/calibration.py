"""Calibrating a closed tokenizer: what its bills make of a count by another vocabulary.

Lives here: the fit of `per_token` and its band on one half of recorded exchanges, and the test on the other.
Does not live here: the constants of the framing (the spec says them) and the estimate itself (specs).

A request belongs to one half by its hash, so that repeats of it never stand in both.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from decimal import Decimal
from itertools import accumulate, islice
from math import ceil, floor
from pathlib import Path
from statistics import fmean

from tickmark import recordings, recount
from tickmark.framing.result import Shape
from tickmark.parity import BATCH
from tickmark.recordings import Exchange
from tickmark.recount import CountPlan
from tickmark.specbook import SpecBook
from tickmark.specs import Calibration
from tickmark.tokenizers import Counters

HELD = 0.99
"""Share of the fitted half that the band holds; a little over the 95 % that it must hold blind."""
LEAST_DISTINCT = 12
"""Fewer distinct requests in the fitted half than these measure nothing."""
DIGITS = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Sample:
    """One exchange: what its provider billed beside what we know of it."""

    key: str
    day: date
    billed: int
    overhead: int
    proxy_tokens: int

    @property
    def is_blind(self) -> bool:
        return int(self.key[-1], 16) % 2 == 1


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
    calibration: Calibration | None
    """None where the exchanges are too few."""


def measure(files: Iterable[Path], book: SpecBook, step: Callable[[str], None]) -> list[Fitted]:
    """Fit every calibrated spec of a book on recorded exchanges; what the specs say already is ignored.

    Raises what `recordings.read` raises for a file or line that cannot be read.
    """
    samples: dict[tuple[str, Shape], list[Sample]] = {}
    floors = {(spec, shape): calibration.floor_tokens for spec, shape, calibration in book.calibrations()}
    counters = Counters(book.vocabularies)
    exchanges = recordings.read(files, step)
    while batch := list(islice(exchanges, BATCH)):
        for plan, sample in _sampled(batch, book, counters):
            samples.setdefault((str(plan.spec), plan.shape), []).append(sample)
    return [_fitted(*group, samples.get(group, []), floor_) for group, floor_ in sorted(floors.items())]


def _sampled(
    batch: Sequence[Exchange], book: SpecBook, counters: Counters
) -> Iterable[tuple[CountPlan, Sample]]:
    plans = [recount.plan(x.provider, x.operation, x.model, x.started_at, x.body, book) for x in batch]
    for exchange, plan, tokens in zip(batch, plans, recount.segment_tokens(plans, counters), strict=True):
        # Without a date nobody knows which tokenizer was in use.
        if plan.calibration is not None and tokens is not None and exchange.started_at is not None:
            day, billed = exchange.started_at.astimezone(UTC).date(), exchange.tokens_input_billed
            yield plan, Sample(exchange.key, day, billed, plan.overhead_tokens, tokens)


def _fitted(spec: str, shape: Shape, samples: Sequence[Sample], floor_tokens: int) -> Fitted:
    seen = [sample for sample in samples if not sample.is_blind]
    blind = [sample for sample in samples if sample.is_blind]
    # Repeats of one request weigh once: test suites send some prompts a hundred times.
    distinct = list({(sample.key, sample.billed): sample for sample in seen}.values())
    keys = [len({sample.key for sample in half}) for half in (seen, blind)]
    if keys[0] < LEAST_DISTINCT or not blind:
        return Fitted(spec, shape, len(seen), keys[0], len(blind), keys[1], None, None, None, None)
    days = [sample.day for sample in samples]
    found = fit(distinct, floor_tokens, min(days), max(days))
    bands = [found.band(sample.overhead + found.estimate(sample.proxy_tokens)) for sample in blind]
    held = [low <= x.billed <= high for x, (low, high) in zip(blind, bands, strict=True)]
    by_request: dict[str, list[bool]] = {}
    for sample, is_held in zip(blind, held, strict=True):
        by_request.setdefault(sample.key, []).append(is_held)
    held_requests = fmean(map(fmean, by_request.values()))
    width = sum(high - low for low, high in bands) / sum(sample.billed for sample in blind)
    counts = (len(seen), keys[0], len(blind), keys[1])
    return Fitted(spec, shape, *counts, fmean(held), held_requests, width, found)


def fit(samples: Sequence[Sample], floor_tokens: int, first_day: date, last_day: date) -> Calibration:
    """The factor with the least absolute share of error, and the band that holds HELD of the samples."""
    ratios = [
        ((x.billed - x.overhead) / x.proxy_tokens, x.proxy_tokens / max(x.billed, floor_tokens))
        for x in samples
        if x.proxy_tokens
    ]
    per_token = Decimal(_weighted_median(ratios)).quantize(DIGITS)
    errors = sorted(_error(x, per_token, floor_tokens) for x in samples)
    outside = (1 - HELD) / 2 * len(errors)
    low, high = errors[floor(outside)], errors[ceil(len(errors) - outside) - 1]
    return Calibration(
        per_token=per_token,
        band_low=Decimal(low).quantize(DIGITS),
        band_high=Decimal(high).quantize(DIGITS),
        floor_tokens=floor_tokens,
        first_day=first_day,
        last_day=last_day,
        evidence=f"fitted on {len(samples)} requests",
    )


def _error(sample: Sample, per_token: Decimal, floor_tokens: int) -> float:
    estimate = sample.overhead + float(per_token) * sample.proxy_tokens
    return (sample.billed - estimate) / max(estimate, floor_tokens)


def _weighted_median(values: Iterable[tuple[float, float]]) -> float:
    ordered = sorted(values)
    half = sum(weight for _, weight in ordered) / 2
    sums = accumulate(weight for _, weight in ordered)
    return next(value for (value, _), reached in zip(ordered, sums, strict=True) if reached >= half)
