"""`openrouter_credits`: the balance of the prepaid credit, as OpenRouter states it.

Where it comes from: GET /api/v1/credits (management key). The answer `{"data": {"total_credits": ...,
"total_usage": ...}}` has no time of its own, and a file's name or date is no evidence: write beside `data`
when it was asked, as `as_of` in ISO 8601 with its zone:
    {"as_of": "2026-11-01T00:05:00Z", "data": {"total_credits": 100.5, "total_usage": 25.75}}
`tickmark pull` writes it so. An answer without `as_of` is set aside. One record is one statement; a list or a
line each is fine.
What it means: all credit ever bought or granted, less all that was ever used: one entry of kind `balance`.
The change between two balances is purchases less usage: with a statement at the beginning and one at the end
of a month the activity is held against it. A purchase carries a fee (5.5 % in 2026) that is on the receipt
and neither here nor in the activity.
Zone: that of `as_of`. Currency: USD (credits are dollars).
Source: openrouter.ai, Get remaining credits, 2026-11. Checked against the documentation only.
"""

from collections.abc import Iterator

from tickmark import money
from tickmark.errors import RecordRejected
from tickmark.formats import Format, JsonObject, child, instant
from tickmark.invoices._fields import WIDE, natural_key, required_decimal, storable
from tickmark.records import CreditEntry, Row

NAME = "openrouter_credits"


def read(record: JsonObject) -> Iterator[Row]:
    """One statement of the balance."""
    stated = child(record, "data")
    left = WIDE.subtract(required_decimal(stated, "total_credits"), required_decimal(stated, "total_usage"))
    if record.get("as_of") is None:
        expected = "when the balance was asked, beside `data`, like 2026-01-31T23:59:59Z"
        raise RecordRejected("E-FIELD-MISSING", "as_of", expected, None)
    stated_at = instant(record, "as_of")
    yield CreditEntry(
        record_key=natural_key(NAME, {"as_of": stated_at}),
        provider="openrouter",
        entry_at=stated_at,
        entry_kind="balance",
        amount=storable(money.amount_from_float64(left), "data"),
        currency="USD",
    )


FORMAT = Format(
    name=NAME,
    side="bill",
    tables=("credit_ledger",),
    containers=("json",),
    summary="OpenRouter's prepaid credit: what is left, with the time it was asked",
    verified="unverified",
    read=read,
)
