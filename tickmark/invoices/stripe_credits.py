"""`stripe_credits`: prepaid credit in Stripe: grants, what was taken from them, and a customer's balance.

Where it comes from: GET /v1/billing/credit_grants, /v1/billing/credit_balance_transactions and
/v1/customers/:id/balance_transactions of whoever bills through Stripe, saved unchanged: one object, a list,
or a page. These objects do not say who issued them: write `provider:` at the source in tickmark.yaml.
One record is one movement, known by its id.
Grant: a paid one is a purchase, a promotional one a grant, at `effective_at`. The transaction
`credits_granted` is the same movement again and not usage, so deliver the grants. A purchase that comes as
an invoice in `stripe_invoices` or `invoice_pdf` as well would count twice: deliver one of them.
Balance transaction: applied credit is usage, expired is expiry, voided an adjustment; credit that comes back
because its invoice was voided is a refund. Each grant is a wallet.
Customer balance: the wallet `customer_balance`. Stripe writes what the customer owes, so the sign is turned:
-500 is 5.00 more credit. Its `ending_balance` is not read: several movements share one second.
Summaries (`billing.credit_balance_summary`) have no time and are refused. Test mode is not usage.
Amounts: whole minor units, only those of type `monetary`. Zone: Unix seconds.
Checked against: Stripe's official fixtures (openapi fixtures3, 2026-08), whose figures are partly random; no
object of a real account.
"""

from collections.abc import Iterator
from datetime import datetime

from tickmark import providers
from tickmark.errors import RecordRejected
from tickmark.formats import Format, JsonObject, child, enveloped, epoch, one_of, optional_text, text
from tickmark.invoices._fields import natural_key
from tickmark.invoices._stripe import (
    first_time,
    in_currency,
    is_live,
    iso_currency,
    issuer,
    reference,
    units,
)
from tickmark.records import CreditEntry, Row

NAME = "stripe_credits"
CATEGORIES = {"paid": "purchase", "promotional": "grant"}
MOVEMENTS = {
    ("credit", "credits_granted"): None,
    ("credit", "credits_application_invoice_voided"): "refund",
    ("debit", "credits_applied"): "usage",
    ("debit", "credits_expired"): "expiry",
    ("debit", "credits_voided"): "adjustment",
}
BALANCE_MOVEMENTS = {
    "applied_to_invoice": "usage",
    "unapplied_from_invoice": "refund",
    "checkout_session_subscription_payment": "usage",
    "checkout_session_subscription_payment_canceled": "refund",
    "credit_note": "refund",
    "adjustment": "adjustment",
    "initial": "adjustment",
    "invoice_overpaid": "adjustment",
    "invoice_too_large": "adjustment",
    "invoice_too_small": "adjustment",
    "migration": "adjustment",
    "unspent_receiver_credit": "adjustment",
}


def read(record: JsonObject) -> Iterator[Row]:
    """One movement, or none where another object is its record."""
    movement = MEANING[one_of(record, "object", MEANING)]
    if is_live(record):
        yield from movement(record)


def _grant(grant: JsonObject) -> Iterator[Row]:
    kind = CATEGORIES[one_of(grant, "category", CATEGORIES)]
    value, code = _monetary(grant)
    at = first_time(grant, "effective_at", "created")
    yield _entry(grant, kind, (value, code), at, wallet=text(grant, "id"), words=optional_text(grant, "name"))


def _taken(moved: JsonObject) -> Iterator[Row]:
    direction = one_of(moved, "type", ("credit", "debit"))
    side = child(moved, direction)
    cause = text(side, "type")
    if (direction, cause) not in MOVEMENTS:
        known = ", ".join(cause for _, cause in MOVEMENTS)
        raise RecordRejected("E-FIELD-VALUE", f"{direction}.type", f"one of {known}", cause)
    if (kind := MOVEMENTS[direction, cause]) is None:
        return
    value, code = _monetary(side)
    at = first_time(moved, "effective_at", "created")
    sum_ = (-value if direction == "debit" else value, code)
    yield _entry(moved, kind, sum_, at, wallet=reference(moved, "credit_grant"), words=cause)


def _balance(moved: JsonObject) -> Iterator[Row]:
    kind = BALANCE_MOVEMENTS[cause := one_of(moved, "type", BALANCE_MOVEMENTS)]
    amount = (-units(moved, "amount"), iso_currency(moved))
    words = optional_text(moved, "description") or cause
    yield _entry(moved, kind, amount, epoch(moved, "created", 1), wallet="customer_balance", words=words)


MEANING = {
    "billing.credit_grant": _grant,
    "billing.credit_balance_transaction": _taken,
    "customer_balance_transaction": _balance,
}


def _monetary(record: JsonObject) -> tuple[int, str]:
    amount = child(record, "amount")
    if (kind := text(amount, "type")) != "monetary":
        raise RecordRejected("E-FIELD-VALUE", "amount.type", "monetary", kind)
    monetary = child(amount, "monetary")
    if (value := units(monetary, "value")) < 0:
        raise RecordRejected("E-FIELD-RANGE", "amount.monetary.value", "0 or more", value)
    return value, iso_currency(monetary)


def _entry(
    record: JsonObject,
    kind: str,
    amount: tuple[int, str],
    at: datetime,
    *,
    wallet: str | None,
    words: str | None,
) -> CreditEntry:
    moved, code = amount
    if (kind == "usage" and moved > 0) or (kind == "refund" and moved < 0):
        raise RecordRejected("E-FIELD-RANGE", "amount", "a sign that fits its type", moved)
    return CreditEntry(
        record_key=natural_key(NAME, {"id": text(record, "id")}),
        provider=providers.by_name(issuer(record) or providers.UNKNOWN),
        entry_at=at,
        entry_kind=kind,
        amount=in_currency(moved, code, "amount"),
        currency=code,
        wallet=wallet,
        description=words,
    )


FORMAT = Format(
    name=NAME,
    side="bill",
    tables=("credit_ledger",),
    containers=("json",),
    summary="Stripe credit grants, credit balance and customer balance transactions (API objects)",
    verified="unverified",
    read=read,
    unfold=enveloped,
)
