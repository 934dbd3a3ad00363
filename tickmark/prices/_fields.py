"""Types of the fields that rate cards and overlays share.

Lives here: a number in quotes, an instant with its zone. Does not live here: YAML (strictyaml.py).
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator

from tickmark import money, months
from tickmark.strictyaml import problem


def _number(value: object) -> Decimal:
    if not isinstance(value, str):
        raise problem("a number in quotes", 'quote it, like "9.00"')
    return money.parse_decimal(value)


def _instant(value: object) -> datetime:
    if not isinstance(value, str):
        raise ValueError("a timestamp like 2026-01-01T00:00:00Z")  # noqa: TRY004 - pydantic catches ValueError
    return months.parse_instant(value)


Number = Annotated[Decimal, BeforeValidator(_number)]
"""A decimal number, written as quoted text so that no digit is lost."""
Instant = Annotated[datetime, BeforeValidator(_instant)]
"""An instant in UTC, written with its zone."""
