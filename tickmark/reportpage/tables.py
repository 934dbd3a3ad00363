"""Rows of the published tables, cut and added up for one page.

Lives here: sums by a key, and the largest rows with the sum of the others: nothing is cut silently.
Does not live here: what a column means (sql/report/_tables.sql).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeAlias, TypeVar

Row: TypeAlias = Mapping[str, Any]
Tables: TypeAlias = Mapping[str, Sequence[Row]]
T = TypeVar("T")
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Cut(Generic[T]):
    """The rows shown, the others, and all of them."""

    shown: list[T]
    others: list[T]

    @property
    def every(self) -> list[T]:
        return self.shown + self.others


def largest(rows: Iterable[T], size: Callable[[T], Any], limit: int) -> Cut[T]:
    """The `limit` largest rows, largest first (equal ones in their order); one row is never 'the others'."""
    ranked = sorted(rows, key=size, reverse=True)
    end = limit if len(ranked) > limit + 1 else len(ranked)
    return Cut(ranked[:end], ranked[end:])


def total(rows: Iterable[Row], column: str) -> Decimal:
    """Sum of a column; missing values add nothing."""
    return sum((Decimal(row[column]) for row in rows if row[column] is not None), ZERO)


def known_total(rows: Iterable[Row], column: str) -> Decimal | None:
    """Sum of a column, missing where no row has a value."""
    values = [Decimal(row[column]) for row in rows if row[column] is not None]
    return sum(values, ZERO) if values else None


def grouped(rows: Iterable[Row], *columns: str) -> dict[tuple[Any, ...], list[Row]]:
    """Rows by the values of some columns, in the order in which they first show."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[column] for column in columns), []).append(row)
    return groups


def share(part: Decimal, whole: Decimal) -> Decimal | None:
    """A part of a whole; None where there is no whole."""
    return part / whole if whole else None
