"""Which line of an invoice sells prepaid credit instead of billing usage.

Lives here: the words. An invoice that sells credit is no bill for usage: it is tied to the credit ledger.
Does not live here: what becomes of such an invoice (stripe_invoices, invoice_pdf).
"""

import re
from collections.abc import Iterable

from tickmark.errors import RecordRejected

_SALE = re.compile(
    # Seen on invoices of 2025-10 to 2026-03: OpenAI ("OpenAI API usage credit"), Anthropic.
    r".*\bAPI usage credits?|One-time credit purchase",
    re.IGNORECASE | re.ASCII,
)
_CREDIT = re.compile(r"\bcredits?\b", re.IGNORECASE | re.ASCII)


def sells_credit(charges: Iterable[tuple[str, bool]], field: str) -> bool:
    """Do these lines (words, is it a charge) sell credit; raise RecordRejected where that is not sure."""
    sales = {_is_sale(words, field) for words, is_charge in charges if is_charge}
    if sales == {True, False}:
        raise RecordRejected("E-FIELD-VALUE", field, "lines that all sell credit, or none", None)
    return sales == {True}


def _is_sale(words: str, field: str) -> bool:
    if _SALE.fullmatch(words):
        return True
    if _CREDIT.search(words):
        raise RecordRejected(
            "E-FIELD-VALUE", field, "words known to sell credit, or no word of credit", words
        )
    return False
