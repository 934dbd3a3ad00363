"""What OpenRouter's own records of a generation share: who is billed, and what it cost.

Lives here: the tier of BYOK, the bounded cost, and the outcome of a generation.
Does not live here: where an export keeps these fields (the readers' modules).
"""

from decimal import Decimal

from tickmark import money
from tickmark.errors import RecordRejected
from tickmark.formats import JsonObject, decimal
from tickmark.records import Attempt

BYOK = "byok"
"""Tier of generations with the customer's own key: the upstream provider bills their tokens."""
MAX_USD = 10**9


def usd(record: JsonObject, field: str) -> Decimal | None:
    """An amount that OpenRouter keeps as a 64-bit float."""
    amount = decimal(record, field)
    if amount is not None and abs(amount) > MAX_USD:
        raise RecordRejected("E-FIELD-RANGE", field, f"at most {MAX_USD} USD", amount)
    return None if amount is None else money.amount_from_float64(amount)


def end(attempt: Attempt, *, cancelled: bool, failed: bool) -> None:
    """How a generation ended: what was generated before an abort is billed, a failure only where it cost."""
    if failed:
        attempt.outcome, attempt.billable_expected = "provider_error", bool(attempt.cost_usd_gateway)
    elif cancelled:
        attempt.outcome = "client_abort"
        attempt.billable_expected = None if attempt.usage_origin == "missing" else True
