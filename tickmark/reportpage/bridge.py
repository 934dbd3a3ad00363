"""The variance bridge of one account: from our logs to the invoice, cause by cause.

Lives here: steps summed over models, what their grade allows us to say, and the proof that they add up.
Does not live here: drawing (bridge_picture) and the causes themselves (sql/reconcile/causes.sql).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from tickmark.reportpage.display import noun
from tickmark.reportpage.tables import ZERO, Row, Tables, grouped, known_total, largest, total

UNEXPLAINED = "unexplained"
OVERBILLED = "Overbilled"
UNDERBILLED = "Billed too little"
UNLOGGED = "Billed, not in our logs"
UNBILLED = "In our logs, not billed"
UNVERIFIABLE = "Cannot be verified"
TAX_AND_CREDITS = "Tax and credits"
ROUNDING = "Rounding and timing"
NOT_EXPLAINED = "Unexplained"
NO_INVOICE = "No invoice to compare with"
CLAIMS = (
    OVERBILLED,
    UNDERBILLED,
    UNLOGGED,
    UNBILLED,
    UNVERIFIABLE,
    TAX_AND_CREDITS,
    ROUNDING,
    NO_INVOICE,
    NOT_EXPLAINED,
)
"""What may be said about an amount, strongest first."""

PROVED = ("A", "B")
ACCOUNTS_SHOWN = 6
_UNPRICED = "D35"


@dataclass(frozen=True, slots=True)
class Step:
    """One cause with one grade: the amount that it adds, and the models it is about, largest first."""

    step_no: int
    step: str
    code: str
    cause: str
    grade: str
    cost_usd: Decimal
    tokens: Decimal | None
    items: int
    models: tuple[tuple[str, Decimal], ...]

    @property
    def claim(self) -> str:
        """The strongest words that the evidence allows; only grades A and B may say overbilled."""
        if fixed := _fixed_claim(self):
            return fixed
        more = self.cost_usd > 0
        if self.step == "population":
            return UNLOGGED if more else UNBILLED
        # Without a price of our own nothing says that theirs is too high.
        if self.grade not in PROVED or self.code == _UNPRICED:
            return UNVERIFIABLE
        if self.step in ("period", "rounding"):
            return ROUNDING
        return OVERBILLED if more else UNDERBILLED


def _fixed_claim(step: Step) -> str | None:
    if step.code in (UNEXPLAINED, NO_INVOICE):
        return NOT_EXPLAINED if step.code == UNEXPLAINED else NO_INVOICE
    return TAX_AND_CREDITS if step.step == "credits, tax" else None


@dataclass(frozen=True, slots=True)
class Bridge:
    """From expected to billed: `cost_usd_expected` plus all steps is `cost_usd_billed`, to the last digit."""

    provider: str
    account: str
    status: str | None
    end: str
    cost_usd_expected: Decimal
    cost_usd_billed: Decimal
    steps: list[Step]

    @property
    def cost_usd_unexplained(self) -> Decimal:
        return sum((step.cost_usd for step in self.steps if step.claim == NOT_EXPLAINED), Decimal(0))

    @property
    def cost_usd_variance(self) -> Decimal:
        return self.cost_usd_billed - self.cost_usd_expected


def bridges(tables: Tables) -> list[Bridge]:
    """One bridge per account, largest variance first; beyond six, all other accounts share the last one."""
    by_account = grouped(tables["variance_bridge"], "provider", "account")
    accounts = largest(tables["month_close"], _importance, ACCOUNTS_SHOWN)
    result = [
        _bridge(_Title(row["provider"], row["account"], row["status"]), [row], by_account)
        for row in accounts.shown
    ]
    if accounts.others:
        title = _Title(noun(len(accounts.others), "other account"), "all together", None)
        result.append(_bridge(title, accounts.others, by_account))
    return result


class _Title(NamedTuple):
    provider: str
    account: str
    status: str | None


def _importance(account: Row) -> tuple[Decimal, Decimal]:
    billed = account["cost_usd_billed"] or ZERO
    return abs(billed - account["cost_usd_expected"]), billed


def _bridge(title: _Title, closes: Sequence[Row], by_account: dict[tuple[str, str], list[Row]]) -> Bridge:
    rows = [row for close in closes for row in by_account.get((close["provider"], close["account"]), ())]
    expected, billed = total(closes, "cost_usd_expected"), total(closes, "cost_usd_billed")
    steps = [_step(group) for group in grouped(rows, "step_no", "cause_code", "grade").values()]
    if gap := billed - expected - total(rows, "cost_usd"):
        steps.append(_without_invoice(gap))
    steps.sort(key=lambda step: (step.step_no, step.code, step.grade))
    return Bridge(*title, _end(closes), expected, billed, steps)


def _end(closes: Sequence[Row]) -> str:
    if all(close["invoice_ids"] is not None for close in closes):
        return "Invoice"
    return "Billed, no invoice delivered" if total(closes, "cost_usd_billed") else "No bill delivered"


def _step(rows: Sequence[Row]) -> Step:
    first = rows[0]
    models = [(key[0], total(group, "cost_usd")) for key, group in grouped(rows, "model").items()]
    return Step(
        step_no=first["step_no"],
        step=first["step"],
        code=first["cause_code"],
        cause=first["cause"],
        grade=first["grade"],
        cost_usd=total(rows, "cost_usd"),
        tokens=known_total(rows, "tokens"),
        items=sum(row["items"] for row in rows),
        models=tuple(sorted(models, key=lambda model: abs(model[1]), reverse=True)),
    )


def _without_invoice(gap: Decimal) -> Step:
    # Only an invoice closes the bridge; without one its open end must still show.
    cause = "no invoice was delivered to bridge to"
    return Step(99, "no invoice", NO_INVOICE, cause, "D", gap, None, 1, ())
