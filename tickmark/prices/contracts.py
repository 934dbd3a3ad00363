"""A company's own prices: rate cards, one YAML file per contract (docs/rate_cards.md).

Lives here: reading and checking a card, and the price that it sets in one scope.
Does not live here: list prices (listing.py), the rate book (book.py). Commits, credits, free quotas and
volume tiers depend on what was used before; a price per token cannot say them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from itertools import combinations
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from tickmark import money, providers, strictyaml
from tickmark.errors import BadSpecError, Where, printable
from tickmark.prices._fields import Instant, Number
from tickmark.prices.catalogue import Priced
from tickmark.prices.listing import PRICE_KEYS
from tickmark.records import TOKEN_CLASSES
from tickmark.strictyaml import problem

SERVICE_TIERS = (
    *("standard", "batch", "flex", "flex_discount", "priority", "priority_on_demand"),
    *("fast", "ultrafast", "scale"),
)
"""Tiers that providers name in responses and bills (API references of OpenAI and Anthropic, 2026-11)."""

_PER_CALL = tuple(name for name in PRICE_KEYS if name not in TOKEN_CLASSES)
_PRICES = ("usd_per_million", "usd_per_unit", "discount_percent")
_MILLION = 1_000_000


def _known_class(name: str) -> str:
    if name not in PRICE_KEYS:
        raise problem(
            f"one of {', '.join(PRICE_KEYS)}", "correct the spelling, or leave the field out for all"
        )
    return name


def _known_tier(name: str) -> str:
    if name not in (*SERVICE_TIERS, "*"):
        raise problem(f"one of {', '.join(SERVICE_TIERS)}, *", "correct the spelling")
    return name


_Usd = Annotated[Number, Field(ge=0, lt=_MILLION)]
_Percent = Annotated[Number, Field(ge=0, le=100)]


class Rate(BaseModel):
    """One line of a rate card: which calls it speaks about, and exactly one way to say their price."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: Annotated[str, Field(min_length=1)]
    """Model as the bill names it; `*` stands for any text, `?` for one character."""
    token_class: Annotated[str, AfterValidator(_known_class)] | None = None
    """Token class or per-call unit; left out, a discount holds for all."""
    service_tier: Annotated[str, AfterValidator(_known_tier)] | None = None
    """Tier served; left out, a price holds for standard and a discount for every tier; `*` is every tier."""
    usd_per_million: _Usd | None = None
    """Price of a million tokens, USD."""
    usd_per_unit: _Usd | None = None
    """Price of one call, USD."""
    discount_percent: _Percent | None = None
    """Percent off the list price of the same row."""

    @model_validator(mode="after")
    def _says_one_price(self) -> "Rate":
        if sum(getattr(self, name) is not None for name in _PRICES) != 1:
            raise problem(f"exactly one of {', '.join(_PRICES)}", "keep one of them")
        if self.discount_percent is None and self.token_class is None:
            raise problem("token_class beside a price in USD", "name the token class, one rate per class")
        if self.usd_per_million is not None and self.token_class in _PER_CALL:
            raise problem(f"usd_per_unit for {', '.join(_PER_CALL)}", "write the price of one call")
        if self.usd_per_unit is not None and self.token_class in TOKEN_CLASSES:
            raise problem("usd_per_million for token classes", "write the price of a million tokens")
        self.price(None)  # refuses digits that the rate book cannot keep
        return self

    def covers(self, scope: Priced, token_class: str) -> bool:
        """Whether this rate speaks about such calls."""
        tier = self.service_tier or ("standard" if self.discount_percent is None else "*")
        return (
            fnmatchcase(scope.model, self.model)
            and self.token_class in (None, token_class)
            and tier in ("*", scope.service_tier)
        )

    def price(self, listed: Decimal | None) -> Decimal | None:
        """Price per unit in USD; None for a discount on a list price that does not exist.

        Raises ValueError where a written price has more digits than the rate book keeps.
        """
        if self.usd_per_million is not None:
            return money.price_per_unit(self.usd_per_million, _MILLION)
        if self.usd_per_unit is not None:
            return money.price_per_unit(self.usd_per_unit, 1)
        if self.discount_percent is None or listed is None:
            return None
        return money.nearest_price(listed * (100 - self.discount_percent), 100)


class _File(BaseModel):
    """A rate card as it is written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    contract: Annotated[str, Field(min_length=1)]
    provider: Annotated[str, Field(min_length=1)]
    valid_from: Instant
    valid_to: Instant | None
    rates: Annotated[tuple[Rate, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _has_duration(self) -> "_File":
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            raise problem(
                "valid_to after valid_from", "valid_to is the first instant that the card no longer covers"
            )
        return self


@dataclass(frozen=True, slots=True)
class RateCard:
    """Contracted prices of one provider in `[valid_from, valid_to)`; without `valid_to` they go on."""

    file: str
    contract: str
    provider: str
    valid_from: datetime
    valid_to: datetime | None
    rates: tuple[Rate, ...]

    def price(self, scope: Priced, token_class: str, listed: Decimal | None) -> Decimal | None:
        """Contracted price per unit by the first rate that covers the scope; None where no rate sets one."""
        fitting = (rate for rate in self.rates if rate.covers(scope, token_class))
        first = next(fitting, None)
        return None if first is None else first.price(listed)


def load_rate_card(path: Path) -> RateCard:
    """Read one rate card. Raises BadSpecError with file, line, field and repair."""
    card = strictyaml.load_as(path, path.name, _File)
    return RateCard(
        file=path.name,
        contract=card.contract,
        provider=providers.by_name(card.provider),
        valid_from=card.valid_from,
        valid_to=card.valid_to,
        rates=card.rates,
    )


def refuse_overlaps(cards: Sequence[RateCard]) -> None:
    """Raise BadSpecError where two cards of one provider are valid at the same instant."""
    ordered = sorted(cards, key=lambda card: (card.valid_from, card.file))
    for earlier, later in combinations(ordered, 2):
        if earlier.provider != later.provider:
            continue
        if earlier.valid_to is None or later.valid_from < earlier.valid_to:
            raise BadSpecError(
                "E-CARD-OVERLAP",
                f"one card of a provider at a time; {printable(earlier.file)} is still valid then",
                where=Where(later.file, field="valid_from"),
                repair=f"end {printable(earlier.file)} with valid_to at the instant this card begins",
            )
