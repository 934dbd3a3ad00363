"""What Stripe's objects share: who issued them, minor units, times, references.

Lives here: checks and shapes that mean the same in invoices, credit notes and credit movements.
Does not live here: what an object bills (stripe_invoices) or moves (stripe_credits).
"""

from datetime import datetime
from decimal import Decimal

from tickmark.errors import RecordRejected
from tickmark.formats import JsonObject, child, epoch, flag, optional_text, text
from tickmark.invoices._fields import WIDE, currency, storable

# docs.stripe.com/currencies as of 2026-11. ISK, HUF and TWD have two decimals in the API.
DECIMALS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA"), 0),
    **dict.fromkeys(("PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 3),
}
"""Of the minor unit; every other currency has 2."""
UNCLEAR = frozenset({"UGX"})
"""That page lists it both among those without decimals and among those written with two."""
MAX_UNITS = 10**17


def is_live(record: JsonObject) -> bool:
    """False for what was made in Stripe's test mode: it is about no money."""
    return flag(record, "livemode") is not False


def issuer(record: JsonObject) -> str | None:
    """Who issued it: its own `account_name`, or that of its invoice where that is expanded."""
    invoice = record.get("invoice")
    expanded = optional_text(invoice, "account_name") if isinstance(invoice, dict) else None
    return expanded or optional_text(record, "account_name")


def iso_currency(record: JsonObject, field: str = "currency") -> str:
    """A currency whose minor unit is known."""
    code = currency(record, field)
    if code in UNCLEAR:
        raise RecordRejected("E-FIELD-CURRENCY", field, "a currency with a documented minor unit", code)
    return code


def units(record: JsonObject, field: str) -> int:
    """A whole number of minor units, of either sign."""
    value = record.get(field)
    if value is None:
        raise RecordRejected("E-FIELD-MISSING", field, "a whole number of minor units", None)
    if not isinstance(value, int) or isinstance(value, bool):
        raise RecordRejected("E-FIELD-TYPE", field, "a whole number of minor units", value)
    if abs(value) > MAX_UNITS:
        raise RecordRejected("E-FIELD-RANGE", field, f"at most {MAX_UNITS} minor units", value)
    return value


def in_currency(amount: int | Decimal, code: str, field: str) -> Decimal:
    """Minor units as an amount of the currency, exactly: 1000 USD → 10.00, 1000 JPY → 1000."""
    return storable(WIDE.scaleb(Decimal(amount), -DECIMALS.get(code, 2)), field)


def first_time(record: JsonObject, *fields: str) -> datetime:
    """The first of these times that is given; the last one always is."""
    return epoch(record, next((field for field in fields if record.get(field) is not None), fields[-1]), 1)


def reference(record: JsonObject, field: str) -> str | None:
    """The id of another object, whether it is expanded or not."""
    return (
        text(child(record, field), "id")
        if isinstance(record.get(field), dict)
        else optional_text(record, field)
    )
