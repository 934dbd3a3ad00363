"""`credits_csv`: movements and statements of prepaid credit, one line each.

Where it comes from: finance, from the provider's billing page; providers send no file. One record is one
movement, or (`balance`) what was left at an instant.
`EntryKind`: balance, purchase, grant, usage, expiry, refund, adjustment. `Amount` is signed as it moves the
balance: purchases, grants and refunds to the wallet are positive, usage and expiry negative; plain decimal.
A purchase with `InvoiceId` ties an invoice to its credit: that invoice is no bill for usage.
A balance at the first instant of a month is its opening; one just before the next month is its closing.
Zone: timestamps carry their zone. Currency: ISO 4217. `Wallet`, `InvoiceId` and `Description` may be empty.
Key: all columns but the amount; a line with the same key and another amount is a conflict.
Source: this project's own format (2026-11).
"""

from collections.abc import Iterator

from tickmark import providers
from tickmark.errors import RecordRejected
from tickmark.formats import Format, JsonObject, instant, one_of, optional_text, text
from tickmark.invoices._fields import currency, filled, natural_key, pick, required_decimal, storable
from tickmark.records import CREDIT_ENTRY_KINDS, CreditEntry, Row

NAME = "credits_csv"
COLUMNS = ("InvoiceIssuerName", "EntryAt", "EntryKind", "Amount", "Currency")
IDENTITY = ("InvoiceIssuerName", "EntryKind", "Currency", "Wallet", "InvoiceId", "Description")
NEVER_POSITIVE = ("usage", "expiry")
NEVER_NEGATIVE = ("purchase", "grant")


def read(record: JsonObject) -> Iterator[Row]:
    """One movement, or one statement of a balance."""
    kind, at = one_of(record, "EntryKind", CREDIT_ENTRY_KINDS), instant(record, "EntryAt")
    amount = storable(required_decimal(record, "Amount"), "Amount")
    if (kind in NEVER_POSITIVE and amount > 0) or (kind in NEVER_NEGATIVE and amount < 0):
        raise RecordRejected(
            "E-FIELD-RANGE", "Amount", "usage and expiry negative, what is added positive", amount
        )
    yield CreditEntry(
        record_key=natural_key(NAME, {**pick(filled(record), IDENTITY), "EntryAt": at}),
        provider=providers.by_name(text(record, "InvoiceIssuerName")),
        entry_at=at,
        entry_kind=kind,
        amount=amount,
        currency=currency(record, "Currency"),
        wallet=optional_text(record, "Wallet"),
        invoice_id=optional_text(record, "InvoiceId"),
        description=optional_text(record, "Description"),
    )


FORMAT = Format(
    name=NAME,
    side="bill",
    tables=("credit_ledger",),
    containers=("csv",),
    summary="movements and balances of prepaid credit as finance knows them, one per line",
    verified="own format",
    read=read,
    columns=COLUMNS,
)
