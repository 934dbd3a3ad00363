"""The verdict of the month: one sentence, and what the variance is made of.

Lives here: the headline and its parts, worded no stronger than the grades allow (bridge.CLAIMS).
Does not live here: the steps themselves (bridge).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from tickmark.reportpage.bridge import (
    CLAIMS,
    NO_INVOICE,
    NOT_EXPLAINED,
    OVERBILLED,
    ROUNDING,
    TAX_AND_CREDITS,
    UNBILLED,
    UNDERBILLED,
    UNLOGGED,
    UNVERIFIABLE,
    Bridge,
)
from tickmark.reportpage.display import THIN_SPACE, month_name, noun, usd_text
from tickmark.reportpage.tables import ZERO, Tables, share, total

_PHRASES = {
    OVERBILLED: "overbilled",
    UNDERBILLED: "billed too little",
    UNLOGGED: "billed but not in our logs",
    UNBILLED: "in our logs but not billed",
    UNVERIFIABLE: "that cannot be verified",
    TAX_AND_CREDITS: "tax and credits",
    ROUNDING: "rounding and timing",
    NO_INVOICE: "without an invoice to compare with",
    NOT_EXPLAINED: "unexplained",
}
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_LARGEST_SHARE = 10
"""A difference of more than ten times the expected bill is not said in percent."""


class Part(NamedTuple):
    """What may be said about a part of the variance, USD, and the causes behind it, largest first."""

    claim: str
    cost_usd: Decimal
    causes: list[str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Totals of the month, USD; `parts` adds up to the variance exactly and always names the unexplained."""

    headline: str
    cost_usd_expected: Decimal
    cost_usd_billed: Decimal
    cost_usd_variance: Decimal
    cost_usd_explained: Decimal
    cost_usd_unexplained: Decimal
    parts: list[Part]


def verdict(tables: Tables, bridges: Sequence[Bridge], month: str, *, is_draft: bool) -> Verdict:
    """Judge the month from its accounts and their bridges."""
    accounts = tables["month_close"]
    billed, expected = total(accounts, "cost_usd_billed"), total(accounts, "cost_usd_expected")
    parts = _parts(bridges)
    sentence = _sentence(tables, billed, expected, parts, month_name(month))
    return Verdict(
        headline=f"Draft, not final: {sentence}" if is_draft else sentence[:1].upper() + sentence[1:],
        cost_usd_expected=expected,
        cost_usd_billed=billed,
        cost_usd_variance=billed - expected,
        cost_usd_explained=total(accounts, "cost_usd_explained"),
        cost_usd_unexplained=total(accounts, "cost_usd_unexplained"),
        parts=parts,
    )


def _parts(bridges: Sequence[Bridge]) -> list[Part]:
    causes: dict[str, dict[str, Decimal]] = {claim: {} for claim in CLAIMS}
    for step in (step for bridge in bridges for step in bridge.steps):
        sums = causes[step.claim]
        sums[step.cause] = sums.get(step.cause, ZERO) + step.cost_usd
    return [
        Part(claim, sum(sums.values(), ZERO), sorted(sums, key=lambda cause: abs(sums[cause]), reverse=True))
        for claim, sums in causes.items()
        if sums or claim == NOT_EXPLAINED
    ]


def _sentence(tables: Tables, billed: Decimal, expected: Decimal, parts: Sequence[Part], month: str) -> str:
    accounts = tables["month_close"]
    if not accounts:
        return f"nothing was logged or billed for {month}."
    if billed == expected and not any(part.cost_usd for part in parts):
        bill = f"every cent of the {usd_text(billed)} USD billed for {month} ties to our logs and our rates"
        return f"{bill}{_without_invoice(tables)}."
    bill = f"{_providers(tables)} billed {usd_text(billed)} USD for {month}"
    if all(row["status"] == "matched" for row in accounts):
        return f"{bill}, which agrees with our logs and rates up to {_reasons(parts)}."
    return f"{bill}, {_distance(billed, expected)}: {_reasons(parts)}{_without_invoice(tables)}."


def _without_invoice(tables: Tables) -> str:
    missing = sum(1 for row in tables["month_close"] if row["invoice_ids"] is None)
    return f"; {noun(missing, 'account')} delivered no invoice" if missing else ""


def _providers(tables: Tables) -> str:
    number = len({row["provider"] for row in tables["month_close"]})
    digits, word = noun(number, "provider").split()
    return f"{_NUMBERS[number - 1] if number <= len(_NUMBERS) else digits} {word}"


def _distance(billed: Decimal, expected: Decimal) -> str:
    variance = billed - expected
    if not variance:
        return "in total exactly what our logs and rates expect, with differences that cancel out"
    part = share(abs(variance), expected)
    percent = f" ({part.scaleb(2):.1f}{THIN_SPACE}%)" if part is not None and part < _LARGEST_SHARE else ""
    side = "more" if variance > 0 else "less"
    return f"{usd_text(abs(variance))} USD{percent} {side} than our logs and rates expect"


def _reasons(parts: Sequence[Part]) -> str:
    # One sentence names what matters; the table below it has every part.
    least = max(abs(part.cost_usd) for part in parts) / 100
    named = {part.claim: part.cost_usd for part in parts}
    unexplained = named.pop(NOT_EXPLAINED)
    small = [claim for claim, amount in named.items() if abs(amount) < least]
    smaller = sum((named.pop(claim) for claim in small), ZERO)
    return ", ".join(
        [
            *(f"{usd_text(amount)} {_PHRASES[claim]}" for claim, amount in named.items()),
            *([f"{usd_text(smaller)} in smaller parts"] if smaller else []),
            f"{usd_text(unexplained)} unexplained" if unexplained else "nothing unexplained",
        ]
    )
