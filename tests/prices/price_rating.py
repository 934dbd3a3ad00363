"""What the tests of prices share: finding the row of one call, as the rating SELECT does."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from tickmark.months import Month
from tickmark.prices import Priced, RateCard, rate_book
from tickmark.records import RateRow

PROMPT_CLASSES = ("uncached_input", "cache_read", "cache_write_5m", "cache_write_30m", "cache_write_1h")


def book(month: str, *scopes: tuple[str, str, str], cards: Sequence[RateCard] = ()) -> list[RateRow]:
    """The rate book of one month."""
    period = Month.parse(month)
    return rate_book([Priced(*scope) for scope in scopes], cards, period.start, period.end)


def row_at(rows: Sequence[RateRow], token_class: str, at: datetime, prompt: int = 1) -> RateRow | None:
    """The only row that holds; None where the class is unpriced."""
    minute = at.hour * 60 + at.minute
    found = [
        row
        for row in rows
        if row.token_class == token_class
        and row.valid_from <= at < row.valid_to
        and row.minute_from <= minute < row.minute_upto
        and row.prompt_tokens_above < max(prompt, 1)
        and (row.prompt_tokens_upto is None or prompt <= row.prompt_tokens_upto)
    ]
    assert len(found) <= 1
    return found[0] if found else None


def cost(rows: Sequence[RateRow], usage: Mapping[str, int], at: datetime) -> Decimal:
    """Tokens times rows; classes without a row are left out."""
    prompt = sum(count for name, count in usage.items() if name in PROMPT_CLASSES)
    found = {name: row_at(rows, name, at, prompt) for name in usage}
    return sum((usage[name] * row.usd_per_unit for name, row in found.items() if row), Decimal(0))
