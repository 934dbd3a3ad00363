"""Money is Decimal from the first byte to the last.

Lives here: parsing amounts and prices, and the only place where money is rounded in Python.
Does not live here: sums (SQL does them) and currencies (amounts of two currencies never meet).
"""

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal, Inexact, InvalidOperation

AMOUNT_SCALE = 18
"""Decimal places kept for an amount: DECIMAL(38,18) in every table."""
PRICE_SCALE = 14
"""Decimal places kept for a price per unit: DECIMAL(20,14) in the rate book."""
FLOAT64_DIGITS = 15
"""Decimal digits that survive a trip through a 64-bit float (IEEE 754)."""

_EXACT = Context(prec=60, traps=[InvalidOperation, Inexact])
_WIDE = Context(prec=60, traps=[InvalidOperation])
_MAX_EXPONENT = 40


def parse_decimal(text: str) -> Decimal:
    """Parse a plain decimal number ('-12.34', '1e-7'); raise ValueError for anything else."""
    if not text.isascii() or not text or text.strip() != text or "_" in text:
        raise ValueError("a plain decimal number")
    try:
        number = _WIDE.create_decimal(text)
    except InvalidOperation:
        raise ValueError("a plain decimal number") from None
    if not number.is_finite() or abs(number.adjusted()) > _MAX_EXPONENT:
        raise ValueError("a finite number of ordinary size")
    return number


def amount(number: Decimal) -> Decimal:
    """Keep 18 decimal places; what is cut is below 1e-18 of the currency unit."""
    return number.quantize(Decimal(1).scaleb(-AMOUNT_SCALE), rounding=ROUND_HALF_EVEN, context=_WIDE)


def amount_from_float64(number: Decimal) -> Decimal:
    """Drop the noise of an amount that its sender kept as a 64-bit float: 0.8160000000000001 → 0.816."""
    return amount(Context(prec=FLOAT64_DIGITS, rounding=ROUND_HALF_EVEN).plus(number))


def price_per_unit(price: Decimal, units: int) -> Decimal:
    """Price of one unit, exact to 14 decimal places; raise ValueError where that would round."""
    try:
        return _EXACT.divide(price, Decimal(units)).quantize(Decimal(1).scaleb(-PRICE_SCALE), context=_EXACT)
    except Inexact:
        raise ValueError(f"a price with at most {PRICE_SCALE} decimal places per unit") from None


def nearest_price(price: Decimal, units: int) -> Decimal:
    """Price of one unit, kept to 14 decimal places; at most 5e-15 USD per unit are cut.

    For catalogue prices that carry the noise of a float, and for discounts: a typed price stays exact.
    """
    places = Decimal(1).scaleb(-PRICE_SCALE)
    return _WIDE.divide(price, Decimal(units)).quantize(places, rounding=ROUND_HALF_EVEN, context=_WIDE)


def cents(number: Decimal) -> Decimal:
    """Round half up to two decimals, as invoices do."""
    return number.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP, context=_WIDE)
