"""The price catalogue genai-prices, pinned in pyproject.toml: which prices hold for a model, and when.

Lives here: finding a model, its tiers, its dates and its peak hours. It reads the catalogue that the
package ships, never an updated one.
Does not live here: prices per token class (listing.py) and contracts (contracts.py).

A provider is found by its exact id and a model among that provider's own: genai-prices would also take
the price of another host (Claude on Vertex at Anthropic's price), which would be a guess.

A tier has prices only where and when the catalogue lists it; genai-prices returns the standard price for
a tier it does not know. It knows no tiers before 2026-10-12 (batch: 2026-10-14) but for a few new models:
earlier usage of them stays unpriced unless a contract prices it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from itertools import groupby, pairwise
from operator import itemgetter
from typing import TypeAlias, TypeVar

import genai_prices
from genai_prices.data import providers as catalogue
from genai_prices.types import (
    ModelInfo,
    PriceVariant,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)

from tickmark.prices.overlays import Peak, overlays
from tickmark.providers import price_catalogue_id

CATALOGUE = f"genai-prices {genai_prices.__version__}"
"""Name and version of the catalogue, for `source` and the run manifest."""

TIERS: Mapping[str, Mapping[str, str]] = {
    "standard": {},
    "batch": {"processing": "batch"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
    "fast": {"service_tier": "fast", "speed": "fast"},
}
"""Tiers as served, with the context under which the catalogue lists them."""

MINUTES_PER_DAY = 1440

Price: TypeAlias = Decimal | TieredPrices
_Constraint: TypeAlias = StartDateConstraint | TimeOfDateConstraint | None
_Point = TypeVar("_Point", int, datetime)
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True, order=True)
class Priced:
    """One combination seen in the data: canonical provider, model as log or bill names it, served tier."""

    provider: str
    model: str
    service_tier: str


@dataclass(frozen=True, slots=True)
class PriceList:
    """Prices that hold at one time, by the catalogue's keys; `own` are those that the tier lists itself."""

    prices: Mapping[str, Price]
    own: frozenset[str]


@dataclass(frozen=True, slots=True)
class Listed:
    """A price list, where it stands, and the half-open period and minutes of the day it holds for."""

    place: str
    provider: str
    model: str
    valid_from: datetime
    valid_to: datetime
    minute_from: int
    minute_upto: int
    price_list: PriceList


def price_lists(scope: Priced, start: datetime, end: datetime) -> Iterator[Listed]:
    """Price lists of a scope within `[start, end)`, in order of time; none where the catalogue has none."""
    provider = price_catalogue_id(scope.provider)
    model, context = _find(provider, scope.model), TIERS.get(scope.service_tier)
    if model is None or context is None:
        return
    peak = overlays().peak(provider, model.id)
    place = f"{CATALOGUE} {provider}/{model.id}" + ("" if peak is None else f" (days by overlay {peak.name})")
    listing = _Listing(model, context, peak)
    for valid_from, valid_to, day in _runs(cut(start, end, listing.dates(start, end)), listing.day):
        for minute_from, minute_upto, prices in day:
            if prices is not None:
                yield Listed(
                    place, provider, model.id, valid_from, valid_to, minute_from, minute_upto, prices
                )


def cut(start: _Point, end: _Point, points: Iterable[_Point]) -> Iterator[tuple[_Point, _Point]]:
    """The parts of `[start, end)` between those points that lie inside it."""
    return pairwise(sorted({start, end}.union(point for point in points if start < point < end)))


def _find(provider: str, model: str) -> ModelInfo | None:
    found = next((each for each in catalogue if each.id == provider), None)
    return None if found is None else found.find_model(model)


def _runs(
    spans: Iterable[tuple[_Point, _Point]], value_at: Callable[[_Point], _Value]
) -> Iterator[tuple[_Point, _Point, _Value]]:
    """Join neighbouring spans over which the value stays the same."""
    valued = ((value_at(begin), begin, end) for begin, end in spans)
    for value, same in groupby(valued, key=itemgetter(0)):
        run = list(same)
        yield run[0][1], run[-1][2], value


_Day: TypeAlias = tuple[tuple[int, int, PriceList | None], ...]
"""Price lists by minutes of the UTC day; None where the tier is not listed."""


@dataclass(frozen=True, slots=True)
class _Listing:
    """One model in one context."""

    model: ModelInfo
    context: Mapping[str, str]
    peak: Peak | None

    def dates(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """Instants at which prices may change for longer than a day."""
        for constraint in self._constraints():
            if isinstance(constraint, StartDateConstraint):
                yield self._begins(constraint)
        if self.peak is not None:
            yield from self.peak.changes(start, end)

    def day(self, at: datetime) -> _Day:
        """What holds on this day, from midnight to midnight UTC."""
        windows = [each for each in self._constraints() if isinstance(each, TimeOfDateConstraint)]
        minutes = [_minute(edge) for window in windows for edge in (window.start_time, window.end_time)]
        spans = cut(0, MINUTES_PER_DAY, minutes)
        return tuple(_runs(spans, lambda minute: self._price_list(at, minute)))

    def _price_list(self, at: datetime, minute: int) -> PriceList | None:
        standard = self._standard(at, minute)
        if not self.context:
            return PriceList(standard, frozenset(standard))
        variants = [each for each in self.model.price_variants or () if self._chosen(each, at, minute)]
        if not variants:
            return None
        own: dict[str, Price] = {}
        for variant in reversed(variants):  # the first variant wins each key
            own |= _priced(variant.prices)
        return PriceList({**standard, **own}, frozenset(own))

    def _standard(self, at: datetime, minute: int) -> dict[str, Price]:
        prices = self.model.prices
        if not isinstance(prices, list):
            return _priced(prices)
        active = [each for each in prices if self._active(each.constraint, at, minute)]
        return _priced((active or prices[:1])[-1].prices)

    def _chosen(self, variant: PriceVariant, at: datetime, minute: int) -> bool:
        fits = all(self.context.get(key) == value for key, value in variant.when.items())
        return fits and self._active(variant.constraint, at, minute)

    def _active(self, constraint: _Constraint, at: datetime, minute: int) -> bool:
        if constraint is None:
            return True
        if isinstance(constraint, StartDateConstraint):
            return at >= self._begins(constraint)
        clock = datetime.combine(at.date(), time(*divmod(minute, 60)), UTC)
        return (self.peak is None or self.peak.applies(at)) and constraint.active(clock)

    def _begins(self, constraint: StartDateConstraint) -> datetime:
        if self.peak is not None and constraint.start_date == self.peak.catalogue_date:
            return self.peak.begins
        return datetime.combine(constraint.start_date, time(), UTC)

    def _constraints(self) -> Iterator[_Constraint]:
        for dated in self.model.prices if isinstance(self.model.prices, list) else ():
            yield dated.constraint
        for variant in self.model.price_variants or ():
            yield variant.constraint


def _priced(prices: object) -> dict[str, Price]:
    return {key: price for key, price in vars(prices).items() if price is not None}


def _minute(clock: time) -> int:
    """Minute of the UTC day; the catalogue writes UTC."""
    return clock.hour * 60 + clock.minute
