"""What the providers charge: metered tokens times the contract's rates, and invoices rounded to the cent.

Lives here: the company's rate card, charges per model, class and day, invoice totals.
Does not live here: how documents write them (provider_files), and what the providers get wrong (faults).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path

from tickmark import money
from tickmark.errors import BadSpecError
from tickmark.months import Month
from tickmark.prices import Priced, load_rate_card, rate_book
from tickmark.records import RateRow
from tickmark.simulator.calls import FINE_TUNED, MODELS, DayUsage, Model

_CARD = """\
# The demo's contract: 10 % off OpenAI's list prices.
contract: openai-{year}
provider: openai
valid_from: {year}-01-01T00:00:00Z
valid_to: null
rates:
  - {{model: "*", discount_percent: "10"}}
"""
_UNLISTED = {
    (FINE_TUNED.name, "uncached_input"): Decimal("0.0000006"),
    (FINE_TUNED.name, "output"): Decimal("0.0000018"),
}
"""What a provider charges per token for a model that no catalogue prices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One line of a bill: one token class of one model on one UTC day."""

    provider: str
    model: str
    token_class: str
    day: date
    tokens: int
    usd_per_token: Decimal
    cost_usd: Decimal


@dataclass(frozen=True, slots=True)
class Rates:
    """Prices per token of one month."""

    rows: Mapping[tuple[str, str], Sequence[RateRow]]

    def listed(self, model: str, token_class: str, day: date) -> Decimal | None:
        """What the rate book says; None is unpriced. Prompts stay below every price band."""
        at = datetime.combine(day, time(), UTC)
        rows = self.rows.get((model, token_class), ())
        return next((row.usd_per_unit for row in rows if row.valid_from <= at < row.valid_to), None)

    def charged(self, model: str, token_class: str, day: date) -> Decimal:
        """What the provider's price list says; raise BadSpecError where the model has no price that month."""
        unlisted = _UNLISTED.get((model, token_class))
        found = self.listed(model, token_class, day) if unlisted is None else unlisted
        if found is None:
            raise BadSpecError(
                "E-SIMULATE-MONTH",
                f"a month in which the catalogue prices {model} {token_class}",
                repair="simulate a later month",
            )
        return found

    def cost(self, model: str, tokens: Mapping[str, int], day: date) -> Decimal:
        """Cost in USD of some tokens by class, as the provider's price list says."""
        charged = (self.charged(model, token_class, day) * used for token_class, used in tokens.items())
        return sum(charged, Decimal(0))


def write_rate_card(home: Path, month: Month) -> Path:
    """Put the company's contract into its home; the path of the card."""
    path = home / "rate_cards" / "openai.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_CARD.format(year=month.year), "utf-8")
    return path


def rates(card: Path, month: Month, models: Iterable[Model] = MODELS) -> Rates:
    """The rate book of a month under a contract."""
    wanted = [Priced(model.provider, model.name, "standard") for model in models]
    found: dict[tuple[str, str], list[RateRow]] = {}
    for row in rate_book(wanted, [load_rate_card(card)], month.start, month.end):
        if row.prompt_tokens_above == 0:
            found.setdefault((row.model, row.token_class), []).append(row)
    return Rates(found)


def bill(usage: Iterable[DayUsage], prices: Rates) -> list[Charge]:
    """The charges of a provider that bills what it metered at the contract's rates."""
    found: list[Charge] = []
    for bucket in usage:
        for token_class, tokens in sorted(bucket.tokens.items()):
            price = prices.charged(bucket.model, token_class, bucket.day)
            found.append(
                Charge(
                    provider=bucket.provider,
                    model=bucket.model,
                    token_class=token_class,
                    day=bucket.day,
                    tokens=tokens,
                    usd_per_token=price,
                    cost_usd=price * tokens,
                )
            )
    return found


def totals(charges: Iterable[Charge]) -> dict[str, Decimal]:
    """Exact sum of the charges of each provider, USD."""
    found: dict[str, Decimal] = {}
    for charge in charges:
        found[charge.provider] = found.get(charge.provider, Decimal(0)) + charge.cost_usd
    return dict(sorted(found.items()))


def invoices(charges: Iterable[Charge]) -> dict[str, Decimal]:
    """Payable total of each provider, rounded half up to the cent."""
    return {provider: money.cents(total) for provider, total in totals(charges).items()}


def plain(number: Decimal) -> str:
    """Every digit, without exponent and trailing zeros."""
    return format(number.normalize(), "f")
