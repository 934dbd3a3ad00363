"""The verdict of the month: one sentence, and what the variance is made of.

Lives here: the headline and its parts, worded no stronger than the grades allow (bridge.CLAIMS).
Does not live here: the steps themselves (bridge).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

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
from tickmark.reportpage.display import month_name, noun, usd_text
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
_HALF_CENT = Decimal("0.005")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Totals of the month, USD; `parts` adds up to the variance exactly and always names the unexplained."""

    headline: str
    cost_usd_expected: Decimal
    cost_usd_billed: Decimal
    cost_usd_variance: Decimal
    cost_usd_explained: Decimal
    cost_usd_unexplained: Decimal
    parts: list[tuple[str, Decimal]]


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
        cost_usd_variance=total(accounts, "cost_usd_variance"),
        cost_usd_explained=total(accounts, "cost_usd_explained"),
        cost_usd_unexplained=total(accounts, "cost_usd_unexplained"),
        parts=parts,
    )


def _parts(bridges: Sequence[Bridge]) -> list[tuple[str, Decimal]]:
    sums = dict.fromkeys(CLAIMS, ZERO)
    for bridge in bridges:
        for step in bridge.steps:
            sums[step.claim] += step.cost_usd
    return [(claim, amount) for claim, amount in sums.items() if amount or claim == NOT_EXPLAINED]


def _sentence(
    tables: Tables, billed: Decimal, expected: Decimal, parts: Sequence[tuple[str, Decimal]], month: str
) -> str:
    accounts = tables["month_close"]
    if not accounts:
        return f"nothing was logged or billed for {month}."
    if billed == expected and not any(amount for _, amount in parts):
        return f"every cent of the {usd_text(billed)} USD billed for {month} ties to our logs and our rates."
    providers = noun(len({row["provider"] for row in accounts}), "provider")
    reasons = _reasons(parts, abs(billed - expected))
    return f"{providers} billed {usd_text(billed)} USD for {month}, {_distance(billed, expected)}: {reasons}."


def _distance(billed: Decimal, expected: Decimal) -> str:
    variance = billed - expected
    if not variance:
        return "in total exactly what our logs and rates expect, with differences that cancel out"
    part = share(abs(variance), expected)
    percent = f" ({part.scaleb(2):.1f} %)" if part is not None and part < 10 else ""
    return f"{usd_text(abs(variance))} USD{percent} {'more' if variance > 0 else 'less'} than our logs and rates expect"


def _reasons(parts: Sequence[tuple[str, Decimal]], variance: Decimal) -> str:
    # Beside whole dollars, fractions of a cent are for the table below the sentence.
    least = _HALF_CENT if variance >= 1 else ZERO
    named = [
        f"{usd_text(amount, signed=True)} {_PHRASES[claim]}"
        for claim, amount in parts
        if abs(amount) > least and claim != NOT_EXPLAINED
    ]
    rest = dict(parts)[NOT_EXPLAINED]
    last = f"{usd_text(rest, signed=True)} unexplained" if rest else "nothing unexplained"
    return ", ".join([*named, last])
